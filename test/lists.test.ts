// Lists go through indexes: whatever happened before, each shows what a look at everything would show.
import fc from 'fast-check'
import t from 'tap'
import type { Attempt, Bill, NotificationState } from '../src/bill/bill.ts'
import { Bills, type Undo } from '../src/store/bills.ts'
import type { BillFilter, NotificationFilter, Page } from '../src/store/store.ts'
import { storedBill } from './helpers/fated-files.ts'

const STATUSES = ['PAY_WAIT', 'PAY_SUCCESS', 'PAY_FAIL'] as const
const STATES = ['pending', 'acknowledged', 'given-up'] as const
const UNLIMITED = { count: Number.POSITIVE_INFINITY, size: Number.POSITIVE_INFINITY }

const notification = (billCode: string, index: number, state: NotificationState, attempts: readonly Attempt[] = []): Bill['notifications'][number] =>
  ({ id: `${billCode}-${index + 1}`, status: 'PAY_SUCCESS', createdAt: index, body: '{}', sign: 'x', state, attempts })

/** Everything, in the order in which it came to be. */
interface Model {
  bills: Bill[]
  told: { billCode: string; index: number }[]
}

type Step =
  | { do: 'put'; bill: number; appKey: string; orderCode: string; status: Bill['status']; states: NotificationState[] }
  | { do: 'remove'; appKey: string }
  | { do: 'undo' }

const appKey = fc.constantFrom('k1', 'k2')
const orderCode = fc.constantFrom('o1', 'o2')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), bill: fc.nat(8), appKey, orderCode, status: fc.constantFrom(...STATUSES), states: fc.array(fc.constantFrom(...STATES), { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), appKey }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const) }) },
)

const allPages = <T>(list: (cursor: string | undefined) => Page<T>): T[] => {
  const items: T[] = []
  for (let cursor: string | undefined; ;) {
    const page = list(cursor)
    items.push(...page.items)
    if (page.nextCursor === null) return items
    cursor = page.nextCursor
  }
}

/** What differs between the lists and a look at everything, as text. */
const differences = (bills: Bills, { bills: all, told }: Model): string => {
  const found: string[] = []
  const compare = (what: object, actual: string[], expected: string[]): void => {
    if (actual.join() !== expected.join()) found.push(`${JSON.stringify(what)}: ${actual.join()} and not ${expected.join()}`)
  }
  const some = <T>(...values: T[]): (T | undefined)[] => [undefined, ...values]
  const by = (code: string): Bill | undefined => all.find((bill) => bill.billCode === code)
  for (const key of some('k1', 'k2')) {
    for (const status of some(...STATUSES)) {
      for (const [order, trade] of [[undefined, undefined], ['o1', undefined], [undefined, 'u-1'], ['o2', 'u-2']]) {
        const filter: BillFilter = { appKey: key, status, orderCode: order, tradeUuid: trade }
        const expected = all.filter((bill) => (key ?? bill.appKey) === bill.appKey && (status ?? bill.status) === bill.status
          && (order ?? bill.orderCode) === bill.orderCode && (trade ?? bill.tradeUuid) === bill.tradeUuid)
        compare(filter, allPages((cursor) => bills.list(filter, { limit: 2, cursor })).map((bill) => bill.billCode), expected.map((bill) => bill.billCode).reverse())
      }
    }
    for (const state of some(...STATES)) {
      for (const [code, trade] of [[undefined, undefined], ['B1-k1', undefined], [undefined, 'u-1'], ['B2-k2', 'u-2'], ['B2-k2', 'u-1']]) {
        const filter: NotificationFilter = { appKey: key, state, billCode: code, tradeUuid: trade }
        const expected = told.filter(({ billCode, index }) => {
          const bill = by(billCode)
          const one = bill?.notifications[index]
          return bill !== undefined && one !== undefined && (key ?? bill.appKey) === bill.appKey && (state ?? one.state) === one.state
            && (code ?? billCode) === billCode && (trade ?? bill.tradeUuid) === bill.tradeUuid
        })
        const actual = allPages((cursor) => bills.listNotifications(filter, { limit: 2, cursor })).map((one) => one.notification.id)
        compare(filter, actual, expected.map(({ billCode, index }) => `${billCode}-${index + 1}`).reverse())
      }
    }
  }
  compare({ all: true }, [...bills.all()].map((bill) => bill.billCode), all.map((bill) => bill.billCode))
  for (const bill of all) if (bills.byTradeUuid(bill.appKey, bill.tradeUuid) !== bills.get(bill.billCode)) found.push(`byTradeUuid ${bill.billCode}`)
  for (const key of ['k1', 'k2']) {
    const expected = all.filter((bill) => bill.appKey === key && bill.notifications.some((one) => one.state === 'pending'))
    compare({ untold: key }, [...bills.untold(key)].map((bill) => bill.billCode).sort(), expected.map((bill) => bill.billCode).sort())
  }
  if (bills.count !== all.length) found.push(`count ${bills.count}`)
  return found.join('\n')
}

await t.test('after any changes, taken back or not, every list is what a look at everything shows', async (t) => {
  fc.assert(fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
    const bills = new Bills(UNLIMITED)
    let model: Model = { bills: [], told: [] }
    const undos: { undo: Undo; model: Model }[] = []
    for (const one of steps) {
      const before = model
      if (one.do === 'undo') {
        const last = undos.pop()
        last?.undo()
        model = last?.model ?? model
        continue
      }
      if (one.do === 'remove') {
        const gone = new Set(model.bills.filter((bill) => bill.appKey === one.appKey).map((bill) => bill.billCode))
        model = { bills: model.bills.filter((bill) => !gone.has(bill.billCode)), told: model.told.filter(({ billCode }) => !gone.has(billCode)) }
        undos.push({ undo: bills.removeMerchant(one.appKey), model: before })
        continue
      }
      // A bill keeps what it was made with, and its notifications only grow in number.
      const billCode = `B${one.bill}-${one.appKey}`
      const known = model.bills.find((bill) => bill.billCode === billCode)
      const states = [...one.states, ...(known?.notifications.slice(one.states.length).map(({ state }) => state) ?? [])]
      const bill = storedBill(billCode, {
        appKey: one.appKey, tradeUuid: `u-${one.bill}`, orderCode: known?.orderCode ?? one.orderCode, status: one.status,
        notifications: states.map((state, index) => notification(billCode, index, state)),
      })
      model = {
        bills: known === undefined ? [...model.bills, bill] : model.bills.map((other) => (other === known ? bill : other)),
        told: [...model.told, ...states.slice(known?.notifications.length ?? 0).map((_, index) => ({ billCode, index: index + (known?.notifications.length ?? 0) }))],
      }
      undos.push({ undo: bills.put(bill), model: before })
    }
    const different = differences(bills, model)
    if (different !== '') throw new Error(different)
  }), { numRuns: 300 })
  t.pass()
})

await t.test('of what merchants answered so much is kept, by count and by size, and the oldest goes first', async (t) => {
  const attempt = (at: number, body: string): Attempt =>
    ({ at, trigger: 'schedule', url: 'http://shop', durationMs: 1, acknowledged: false, answer: { status: 500, headers: { server: 'x' }, body } })
  const kept = (bills: Bills): (string | undefined)[] =>
    [...bills.all()].flatMap((bill) => bill.notifications.flatMap(({ attempts }) => attempts.map(({ answer }) => (answer?.letGo === true ? undefined : answer?.body))))
  const put = (bills: Bills, code: string, ...bodies: string[]): Undo =>
    bills.put(storedBill(code, { notifications: [notification(code, 0, 'pending', bodies.map((body, index) => attempt(index, body)))] }))

  const byCount = new Bills({ count: 3, size: 1e9 })
  put(byCount, 'B1', 'a')
  put(byCount, 'B2', 'b', 'c')
  t.strictSame(kept(byCount), ['a', 'b', 'c'])
  put(byCount, 'B3', 'd')
  t.strictSame(kept(byCount), [undefined, 'b', 'c', 'd'])
  t.match(byCount.get('B1')?.notifications[0]?.attempts[0], { at: 0, answer: { status: 500, headers: {}, body: '', letGo: true } }, 'the status and the rest stay')
  const undo = put(byCount, 'B4', 'e')
  undo()
  put(byCount, 'B5', 'f')
  t.ok(kept(byCount).filter((body) => body !== undefined).length <= 3, 'what was taken back does not count for ever')
  t.ok(kept(byCount).includes('f'))

  const reset = new Bills({ count: 4, size: 1e9 })
  put(reset, 'B1', 'a')
  reset.put(storedBill('B2', { appKey: 'tested', notifications: [notification('B2', 0, 'pending', ['b', 'c'].map((body, index) => attempt(index, body)))] }))
  const back = reset.removeMerchant('tested')
  back()
  put(reset, 'B3', 'd', 'e')
  t.strictSame(kept(reset), [undefined, 'b', 'c', 'd', 'e'], 'what is back counts again')
  reset.removeMerchant('tested')
  // The same tradeUuid gets the same billCode again.
  put(reset, 'B2', 'f', 'g')
  t.strictSame(kept(reset), [undefined, 'd', 'e', 'f', 'g'], 'what went with its merchant takes no room from others, and nothing from a bill of its name')

  const bySize = new Bills({ count: 1e9, size: 100 })
  for (let index = 0; index < 50; index++) put(bySize, `B${index}`, 'x'.repeat(33))
  t.equal(kept(bySize).filter((body) => body !== undefined).length, 2, 'with their headers, two have room')
  t.same(kept(bySize).slice(-2), ['x'.repeat(33), 'x'.repeat(33)])
  t.equal(kept(new Bills({ count: 0, size: 0 })).length, 0)
  const many = new Bills({ count: 10, size: 1e9 })
  for (let index = 0; index < 5000; index++) put(many, `B${index}`, 'y')
  t.equal(kept(many).filter((body) => body !== undefined).length, 10)
})
