import emvqr from 'emvqr'
import fc from 'fast-check'
import { parse as parsePrompt } from 'promptparse'
import t from 'tap'
import type { Attempt, Bill, Manner } from '../src/bill/bill.ts'
import { readNotificationId, sameDue } from '../src/bill/bill.ts'
import { createIds } from '../src/bill/ids.ts'
import { qrisText } from '../src/bill/qris.ts'
import { allowedMoves, MOVES, transition, TRANSITIONS, type Move } from '../src/bill/transitions.ts'
import { STATUS, type BillStatus } from '../src/contract/states.ts'
import { promoteNext, withAttempt, withCopies, withNotification } from '../src/notification/delivery.ts'

const bill = (fields: Partial<Bill> = {}): Bill => ({
  billCode: 'QL1', appKey: 'k', tradeUuid: 'u', orderCode: 'o', paymentRequestId: 'pr', actionValue: 'x', currency: 'IDR', amount: '1.10',
  request: '{}', createdAt: 0, status: 'PAY_WAIT', cancelling: false, payTime: null, cancelTime: null, errorCode: '', scenario: { name: 's' },
  cancelAttempts: 0, events: [{ at: 0, what: 'apply', by: 'merchant', to: 'PAY_WAIT' }], due: [{ at: 100, what: 'expire' }], notifications: [],
  ...fields,
})

/** Frozen through and through, so that a change in place throws. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

await t.test('the transition table, every state with every move', async (t) => {
  // Written out here a second time, from CONTRACT §7, and not taken from the table under test.
  const expected: Record<BillStatus, Partial<Record<Move, BillStatus>>> = {
    PAY_WAIT: { pay: 'PAY_SUCCESS', fail: 'PAY_FAIL', expire: 'PAY_FAIL', cancel: 'PAY_CANCEL' },
    PAY_SUCCESS: {},
    PAY_FAIL: { payLate: 'PAY_SUCCESS' },
    PAY_CANCEL: { payLate: 'PAY_SUCCESS' },
  }
  t.strictSame(Object.keys(TRANSITIONS).sort(), Object.values(STATUS).sort(), 'no state without a row')
  for (const status of Object.values(STATUS)) {
    for (const move of MOVES) {
      const before = frozen(bill({ status }))
      const result = transition(before, move, { at: 7, by: 'control', errorCode: 'WHY' })
      const to = expected[status][move]
      if (to === undefined) {
        t.strictSame(result, { allowed: false, status, moves: allowedMoves(status) }, `${status} forbids ${move}`)
        continue
      }
      if (!result.allowed) {
        t.fail(`${status} allows ${move}`)
        continue
      }
      const after = result.bill
      t.equal(after.status, to, `${status} ${move} leads to ${to}`)
      t.equal(after.payTime, to === 'PAY_SUCCESS' ? 7 : null)
      t.equal(after.cancelTime, to === 'PAY_CANCEL' ? 7 : null)
      t.equal(after.errorCode, move === 'expire' ? 'PAYMENT_REQUEST_EXPIRED' : to === 'PAY_FAIL' ? 'WHY' : '')
      t.strictSame(after.due, [], 'a settled bill does not expire any more')
      const event = after.events.at(-1)
      t.strictSame([event?.at, event?.what, event?.by, event?.from, event?.to], [7, move, 'control', status, to], 'the event is recorded')
    }
  }
})

await t.test('a late success clears the error and keeps the time of the cancel', async (t) => {
  const result = transition(bill({ status: 'PAY_CANCEL', cancelTime: 3 }), 'payLate', { at: 9, by: 'scenario' })
  t.ok(result.allowed)
  if (result.allowed) t.hasStrict(result.bill, { status: 'PAY_SUCCESS', payTime: 9, cancelTime: 3, errorCode: '' })
})

/* Notifications and attempts, as changes of a bill. */

const attempt = (fields: Partial<Attempt> = {}): Attempt => ({ at: 0, trigger: 'schedule', url: 'http://x', durationMs: 1, acknowledged: false, ...fields })
const wording = { at: 0, status: 'PAY_SUCCESS' as const, body: '{}', sign: 's', addressed: true }
const dueAttempts = (one: Bill) => one.due.filter((due) => due.what === 'attempt')

await t.test('the second notification waits for the first', async (t) => {
  const both = withNotification(withNotification(frozen(bill({ due: [] })), wording), { ...wording, at: 5 })
  t.strictSame(both.notifications.map((one) => one.id), ['QL1-1', 'QL1-2'])
  t.strictSame(dueAttempts(both), [{ at: 0, what: 'attempt', notification: 0 }])
  const retried = withAttempt(frozen(both), 0, attempt({ at: 10 }), ['15s'])
  t.strictSame(dueAttempts(retried), [{ at: 15_010, what: 'attempt', notification: 0 }], 'a retry counts from the attempt')
  const given = withAttempt(frozen(retried), 0, attempt({ at: 15_010 }), ['15s'])
  t.equal(given.notifications[0]?.state, 'given-up')
  t.strictSame(dueAttempts(given), [{ at: 15_010, what: 'attempt', notification: 1 }], 'then the second has its turn')
  const done = withAttempt(frozen(given), 1, attempt({ at: 15_011, acknowledged: true }), ['15s'])
  t.equal(done.notifications[1]?.state, 'acknowledged')
  t.strictSame(dueAttempts(done), [])
})

await t.test('a resend by hand settles what was given up, and leaves a schedule alone', async (t) => {
  const pending = withAttempt(withNotification(bill({ due: [] }), wording), 0, attempt(), ['15s', '30s'])
  const again = withAttempt(frozen(pending), 0, attempt({ at: 1, trigger: 'resend' }), ['15s', '30s'])
  t.strictSame(again.due, pending.due)
  t.equal(again.notifications[0]?.attempts.length, 2)
  const taken = withAttempt(frozen(again), 0, attempt({ at: 2, trigger: 'resend', acknowledged: true }), ['15s', '30s'])
  t.strictSame([taken.notifications[0]?.state, taken.due], ['acknowledged', []])
  const unaddressed = withNotification(bill({ due: [] }), { ...wording, addressed: false })
  t.strictSame([unaddressed.notifications[0]?.state, unaddressed.due], ['unaddressed', []])
})

await t.test('a notification id names its bill and its place', async (t) => {
  t.strictSame(readNotificationId('QL1-2'), { billCode: 'QL1', index: 1 })
  for (const id of ['QL1', 'QL1-0', 'QL1-x', '-1', 'QL1-']) t.equal(readNotificationId(id), undefined, id)
})

/* Ids. */

await t.test('ids come from the seed', async (t) => {
  const [one, same, other] = [createIds('a'), createIds('a'), createIds('b')]
  t.strictSame(one.bill('k', 'u', 0), same.bill('k', 'u', 0))
  t.not(one.bill('k', 'u', 0).billCode, other.bill('k', 'u', 0).billCode)
  t.not(one.bill('k', 'u', 0).billCode, one.bill('ku', '', 0).billCode, 'parts do not run together')
  t.not(createIds().bill('k', 'u', 0).billCode, createIds().bill('k', 'u', 0).billCode, 'without a seed they are random')
  t.match(one.bill('k', 'u', 0).billCode, /^QL[0-9A-Z]{16}$/)
  t.match(one.bill('k', 'u', 0).paymentRequestId, /^pr-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const codes = new Set(Array.from({ length: 20_000 }, (_, index) => one.bill('k', String(index), 0).billCode))
  t.equal(codes.size, 20_000)
})

/* The QR text, read by parsers that are not ours. */

const amounts = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 20n - 1n }), fc.integer({ min: 0, max: 99 })).map(([whole, cents]) => `${whole}.${String(cents).padStart(2, '0')}`)

await t.test('emvqr reads the QR text, and refuses it with another checksum', async (t) => {
  fc.assert(
    fc.property(amounts, fc.string({ unit: 'binary', maxLength: 60 }), (amount, merchantName) => {
      const text = qrisText({ billCode: 'QL0123456789ABCDEF', amount, merchantName })
      const read = emvqr.decode(text)
      return read['54']?.data === amount && String(read['53']?.data).startsWith('360') && String(read['58']?.data).startsWith('ID')
        && (read['62']?.data as Record<string, { data: string }>)['01']?.data === 'QL0123456789ABCDEF'
    }),
  )
  const text = qrisText({ billCode: 'QL0123456789ABCDEF', amount: '1.10', merchantName: 'Shop' })
  t.throws(() => emvqr.decode(`${text.slice(0, -4)}${text.endsWith('0000') ? 'FFFF' : '0000'}`), /checksum/)
})

await t.test('promptparse, strict about the checksum, reads the same', async (t) => {
  const text = qrisText({ billCode: 'QL0123456789ABCDEF', amount: '15000', merchantName: '咖啡' })
  const read = parsePrompt(text, true)
  t.ok(read)
  t.strictSame(['00', '01', '53', '54', '58', '59', '62'].map((tag) => read?.getTagValue(tag)), ['01', '12', '360', '15000', 'ID', 'QLINK SANDBOX', read?.getTagValue('62')])
  t.equal(read?.getTagValue('62', '01'), 'QL0123456789ABCDEF')
  const broken = text.replace('15000', '15001')
  t.notOk(parsePrompt(broken, true), 'a changed amount is noticed')
})

await t.test('no notification waits for nothing, whatever scenarios and merchants do', async (t) => {
  const manner: fc.Arbitrary<Manner> = fc.record({
    copies: fc.integer({ min: 1, max: 3 }), gap: fc.constantFrom(0, 5), together: fc.constant(true as const), replay: fc.constant(9),
    notBefore: fc.integer({ min: 0, max: 50 }), reversed: fc.constant(true as const), apart: fc.constant(true as const), retry: fc.constantFrom<string[][]>([], ['1s', '2s']),
  }, { requiredKeys: [] })
  const events = fc.array(fc.oneof(
    fc.record({ what: fc.constant('tell' as const), manner, addressed: fc.boolean() }),
    fc.record({ what: fc.constant('work' as const), which: fc.nat(9), acknowledged: fc.boolean() }),
    fc.record({ what: fc.constant('resend' as const), which: fc.nat(9), acknowledged: fc.boolean() }),
    fc.constant({ what: 'step' as const }),
  ), { maxLength: 40 })
  fc.assert(fc.property(events, (happenings) => {
    let now = bill({ due: [{ at: 60, what: 'step', step: 0 }] })
    happenings.forEach((one, at) => {
      if (one.what === 'tell') now = withNotification(now, { ...wording, at, addressed: one.addressed, manner: one.manner })
      else if (one.what === 'step') now = promoteNext({ ...now, due: now.due.filter(({ what }) => what !== 'step') }, at)
      else if (one.what === 'resend') {
        if (now.notifications.length > 0) now = withAttempt(now, one.which % now.notifications.length, attempt({ at, trigger: 'resend', acknowledged: one.acknowledged }), [])
      } else {
        const work = now.due.filter((due) => due.what === 'attempt' || due.what === 'copy')
        const due = work[one.which % Math.max(work.length, 1)]
        if (due === undefined) return
        const notification = now.notifications[due.notification]
        const trigger = due.what === 'copy' ? 'copy' as const : 'schedule' as const
        if (trigger === 'schedule') now = withCopies(now, due.notification, at)
        now = { ...now, due: now.due.filter((other) => !(due.what === 'copy' && sameDue(other, due))) }
        now = withAttempt(now, due.notification, attempt({ at, trigger, acknowledged: one.acknowledged }), notification?.manner?.retry ?? ['15s'])
      }
      const planned = dueAttempts(now)
      const pending = now.notifications.flatMap(({ state }, index) => (state === 'pending' ? [index] : []))
      const isHeld = (index: number): boolean => now.notifications[index]?.manner?.reversed === true && now.due.some(({ what }) => what === 'step')
      const isApart = (index: number): boolean => now.notifications[index]?.manner?.apart === true
      const inRow = planned.filter((due) => !isApart(due.notification))
      if (inRow.length > 1) throw new Error('two at once')
      if (planned.some((due) => !pending.includes(due.notification))) throw new Error('an attempt of what is settled')
      if (pending.some((index) => isApart(index) && !planned.some((due) => due.notification === index))) throw new Error('one apart waits')
      if (inRow.length === 0 && pending.some((index) => !isApart(index) && !isHeld(index))) throw new Error('one waits for nothing')
    })
    return true
  }), { numRuns: 500 })
  t.pass()
})
