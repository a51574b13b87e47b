// How often a notification is tried, by preset: the documented seconds, the answers that end it, Retry-After.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { startSandbox } from '../src/index.ts'
import { showSchedule } from '../src/commands/schedule.ts'
import { merchantFaults } from '../src/merchant/merchant.ts'
import { PRESETS } from '../src/notification/presets.ts'
import { nextWait, policyOf, scheduleComplaint } from '../src/notification/schedule.ts'
import { presetViews } from '../src/notification/plan.ts'
import { writeDuration } from '../src/time/duration.ts'
import { body, directory, endpoint, items, list, object, open, send, string } from './helpers/blackbox.ts'
import type { Json, Reply } from './helpers/blackbox.ts'

const [MINUTE, HOUR] = [60, 3600]

/** Seconds since the first attempt, as the sources have them, written out by hand. */
const DOCUMENTED: Record<string, number[]> = {
  'qlink': [15, 45, 225, 825, 2025, 3825, 7425, 14_625, 25_425, 47_025],
  // The specification's own second column: 00:00:05, 00:05:05, 00:35:05, 02:35:05, 07:35:05, 17:35:05, 31:35:05 …
  'standard-webhooks': [5, 305, 2105, 9305, 27_305, 63_305, 113_705, 185_705, 272_105],
  // "an attempt that fails three times before succeeding is delivered roughly 35 minutes and 5 seconds after the first"
  'svix': [5, 305, 2105, 9305, 27_305, 63_305, 99_305],
  'adyen': [9, 18, 27, ...[2, 7, 17, 32, 62].map((m) => 27 + m * MINUTE), ...Array.from({ length: 91 }, (_, n) => 27 + 62 * MINUTE + ([1, 3, 7][n] ?? 15 + (n - 3) * 8) * HOUR)],
  'midtrans': [120, 720, 2520, 7920, 20_520],
  'wechatpay': [15, 30, 60, 240, 840, 2040, 3840, 5640, 7440, 11_040, 21_840, 32_640, 43_440, 65_040, 86_640],
  'alipay': [240, 840, 1440, 5040, 12_240, 33_840, 87_840],
  'once': [],
}

/** One payment, told to a merchant that answers so, a month long: the notification that came of it. */
const told = async (t: Parameters<typeof open>[0], schedule: unknown, reply: Reply | ((count: number) => Reply), options = {}): Promise<Json> => {
  const shop = await endpoint(t, typeof reply === 'function' ? (all) => reply(all.length) : reply)
  const gate = await open(t, options)
  const keys = await gate.merchant({ notifyUrl: shop.url, ...(schedule === undefined ? {} : { notification: { schedule } }) })
  const { billCode } = await gate.bill(keys)
  await gate.must(billCode, 'pay')
  await gate.settle()
  await gate.advance('31d')
  const notification = body(await gate.control('GET', `/notifications/${billCode}-1`))
  if (list(notification['attempts']).length !== shop.told.length) throw new Error('an attempt is missing')
  return notification
}
const seconds = (notification: Json): number[] => {
  const times = list(notification['attempts']).map(({ at }) => Date.parse(string(at)))
  return times.slice(1).map((time) => (time - Number(times[0])) / 1000)
}
const lastError = (notification: Json): unknown => list(notification['attempts']).at(-1)?.['error']

/* The plan. */

await t.test('every preset has its documented seconds written down here, and the other way round', async (t) => {
  t.strictSame(PRESETS.map(({ name }) => name), Object.keys(DOCUMENTED))
})

for (const [name, expected] of Object.entries(DOCUMENTED)) {
  await t.test(`${name}: tried at the documented seconds, then given up`, async (t) => {
    const notification = await told(t, name, { status: 418 })
    t.strictSame(seconds(notification), expected)
    t.equal(notification['state'], 'given-up')
    t.equal(lastError(notification), 'answered 418; only 2xx is an acknowledgement; no retry is left')
  })
}

for (const name of ['qlink', 'standard-webhooks', 'svix', 'adyen', 'wechatpay', 'alipay']) {
  await t.test(`${name}: a 500 is like any other failure`, async (t) => {
    t.strictSame(seconds(await told(t, name, { status: 500 })), DOCUMENTED[name])
  })
}

/* Answers that change it. */

const ends: [string, Reply, number, string][] = [
  ['standard-webhooks', { status: 410 }, 1, 'after 410 there is no retry'],
  ['svix', { status: 500, headers: { 'Webhook-Delivery': 'abort-message' } }, 1, 'after "webhook-delivery: abort-message" there is no retry'],
  ['svix', { status: 500, headers: { 'webhook-delivery': 'disable' } }, 1, 'after "webhook-delivery: disable" there is no retry'],
  ['midtrans', { status: 500 }, 2, 'after 500 there is one retry'],
  ['midtrans', { status: 503 }, 5, 'after 503 there are 4 retries'],
  ['midtrans', { status: 404 }, 3, 'after 400 or 404 there are 2 retries'],
  ['midtrans', { status: 302, headers: { location: '/elsewhere' } }, 1, 'after 302 there is no retry'],
]
for (const [name, reply, attempts, why] of ends) {
  await t.test(`${name}: ${reply.status} ${JSON.stringify(reply.headers ?? {})} is given up after ${attempts}`, async (t) => {
    const notification = await told(t, name, reply)
    t.strictSame(seconds(notification), DOCUMENTED[name]?.slice(0, attempts - 1))
    t.equal(notification['state'], 'given-up')
    t.equal(notification['nextAttemptAt'], null)
    t.ok(string(lastError(notification)).startsWith(`answered ${reply.status}`), 'what it answered')
    t.ok(string(lastError(notification)).endsWith(`; ${why}`), 'and what it means', { said: lastError(notification) })
  })
}

for (const name of ['qlink', 'svix', 'adyen', 'wechatpay', 'alipay']) {
  await t.test(`${name}: neither 410 nor that header of Svix nor Retry-After is in its document`, async (t) => {
    const reply: Reply = { status: 410, headers: { 'retry-after': '120', ...(name !== 'svix' && { 'webhook-delivery': 'abort-message' }) } }
    t.strictSame(seconds(await told(t, name, reply)), DOCUMENTED[name])
  })
}

await t.test('429 with Retry-After: 120 postpones the next attempt where that is honoured, and only there', async (t) => {
  const busyOnce = (count: number): Reply => (count === 1 ? { status: 429, headers: { 'Retry-After': '120' } } : { status: 500 })
  t.strictSame(seconds(await told(t, 'standard-webhooks', busyOnce)).slice(0, 3), [120, 420, 2220], 'the waits after it are counted from there')
  for (const name of ['qlink', 'svix', 'midtrans']) t.equal(seconds(await told(t, name, busyOnce))[0], DOCUMENTED[name]?.[0], name)
})

await t.test('Retry-After never shortens a wait, and never adds an attempt', async (t) => {
  const notification = await told(t, 'standard-webhooks', { status: 503, headers: { 'retry-after': '60' } })
  t.strictSame(seconds(notification), DOCUMENTED['standard-webhooks']?.map((second) => second + 55), 'only the first wait is shorter than that')
  t.equal(notification['state'], 'given-up')
})

await t.test('Retry-After as a date counts from the answer\'s own Date, wherever the clocks stand', async (t) => {
  const reply = { status: 503, headers: { 'date': 'Thu, 01 Jan 2015 00:00:00 GMT', 'retry-after': 'Thu, 01 Jan 2015 00:02:00 GMT' } }
  t.strictSame(seconds(await told(t, 'standard-webhooks', reply)).slice(0, 2), [120, 420])
})

await t.test('what Retry-After can say, and what it cannot', async (t) => {
  const at = Date.UTC(2026, 0, 1)
  const policy = { waits: ['10s', '10s'], retryAfterStatuses: [503] }
  const wait = (headers: Record<string, string>, status = 503): number | undefined => nextWait(policy, [{ at, answer: { status, headers, body: '' } }]).wait
  const cases: [string, number][] = [
    ['30', 30_000], [' 30 ', 30_000], ['0', 10_000], ['9', 10_000], ['86400', 86_400_000], ['86401', 86_400_000], ['9'.repeat(400), 86_400_000],
    ['-30', 10_000], ['1e3', 10_000], ['30s', 10_000], ['30, 40', 10_000], ['', 10_000], ['2030', 2_030_000], ['soon', 10_000],
    ['Thu, 01 Jan 2026 00:00:40 GMT', 40_000], ['Thursday, 01-Jan-26 00:00:40 GMT', 40_000], ['Wed, 31 Dec 2025 00:00:00 GMT', 10_000],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 86_400_000], ['Thu, 99 Foo 2026 00:00:40 GMT', 10_000], ['Thu, 01 Jan 2026 00:00:40', 10_000],
  ]
  for (const [asked, expected] of cases) t.equal(wait({ 'retry-after': asked }), expected, asked)
  t.equal(wait({ 'retry-after': '30' }, 500), 10_000, 'of another status')
  t.equal(wait({}), 10_000, 'nothing')
  t.equal(wait({ 'date': 'today', 'retry-after': 'Thu, 01 Jan 2026 00:00:40 GMT' }), 40_000, 'a Date that is none')
  t.equal(nextWait(policy, [{ at }]).wait, 10_000, 'no answer at all')
  t.strictSame(nextWait(policy, []), { over: 'no retry is left' })
})

await t.test('a limit counts the answers that it is about', async (t) => {
  const after = (...statuses: (number | undefined)[]): number | string | undefined => {
    const next = nextWait(policyOf('midtrans'), statuses.map((status) => ({ at: 0, ...(status !== undefined && { answer: { status, headers: {}, body: '' } }) })))
    return next.wait ?? next.over
  }
  t.equal(after(503, 503, 500), 30 * 60_000, 'the first 500, whatever came before')
  t.match(after(503, 500, 500), /after 500/)
  t.match(after(400, 404, 400), /after 400 or 404/)
  t.equal(after(undefined, undefined, undefined, 503, 503), 210 * 60_000)
  t.equal(after(undefined, 502, undefined, 503, 503, 503), 'no retry is left', 'five retries at the most')
})

/* Where a schedule is given. */

await t.test('by the setting, as a name, as waits, as a list; a merchant\'s own stands over it', async (t) => {
  const cases: [unknown, unknown, number[]][] = [
    ['alipay', undefined, DOCUMENTED['alipay'] ?? []],
    ['1s, 5s', undefined, [1, 6]],
    [['1s', '5s'], undefined, [1, 6]],
    ['none', undefined, []],
    [[], undefined, []],
    [undefined, undefined, DOCUMENTED['qlink'] ?? []],
    ['alipay', ['2s'], [2]],
    ['alipay', [], []],
    ['alipay', 'once', []],
    ['alipay', '1s,PT2S', [1, 3]],
  ]
  for (const [notifySchedule, schedule, expected] of cases) {
    t.strictSame(seconds(await told(t, schedule, { status: 500 }, { notifySchedule })), expected, JSON.stringify([notifySchedule, schedule]))
  }
})

await t.test('a schedule that nobody knows gets the nearest one', async (t) => {
  await t.rejects(open(t, { notifySchedule: 'standard-webhook' }), { message: /^notifySchedule must be a retry preset \(did you mean standard-webhooks\?\), .*, but is "standard-webhook"$/ })
  const gate = await open(t)
  const said = async (schedule: unknown): Promise<unknown> => {
    const answer = await gate.control('POST', '/merchants', { notification: { schedule } })
    t.ok([400, 422].includes(answer.status), JSON.stringify(schedule))
    return body(answer)['detail']
  }
  t.match(await said('Svix'), /notification\.schedule must be a retry preset \(did you mean svix\?\), waits .*, but is "Svix"$/)
  t.match(await said('hourly'), /\(qlink, standard-webhooks, svix, adyen, midtrans, wechatpay, alipay, once\), .*, but is "hourly"$/)
  t.match(await said('__proto__'), /must be a retry preset/)
  t.match(await said('15s,often'), /must be a retry preset .* waits with commas between such as 15s,30s,3m/)
  t.match(await said(['15s', 'often']), /notification\.schedule\[1\] must be a duration such as .*, but is "often"/)
  t.match(await said([15]), /notification\.schedule\[0\] must be a string, but is a number/)
  t.match(await said(Array.from({ length: 101 }, () => '1s')), /at most 100/)
  t.match(await said(15), /but is 15/)
})

await t.test('a list that was stored is read again, a name too; a name from elsewhere counts as qlink', async (t) => {
  const data = `${directory(t)}/qlink.json`
  const stored = [['15s', '30s'], 'svix']
  const first = await startSandbox({ data })
  for (const [index, schedule] of stored.entries()) {
    const answer = await send(`${first.url}/_sandbox/merchants`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ appKey: `key-${index}`, notification: { schedule } }) })
    t.equal(answer.status, 201)
  }
  await first.close()
  const gate = await open(t, { data })
  for (const [index, schedule] of stored.entries()) {
    t.strictSame(body(await gate.control('GET', `/merchants/key-${index}`))['notification'], { schedule })
  }
  t.equal(policyOf('from-a-newer-version').waits.length, 10)
})

await t.test('a scenario\'s rule names a preset or waits, over the merchant\'s own', async (t) => {
  const shop = await endpoint(t, { status: 500 })
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: shop.url, notification: { schedule: '9s' } })
  for (const [retry, expected] of [['alipay', DOCUMENTED['alipay']], [['1s', '5s'], [1, 6]], ['midtrans', [120]], ['once', []], [[], []]] as const) {
    await gate.scenario('retried', { timeline: [{ after: '1s', become: 'PAY_SUCCESS' }], notifications: [{ retry }] })
    const { billCode } = await gate.bill(keys, { metadata: JSON.stringify({ qlinkScenario: 'retried' }) })
    await gate.advance('31d')
    t.strictSame(seconds(body(await gate.control('GET', `/notifications/${billCode}-1`))), expected, JSON.stringify(retry))
  }
  const refused = await gate.control('PUT', '/scenarios/wrong', { name: 'wrong', description: 'x', notifications: [{ retry: 'svxi' }] })
  t.equal(refused.status, 422)
  t.match(body(refused)['detail'], /notifications\[0\]\.retry must be a retry preset \(did you mean svix\?\), .*, but is "svxi"/)
  t.equal(policyOf('svix'), PRESETS.find(({ name }) => name === 'svix'))
  t.strictSame(policyOf(['1s', '5s']), { waits: ['1s', '5s'] })
  t.equal(scheduleComplaint(['1s', 'PT5S']), undefined)
  t.match(scheduleComplaint(['1s', 'soon']), /must be waits such as/)
  t.strictSame(merchantFaults({ notification: { schedule: 'midtrans' } }, () => true), [])
})

/* The preview. */

await t.test('GET /_sandbox/retry-presets', async (t) => {
  const gate = await open(t)
  const presets = items(await gate.control('GET', '/retry-presets'))
  t.strictSame(presets.map(({ name }) => name), Object.keys(DOCUMENTED))
  for (const { name, attempts, totalSeconds, description } of presets) {
    t.equal(attempts, (DOCUMENTED[string(name)]?.length ?? 0) + 1)
    t.equal(totalSeconds, DOCUMENTED[string(name)]?.at(-1) ?? 0)
    t.match(description, /^\S[^\n]*\S$/)
  }
  t.hasStrict(presets.find(({ name }) => name === 'midtrans'), { stopStatuses: [301, 302, 303], stopHeader: null, retryAfterStatuses: [], limits: [{ statuses: [500], retries: 1 }, { statuses: [503], retries: 4 }, { statuses: [400, 404], retries: 2 }] })
  t.hasStrict(presets.find(({ name }) => name === 'standard-webhooks'), { stopStatuses: [410], retryAfterStatuses: [429, 502, 503, 504], limits: [] })
})

await t.test('a plan on paper: each attempt with its wait and its times', async (t) => {
  const lines = showSchedule('wechatpay', { from: '2026-01-01 00:00:00' }, {}).split('\n')
  t.match(lines[0], /^attempt +wait +since the first +Asia\/Shanghai$/)
  t.match(lines[1], /^1 +0s +2026-01-01 00:00:00$/)
  t.match(lines[5], /^5 +3m +4m +2026-01-01 00:04:00$/)
  t.match(lines[16], /^16 +6h +1d 4m +2026-01-02 00:04:00$/)
  t.strictSame(lines.slice(17), ['', 'source: https://pay.weixin.qq.com/docs/merchant/apis/jsapi-payment/payment-notice.html', ''])
  t.match(showSchedule('1s', { from: '2026-01-01T00:00:00Z' }, { QLINK_TIME_ZONE: 'Asia/Jakarta' }), /^2 +1s +1s +2026-01-01 07:00:01\n$/m)
  t.match(showSchedule('standard-webhooks', {}, { QLINK_TIME_ZONE: '' }), /\n\n410: no retry\n429, 502, 503, 504: waits for Retry-After\nsource: https/)
  t.match(showSchedule(undefined, {}, {}), /^midtrans +6 +5h 42m +301, 302, 303: no retry; 500: 1 retry; .* https:/m)
  const plan = object(JSON.parse(showSchedule('svix', { from: '2026-01-01 00:00:00', timeZone: 'UTC', json: true }, {})))
  t.hasStrict(plan, { schedule: 'svix', name: 'svix', attempts: 8 })
  t.strictSame(list(plan['plan'])[1], { number: 2, wait: '5s', sinceFirstSeconds: 5, at: '2026-01-01T00:00:05.000+00:00' })
  t.strictSame(list(plan['plan']).slice(1).map((one) => one['sinceFirstSeconds']), DOCUMENTED['svix'])
  t.strictSame(list(object(JSON.parse(showSchedule('1s', { json: true }, {})))['plan']).length, 2)
  t.strictSame(object(JSON.parse(showSchedule(undefined, { json: true }, {}))), { items: JSON.parse(JSON.stringify(presetViews())) as unknown })
})

await t.test('what cannot be planned', async (t) => {
  t.match(showSchedule('1s', { from: '9999-12-01 00:00:00' }, {}), /9999-12-01 00:00:01/)
  t.throws(() => showSchedule('1s,36500d', { from: '9999-12-01 00:00:00' }, {}), { message: /^the last attempt would come after the year 9999/ })
  t.throws(() => showSchedule('x', { from: 'y' }, { QLINK_TIME_ZONE: 'z' }), {
    message: /^QLINK_TIME_ZONE must be a time zone such as Asia\/Shanghai, but is "z"\n--from must be a time such as .*, but is "y"\nthe schedule must be .*, but is "x"$/,
  })
  t.throws(() => showSchedule('1s', { timeZone: 'z' }, {}), { message: /^--time-zone must be a time zone/ })
})

await t.test('both READMEs list the presets as they are', async (t) => {
  for (const file of ['README.md', 'README.zh-CN.md']) {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    for (const { name, attempts, totalSeconds, source } of presetViews()) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` | ${attempts} | ${writeDuration(totalSeconds * 1000)} |`))
      t.ok(row, `${file} has ${name}`)
      if (source.startsWith('https:')) t.ok(row?.includes(`](${source})`), 'with its source')
    }
  }
  t.equal(writeDuration(0), '0s')
  t.equal(writeDuration(90_061_001), '1d 1h 1m 1s 1ms')
})
