// Life-cycle coverage: each thing is covered by the deed that exercises it, and by no other.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { coverageJunit, coverageTable, reportOf } from '../src/coverage/report.ts'
import { GROUPS } from '../src/coverage/table.ts'
import { startMerchantEndpoint, type Answer as Rule, type MerchantFields, type TestMerchant } from '../src/index.ts'
import { application, deadPort, send } from './helpers/blackbox.ts'
import { apply, call, start } from './helpers/kit.ts'

/** What a merchant's suite has exercised. */
const covered = async (of: Pick<TestMerchant, 'coverage'>): Promise<string[]> =>
  (await of.coverage()).groups.flatMap(({ name, items }) => items.filter(({ count }) => count > 0).map((item) => `${name}/${item.name}`))
const inGroup = (names: string[], group: string): string[] => names.filter((name) => name.startsWith(`${group}/`)).map((name) => name.slice(group.length + 1))

await t.test('requests cover endpoints, outcomes, answers to /cancel and error codes', async (t) => {
  const sandbox = await start(t)
  t.same(await covered(await sandbox.merchant()), [])
  const merchant = await sandbox.merchant()
  const bill = await apply(merchant)
  t.same(await covered(merchant), ['endpoints/apply', 'outcomes/accepted', 'states/PAY_WAIT'])
  await call(merchant, 'getPayStatus', { billCodeList: [bill] })
  await call(merchant, 'apply', application(), { sign: 'wrong' })
  await call(merchant, 'queryPayAccount', { payAccount: 'none' })
  t.same(await covered(merchant), ['endpoints/queryPayAccount', 'endpoints/apply', 'endpoints/getPayStatus', 'outcomes/accepted', 'outcomes/SIGN_MISMATCH', 'outcomes/PAY_ACCOUNT_UNKNOWN', 'states/PAY_WAIT'])

  const canceller = await sandbox.merchant()
  const answers = async (): Promise<string[]> => inGroup(await covered(canceller), 'cancel-answers')
  await call(canceller, 'cancel', { billCode: await apply(canceller, { metadata: { qlinkScenario: 'cancel-waits' } }) })
  t.same(await answers(), ['WAIT'])
  await call(canceller, 'cancel', { billCode: await apply(canceller) })
  t.same(await answers(), ['WAIT', 'SUCCESS'])
  const paid = await apply(canceller)
  await canceller.bill(paid).pay()
  await call(canceller, 'cancel', { billCode: paid })
  t.same(await answers(), ['WAIT', 'SUCCESS', 'FAIL'])
  t.same(inGroup(await covered(canceller), 'error-codes'), ['BILL_ALREADY_PAID'])
  await call(canceller, 'cancel', { billCode: await apply(canceller, { metadata: { qlinkScenario: 'cancel-refused' } }) })
  const codes = (await canceller.coverage()).groups.find(({ name }) => name === 'error-codes')?.items ?? []
  const wrapped = await (await start(t, { responseFormat: 'envelope', resultKey: 'status' })).merchant()
  await apply(wrapped, { tradeUuid: 'T' })
  await call(wrapped, 'cancel', { tradeUuid: 'T' })
  t.same(inGroup(await covered(wrapped), 'cancel-answers'), ['SUCCESS'], 'whatever the envelope is called')
  t.match(codes.filter(({ count }) => count > 0), [{ name: 'CHANNEL_UNAVAILABLE', count: 1 }, { name: 'BILL_ALREADY_PAID', count: 1 }], 'an answer counts once')
})

await t.test('bills cover states, transitions and error codes', async (t) => {
  const sandbox = await start(t)
  const merchant = await sandbox.merchant()
  const bill = merchant.bill(await apply(merchant))
  await bill.fail({ errorCode: 'SUSPECTED_FRAUDULENT' })
  t.same((await covered(merchant)).slice(2), ['states/PAY_WAIT', 'states/PAY_FAIL', 'transitions/PAY_WAIT fail PAY_FAIL', 'error-codes/SUSPECTED_FRAUDULENT', 'notifications/unaddressed'])
  await bill.pay({ late: true })
  await apply(merchant)
  await sandbox.clock.advance('48h')
  t.same(inGroup(await covered(merchant), 'transitions'), ['PAY_WAIT fail PAY_FAIL', 'PAY_WAIT expire PAY_FAIL', 'PAY_FAIL payLate PAY_SUCCESS'])
  t.same(inGroup(await covered(merchant), 'error-codes'), ['PAYMENT_REQUEST_EXPIRED', 'SUSPECTED_FRAUDULENT'])
})

await t.test('deliveries cover the conditions of notifications, scenarios the faults', async (t) => {
  const sandbox = await start(t)
  /** The conditions that one paid bill covers. */
  const conditions = async (answer: Rule, { scenario, ...fields }: MerchantFields = {}, advance?: string): Promise<string[]> => {
    const endpoint = await startMerchantEndpoint({ answer })
    const own = typeof scenario === 'object' ? { scenario } : {}
    const merchant = await sandbox.merchant({ ...('notifyUrl' in fields ? {} : { endpoint }), clock: 'manual', ...own, ...fields })
    const code = await apply(merchant, typeof scenario === 'string' ? { metadata: { qlinkScenario: scenario } } : {})
    if (scenario === undefined) await merchant.bill(code).pay()
    await merchant.clock.advance(advance ?? '0s')
    await endpoint.close()
    return inGroup(await covered(merchant), 'notifications')
  }
  t.same(await conditions(200), ['acknowledged-at-once'])
  t.same(await conditions([500, 200], {}, '15s'), ['acknowledged-after-retry', 'answered-5xx'])
  t.same(await conditions(302), ['answered-3xx'])
  t.same(await conditions([404], { notification: { schedule: 'once' } }), ['given-up', 'answered-4xx'])
  t.same(await conditions({ body: { success: false } }), ['answered-success-false'])
  t.same(await conditions('reset'), ['no-connection'])
  t.same(await conditions('hang', { notification: { timeout: '20ms' } }), ['timed-out'])
  for (const [scenario, advance, expected] of [
    ['notified-twice', '1m', ['acknowledged-at-once', 'duplicate']],
    ['notified-late', '7h', ['acknowledged-at-once', 'late']],
    ['notified-at-third-attempt', '1h', ['acknowledged-after-retry', 'lost']],
    ['notified-before-answer', '1m', ['acknowledged-at-once', 'early']],
    ['notified-slowly', '1m', ['acknowledged-at-once', 'slow']],
    ['notified-in-wrong-order', '1h', ['acknowledged-at-once', 'out-of-order']],
    ['stale-replay', '2h', ['acknowledged-at-once', 'replayed']],
    ['forged-success', '1m', ['acknowledged-at-once', 'untrue', 'signature-wrong']],
    ['unsigned-success', '1m', ['acknowledged-at-once', 'untrue', 'signature-missing']],
    ['tampered-failure', '1m', ['acknowledged-at-once', 'body-tampered']],
    ['notified-reordered', '1m', ['acknowledged-at-once', 'body-reordered']],
  ] as const) t.same(await conditions(200, { scenario }, advance), expected, scenario)
  // What does not reach the merchant is not exercised, and no retry of a forgery is used up.
  t.same(await conditions(200, { scenario: { timeline: [{ after: '1s', become: 'PAY_SUCCESS' }], notifications: [{ body: 'reordered', delay: '1s', lose: 'all' }] } }, '60h'), ['given-up', 'lost'])
  t.same(await conditions(200, { scenario: 'forged-success', notifyUrl: null }, '1m'), ['unaddressed'])
  t.same(await conditions(401, { scenario: 'forged-success' }, '1m'), ['answered-4xx', 'untrue', 'signature-wrong'])
  const broken = createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'))).listen(0, '127.0.0.1')
  t.teardown(() => broken.close())
  await once(broken, 'listening')
  t.same(await conditions(200, { notifyUrl: `http://127.0.0.1:${String((broken.address() as AddressInfo).port)}` }), ['no-connection'], 'half an answer is none')

  const merchant = await sandbox.merchant({ notifyUrl: `http://127.0.0.1:${String(await deadPort())}` })
  const bill = merchant.bill(await apply(merchant))
  const { id } = await bill.notify({ body: 'escaped' })
  await merchant.notifications.resend(id)
  t.same(inGroup(await covered(merchant), 'notifications'), ['no-connection', 'resent-by-hand', 'body-escaped'])
  for (const scenario of ['apply-fails-once', 'apply-answer-lost']) await apply(merchant, { metadata: { qlinkScenario: scenario } }).catch(() => undefined)
  t.same(inGroup(await covered(merchant), 'faults'), ['connection-reset', 'http-500'])
})

await t.test('coverage is counted since the reset, or since the start, for all or for one', async (t) => {
  const sandbox = await start(t)
  const [a, b] = [await sandbox.merchant(), await sandbox.merchant()]
  for (const merchant of [a, b]) await apply(merchant)
  await send(`${sandbox.baseUrl}/cancel`, { headers: { 'content-type': 'application/json' }, body: '{}' })
  const all = ['endpoints/apply', 'endpoints/cancel', 'outcomes/accepted', 'outcomes/HEADER_MISSING', 'states/PAY_WAIT']
  t.same(await covered(sandbox), all)
  t.match(await sandbox.coverage(), { since: 'reset', covered: 5, total: 82, percent: 6 })
  const applied = async (): Promise<unknown> => (await sandbox.coverage()).groups[0]?.items[1]?.count
  t.equal(await applied(), 2)
  await a.reset()
  t.same([await covered(a), (await a.coverage({ since: 'start' })).covered, await applied()], [[], 3, 1])
  await b.remove()
  t.same(await covered(sandbox), all, 'what a merchant has done stays done when it is gone')
  await t.rejects(sandbox.coverage({ appKey: b.appKey }), { message: `there is no merchant ${b.appKey}` })
  await sandbox.reset()
  t.same([await covered(sandbox), (await sandbox.coverage({ since: 'start' })).covered], [[], 5])
})

await t.test('what a report names is there, and is written well', async (t) => {
  const names = GROUPS.flatMap(({ name, items }) => items.map((item) => `${name}/${item.name}`))
  t.equal(new Set(names).size, names.length)
  const scenarios = readdirSync(new URL('../scenarios', import.meta.url)).map((file) => file.replace('.yaml', ''))
  for (const { name, how } of GROUPS.flatMap(({ items }) => items)) {
    t.ok(how.length > 5, `${name} says how`)
    const [, scenario] = /^scenario ([a-z0-9-]+)/.exec(how) ?? []
    if (scenario !== undefined) t.ok(scenarios.includes(scenario), `scenario ${scenario} is there`)
  }
  const full = reportOf(new Map(names.map((name) => [name, 1])))
  t.match(full, { percent: 100, covered: names.length })
  t.notMatch(coverageTable(full), /Not exercised/)
  t.equal(reportOf(new Map(names.slice(1).map((name) => [name, 1]))).percent, 98.7, 'rounded down: 100 means all')
  t.match(coverageJunit(full, 100), /name="at least 100 %"><\/testcase>/)
  t.notMatch(coverageJunit(reportOf(new Map(names.slice(1).map((name) => [name, 1]))), 98.75), /<failure/, 'the counts decide, not the rounded percentage')
  // Well-formed: every tag that opens closes, in order, and no attribute breaks out.
  const open: string[] = []
  for (const [, slash, name = '', selfClosed] of coverageJunit(reportOf(new Map()), 50).matchAll(/<(\/?)([a-z]+)(?: [a-z]+="[^"<]*")*(\/?)>/g)) {
    if (slash === '/') t.equal(open.pop(), name)
    else if (selfClosed === '') open.push(name)
  }
  t.same(open, [])
})
