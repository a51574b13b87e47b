import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import type { Bill } from '../../bill/bill.ts'
import { Problem } from '../../errors.ts'
import { findBills, moveByHand, type HandMove } from '../../sandbox/hand.ts'
import type { World } from '../../sandbox/world.ts'
import { BillDetail, BillParams, BillQuery, BillView, call, Fail, listOf, Nothing, OneMerchant, Pay } from './schemas.ts'
import { billDetail, billView } from './views.ts'

/** How many entries a page has unless asked otherwise. */
export const PAGE = 50

const MOVES: { move: HandMove['move']; body: object; summary: string }[] = [
  { move: 'pay', body: Pay, summary: 'The customer pays / 顾客付款' },
  { move: 'fail', body: Fail, summary: 'The payment fails / 支付失败' },
  { move: 'cancel', body: Nothing, summary: 'The provider cancels the bill / 取消账单' },
  { move: 'expire', body: Nothing, summary: 'The bill expires now / 账单立即过期' },
]

/** Bills, and what a person does to them (INTERFACE §3). */
export function billRoutes(app: FastifyInstance, world: World): void {
  const zone = world.settings.timeZone
  const detail = (bill: Bill): object => billDetail(bill, world.merchants.get(bill.appKey), zone)

  app.get('/bills', { schema: call('listBills', 'List bills, newest first / 账单列表', { 200: listOf(BillView) }, { querystring: BillQuery }) }, (request) => {
    const { limit, cursor, ...filter } = request.query as Static<typeof BillQuery>
    const { items, nextCursor } = world.store.listBills(filter as never, { limit: Number(limit ?? PAGE), cursor })
    return Promise.resolve({ items: items.map((bill) => billView(bill, zone)), nextCursor })
  })

  const one = { params: BillParams, querystring: OneMerchant }
  app.get('/bills/:id', { schema: call('getBill', 'Everything about a bill / 账单详情', { 200: BillDetail }, one) }, (request) => Promise.resolve(detail(find(world, request))))

  for (const { move, body, summary } of MOVES) {
    app.post(`/bills/:id/${move}`, { schema: call(`${move}Bill`, summary, { 200: BillDetail }, { ...one, body }) }, async (request) => {
      const { errorCode, late } = (request.body ?? {}) as Static<typeof Pay> & Static<typeof Fail>
      const code = move === 'fail' ? (errorCode ?? 'FAILURE_DETAILS_UNAVAILABLE') : undefined
      const bill = await moveByHand(world, find(world, request), {
        move,
        by: 'control',
        ...(late === undefined ? {} : { late }),
        ...(code === undefined ? {} : { errorCode: code }),
      })
      return detail(bill)
    })
  }
}

function find(world: World, request: { params: unknown; query: unknown }): Bill {
  const { id } = request.params as Static<typeof BillParams>
  const { appKey } = request.query as Static<typeof OneMerchant>
  const [bill, ...others] = findBills(world, id, appKey)
  if (bill === undefined) throw new Problem(404, `there is no bill ${id}${appKey === undefined ? '' : ` of merchant ${appKey}`}`)
  if (others.length > 0) {
    const appKeys = [bill, ...others].map((one) => one.appKey)
    throw new Problem(409, `merchants ${appKeys.join(', ')} have a bill with ${id}; say whose by ?appKey=`, { appKeys })
  }
  return bill
}
