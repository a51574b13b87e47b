import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Bill } from '../../bill/bill.ts'
import { toWireTime } from '../../contract/wire-time.ts'
import { MoveForbidden, Problem } from '../../errors.ts'
import { moveByHand } from '../../sandbox/hand.ts'
import { readSettled } from '../../sandbox/settled-read.ts'
import type { World } from '../../sandbox/world.ts'
import { demandToken, ownNames, refuseForeignHosts, refuseOtherOrigins, type GuardSettings } from '../control/guard.ts'
import { sendProblem } from '../control/problems.ts'
import { opensCheckout } from './checkout-key.ts'

/**
 * The page that `actionValue` leads to where the channel has no QR text: what a customer would see at the provider's.
 * Whoever has the link may pay, as with a real one. Where the sandbox asks for a token, the link has a key instead.
 */
export function checkoutRoutes(app: FastifyInstance, world: World, { host, controlToken }: Pick<GuardSettings, 'host' | 'controlToken'>): void {
  app.setErrorHandler(sendProblem)
  const find = ({ params, query, headers }: FastifyRequest): Bill => {
    const { billCode } = params as { billCode: string }
    const { key } = query as { key?: unknown }
    if (controlToken !== undefined && !opensCheckout(controlToken, billCode, key)) {
      if (headers.authorization === undefined) throw new Problem(401, 'this link lacks its key: take it as /apply gave it in actionValue, or send the control token')
      demandToken(headers.authorization, controlToken)
    }
    const bill = world.store.bill(billCode)
    if (bill === undefined) throw new Problem(404, `there is no bill ${billCode}`)
    return bill
  }

  app.get('/checkout/:billCode', async (request, reply) => {
    const bill = await readSettled(world.store, () => find(request))
    return page(reply, bill, world)
  })

  for (const [action, move, errorCode] of [['pay', 'pay', ''], ['decline', 'fail', 'USER_DECLINED_PAYMENT']] as const) {
    app.post(`/checkout/:billCode/${action}`, async (request, reply) => {
      refuseOtherOrigins(request, world.publicUrl)
      refuseForeignHosts(request, ownNames(host, world.publicUrl))
      const bill = find(request)
      try {
        await moveByHand(world, bill, { move, by: 'customer', errorCode })
      } catch (error) {
        // Settled meanwhile: the page shows how.
        if (!(error instanceof MoveForbidden)) throw error
      }
      // Relative, since the public URL may have a path of its own.
      return reply.redirect(`../${bill.billCode}${world.checkoutQuery(bill.billCode)}`, 303)
    })
  }
}

const STATES: Record<Bill['status'], string> = {
  PAY_WAIT: 'waiting to be paid / 待支付',
  PAY_SUCCESS: 'paid / 已支付',
  PAY_FAIL: 'failed / 支付失败',
  PAY_CANCEL: 'cancelled / 已取消',
}

function page(reply: FastifyReply, bill: Bill, world: World): FastifyReply {
  const query = world.checkoutQuery(bill.billCode)
  const buttons = bill.status === 'PAY_WAIT'
    ? `<form method="post" action="${bill.billCode}/pay${query}"><button>Pay / 支付</button></form>
<form method="post" action="${bill.billCode}/decline${query}"><button class="quiet">Decline / 拒绝</button></form>`
    : ''
  const when = bill.payTime === null ? '' : ` ${toWireTime(bill.payTime, world.settings.timeZone)}`
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
    .header('cache-control', 'no-store')
    .send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Checkout – qlink-sandbox</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 24rem; margin: 12vh auto; padding: 0 1rem }
.amount { font-size: 2.5rem; font-weight: 600; margin: 0 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem } dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
button { width: 100%; padding: .8rem; margin: .3rem 0; font: inherit; border: 0; border-radius: .5rem; background: #0a7d4b; color: #fff }
button.quiet { background: none; color: inherit; border: 1px solid currentcolor }
</style></head>
<body><main>
<p>A sandbox: no money moves. / 沙箱环境，不发生真实扣款。</p>
<p class="amount">${escape(bill.currency)} ${escape(bill.amount)}</p>
<dl><dt>Order / 订单</dt><dd>${escape(bill.orderCode)}</dd><dt>Bill / 账单</dt><dd>${escape(bill.billCode)}</dd>
<dt>State / 状态</dt><dd>${STATES[bill.status]}${when}${bill.errorCode === '' ? '' : ` (${escape(bill.errorCode)})`}</dd></dl>
${buttons}
</main></body></html>
`)
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
