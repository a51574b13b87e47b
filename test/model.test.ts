// Random sequences of what merchants, customers and time do to bills, against a model that is written from CONTRACT §5
// to §8 alone: five lines a rule, no code of the product's.
import fc from 'fast-check'
import t from 'tap'
import { body, endpoint, list, open, parsed, payload, demo, type Gate } from './helpers/blackbox.ts'

type Status = 'PAY_WAIT' | 'PAY_SUCCESS' | 'PAY_FAIL' | 'PAY_CANCEL'
interface Bill { tradeUuid: string; billCode: string; status: Status; errorCode: string; expiresAt: number; told: Status[] }
interface Model { now: number; bills: Bill[] }
interface Real { gate: Gate; shop: Awaited<ReturnType<typeof endpoint>> }
type Command = fc.AsyncCommand<Model, Real>

const HOUR = 3_600_000
const EXPIRY = 48 * HOUR

const settle = (bill: Bill, status: Status, errorCode = ''): void => {
  bill.status = status
  bill.errorCode = errorCode
  bill.told.push(status)
}
const pick = (model: Model, which: number): Bill | undefined => model.bills[which % Math.max(1, model.bills.length)]

/** A command about one of the bills there are. */
const about = (name: string, which: number, act: (bill: Bill, real: Real, model: Model) => Promise<void>): Command => ({
  check: (model) => model.bills.length > 0,
  run: async (model, real) => {
    const bill = pick(model, which)
    if (bill !== undefined) await act(bill, real, model)
  },
  toString: () => `${name}(${which})`,
})

const ok = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}

const apply = (): Command => ({
  check: () => true,
  run: async (model, { gate }) => {
    const { tradeUuid, billCode } = await gate.bill(demo)
    model.bills.push({ tradeUuid, billCode, status: 'PAY_WAIT', errorCode: '', expiresAt: model.now + EXPIRY, told: [] })
  },
  toString: () => 'apply()',
})

const applyAgain = (which: number): Command =>
  about('applyAgain', which, async ({ tradeUuid }, { gate }) => {
    const { status, text } = await gate.call('apply', { payAccount: 'account1', payTypeCode: 'ONLINE', tradeUuid, tradeTime: '2025-08-04 13:45:21', orderCode: 'x', country: 'ID', currency: 'IDR', amount: 2 })
    ok(status === 200 && text.includes('"success":false') && text.includes('tradeUuid'), `a tradeUuid is taken once: ${text}`)
  })

const pay = (which: number, late: boolean): Command =>
  about(late ? 'payLate' : 'pay', which, async (bill, { gate }) => {
    const allowed = bill.status === 'PAY_WAIT' || (late && bill.status !== 'PAY_SUCCESS')
    const { status } = await gate.act(bill.billCode, 'pay', late ? { late } : {})
    ok(status === (allowed ? 200 : 409), `pay of ${bill.status} answered ${status}`)
    if (allowed) settle(bill, 'PAY_SUCCESS')
  })

const byHand = (move: 'fail' | 'expire' | 'cancel', which: number): Command =>
  about(move, which, async (bill, { gate }) => {
    const allowed = bill.status === 'PAY_WAIT'
    const { status } = await gate.act(bill.billCode, move, move === 'fail' ? { errorCode: 'USER_DECLINED_PAYMENT' } : {})
    ok(status === (allowed ? 200 : 409), `${move} of ${bill.status} answered ${status}`)
    if (!allowed) return
    if (move === 'cancel') settle(bill, 'PAY_CANCEL')
    else settle(bill, 'PAY_FAIL', move === 'fail' ? 'USER_DECLINED_PAYMENT' : 'PAYMENT_REQUEST_EXPIRED')
  })

const merchantCancels = (which: number): Command =>
  about('merchantCancels', which, async (bill, { gate }) => {
    const { status, errorCode } = await gate.cancel(demo, bill.billCode)
    const expected: Record<Status, [string, string]> = {
      PAY_WAIT: ['SUCCESS', ''], PAY_CANCEL: ['SUCCESS', ''], PAY_SUCCESS: ['FAIL', 'BILL_ALREADY_PAID'], PAY_FAIL: ['FAIL', 'BILL_ALREADY_FAILED'],
    }
    ok(String([status, errorCode]) === String(expected[bill.status]), `cancel of ${bill.status} answered ${String([status, errorCode])}`)
    if (bill.status === 'PAY_WAIT') settle(bill, 'PAY_CANCEL')
  })

const query = (): Command => ({
  check: (model) => model.bills.length > 0,
  run: async (model, { gate }) => {
    const answer = await gate.call('getPayStatus', { billCodeList: model.bills.map((bill) => bill.billCode), tradeUuidList: ['nobody'] })
    const found = list(parsed(answer)).map(({ billCode, status, errorCode, amount }) => ({ billCode, status, errorCode, amount }))
    const expected = model.bills.map(({ billCode, status, errorCode }) => ({ billCode, status, errorCode, amount: status === 'PAY_SUCCESS' ? 1.1 : null }))
    ok(JSON.stringify(found) === JSON.stringify(expected), `query: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
  },
  toString: () => 'query()',
})

const advance = (hours: number): Command => ({
  check: () => true,
  run: async (model, { gate, shop }) => {
    await gate.advance(`${hours}h`)
    model.now += hours * HOUR
    for (const bill of model.bills) if (bill.status === 'PAY_WAIT' && bill.expiresAt <= model.now) settle(bill, 'PAY_FAIL', 'PAYMENT_REQUEST_EXPIRED')
    // The merchant was told of every change, once, and about one bill in order.
    for (const bill of model.bills) {
      const told = shop.told.map(payload).filter((one) => one['billCode'] === bill.billCode).map((one) => one['status'])
      ok(JSON.stringify(told) === JSON.stringify(bill.told), `${bill.billCode} was told ${String(told)} instead of ${String(bill.told)}`)
    }
  },
  toString: () => `advance(${hours}h)`,
})

const commands = fc.commands<Model, Real, false>(
  [
    fc.constant(apply()),
    fc.constant(query()),
    fc.nat(9).map(applyAgain),
    fc.tuple(fc.nat(9), fc.boolean()).map(([which, late]) => pay(which, late)),
    fc.tuple(fc.constantFrom('fail' as const, 'expire' as const, 'cancel' as const), fc.nat(9)).map(([move, which]) => byHand(move, which)),
    fc.nat(9).map(merchantCancels),
    fc.constantFrom(0, 1, 24, 47, 48, 49).map(advance),
  ],
  { maxCommands: 40 },
)

await t.test('a sandbox behaves as its model, whatever is done in whatever order', async (t) => {
  const shop = await endpoint(t, { status: 200, body: '{"success":true}' })
  const gate = await open(t, { notifyUrl: shop.url })
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      // One sandbox for all runs: a reset is a start. Each run ends settled, so nothing of it arrives in the next.
      await gate.settle()
      await gate.control('POST', '/reset', {})
      shop.told.length = 0
      await fc.asyncModelRun(() => ({ model: { now: 0, bills: [] as Bill[] }, real: { gate, shop } }), [...sequence, advance(0), query()])
    }),
    { numRuns: 60 },
  )
  t.equal(body(await gate.health())['status'], 'ok')
})
