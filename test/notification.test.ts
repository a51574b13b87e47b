// CONTRACT.md §8 from the merchant's side: what arrives, what counts as a yes, and how often it is tried.
import t from 'tap'
import {
  NOW, body, deadPort, demo, endpoint, fine, keysOf, list, object, open, payload, sign, string,
} from './helpers/blackbox.ts'
import type { Gate, Json, Keys, Made, Reply, Told } from './helpers/blackbox.ts'

const PAYLOAD = ['billCode', 'errorCode', 'orderCode', 'payTime', 'paymentRequestId', 'status', 'tradeUuid']
const WAITS = ['15s', '30s', '3m', '10m', '20m', '30m', '1h', '2h', '3h', '6h']
const SECONDS = [15, 30, 180, 600, 1200, 1800, 3600, 7200, 10_800, 21_600]

/** A sandbox, a merchant's server, and a merchant registered with it. */
const stage = async (t: Parameters<typeof open>[0], rule: Parameters<typeof endpoint>[1] = { status: 204 }, options = {}) => {
  const shop = await endpoint(t, rule)
  const gate = await open(t, options)
  const keys = await gate.merchant({ notifyUrl: shop.url })
  return { shop, gate, keys }
}
/** A bill that has just been paid, with everything due delivered. */
const paid = async (gate: Gate, keys: Keys): Promise<Made> => {
  const made = await gate.bill(keys)
  await gate.must(made.billCode, 'pay')
  await gate.settle()
  return made
}
const verifies = (keys: Keys, { headers, body: bytes }: Told): boolean =>
  headers['appkey'] === keys.appKey && headers['sign'] === sign(keys, bytes.toString('utf8'))
const attemptsOf = (notification: Json | undefined): Json[] => list(object(notification)['attempts'])
const secondsBetween = (attempts: Json[]): number[] => {
  const times = attempts.map(({ at }) => Date.parse(string(at)))
  return times.slice(1).map((time, n) => (time - (times[n] ?? NaN)) / 1000)
}

/* What is told. */

await t.test('a payment: the documented fields, signed', async (t) => {
  const { shop, gate, keys } = await stage(t)
  const { tradeUuid, orderCode, billCode, paymentRequestId } = await gate.bill(keys)
  await gate.advance('1m')
  t.equal(shop.told.length, 0, 'nothing to tell yet')
  await gate.must(billCode, 'pay')
  const told = await shop.next()
  t.equal(told.method, 'POST')
  t.equal(told.path, '/payNotification')
  t.match(told.headers['content-type'], /^application\/json/)
  t.strictSame(keysOf(payload(told)), PAYLOAD)
  t.strictSame(payload(told), {
    ...payload(told), tradeUuid, orderCode, billCode, paymentRequestId, status: 'PAY_SUCCESS', payTime: '2025-08-04 13:46:21', errorCode: '',
  })
  t.ok(verifies(keys, told), 'appKey and sign over the exact bytes')
  t.notOk(verifies({ ...keys, appSecret: 'other' }, told))
  await gate.settle()
  await gate.advance('48h')
  t.equal(shop.told.length, 1, 'told once')
})

await t.test('a failure: the errorCode, and no payTime', async (t) => {
  const { shop, gate, keys } = await stage(t)
  const { billCode } = await gate.bill(keys)
  await gate.must(billCode, 'fail', { errorCode: 'INSUFFICIENT_BALANCE' })
  const told = await shop.next()
  t.strictSame(keysOf(payload(told)), PAYLOAD)
  t.strictSame(payload(told), { ...payload(told), billCode, status: 'PAY_FAIL', payTime: '', errorCode: 'INSUFFICIENT_BALANCE' })
  t.ok(verifies(keys, told))
})

await t.test('any other errorCode is passed on, Chinese too', async (t) => {
  const { shop, gate, keys } = await stage(t)
  const { billCode } = await gate.bill(keys)
  await gate.must(billCode, 'fail', { errorCode: '余额不足' })
  const told = await shop.next()
  t.equal(payload(told)['errorCode'], '余额不足')
  t.ok(verifies(keys, told))
})

await t.test('an expired bill is told as failed', async (t) => {
  const { shop, gate, keys } = await stage(t)
  const { billCode } = await gate.bill(keys)
  await gate.advance('48h')
  await gate.settle()
  t.strictSame(shop.told.map(payload).map(({ billCode, status, payTime, errorCode }) => [billCode, status, payTime, errorCode]),
    [[billCode, 'PAY_FAIL', '', 'PAYMENT_REQUEST_EXPIRED']])
})

for (const [timeZone, payTime] of [['UTC', '2025-08-05 00:00:00'], ['Asia/Jakarta', '2025-08-05 07:00:00']] as const) {
  await t.test(`payTime in ${timeZone}`, async (t) => {
    const { shop, gate, keys } = await stage(t, { status: 200 }, { timeZone })
    t.equal((await gate.control('PUT', '/clock', { mode: 'manual', now: '2025-08-05T00:00:00+00:00' })).status, 200)
    await paid(gate, keys)
    t.strictSame(shop.told.map(payload).map((one) => one['payTime']), [payTime])
  })
}

for (const [registered, called] of [
  ['', '/payNotification'], ['/shop', '/shop/payNotification'], ['/shop/payNotification', '/shop/payNotification'], ['/payNotification', '/payNotification'],
] as const) {
  await t.test(`registered as "${registered}", called at ${called}`, async (t) => {
    const { shop, gate } = await stage(t)
    const keys = await gate.merchant({ notifyUrl: shop.url + registered })
    await paid(gate, keys)
    t.strictSame(shop.told.map(({ path }) => path), [called])
  })
}

await t.test('the notify URL of the command line is the demo merchant\'s', async (t) => {
  const shop = await endpoint(t)
  const gate = await open(t, { notifyUrl: `${shop.url}/hook` })
  const { billCode } = await paid(gate, demo)
  t.strictSame(shop.told.map((told) => [told.path, payload(told)['billCode'], verifies(demo, told)]), [['/hook/payNotification', billCode, true]])
})

await t.test('a merchant without a URL is told nothing, and nothing breaks', async (t) => {
  const { shop, gate } = await stage(t)
  const keys = await gate.merchant()
  const { billCode } = await paid(gate, keys)
  await gate.advance('1d')
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS' })
  t.equal(shop.told.length, 0)
})

await t.test('each merchant is told of its own bills, signed with its own secret', async (t) => {
  const [one, two] = [await endpoint(t), await endpoint(t)]
  const gate = await open(t)
  for (const shop of [one, two]) {
    const keys = await gate.merchant({ notifyUrl: shop.url })
    const { billCode } = await paid(gate, keys)
    t.strictSame(shop.told.map((told) => [payload(told)['billCode'], verifies(keys, told)]), [[billCode, true]])
  }
})

/* What counts as a yes. */

const html = { 'content-type': 'text/html' }
const acknowledgements: [string, Reply, 'delivered' | 'tried again'][] = [
  ['204', { status: 204 }, 'delivered'],
  ['200 and no body', { status: 200 }, 'delivered'],
  ['200 ok', { status: 200, body: 'ok' }, 'delivered'],
  ['200 and a page', { status: 200, body: '<h1>false</h1>', headers: html }, 'delivered'],
  ['200 success true', { status: 200, body: '{"success":true,"message":""}' }, 'delivered'],
  ['200 {}', { status: 200, body: '{}' }, 'delivered'],
  ['200 success "false", no boolean', { status: 200, body: '{"success":"false"}' }, 'delivered'],
  ['200 success null, no boolean', { status: 200, body: '{"success":null}' }, 'delivered'],
  ['200 broken JSON', { status: 200, body: '{"success":false' }, 'delivered'],
  ['200 null', { status: 200, body: 'null', headers: { 'content-type': 'application/json' } }, 'delivered'],
  ['201', { status: 201 }, 'delivered'],
  ['200 success false', { status: 200, body: '{"success":false,"message":"busy"}' }, 'tried again'],
  ['200 success false, pretty and as text', { status: 200, body: ' {\n "success" : false }', headers: { 'content-type': 'text/plain' } }, 'tried again'],
  ['400', { status: 400, body: '{"success":true}' }, 'tried again'],
  ['404', { status: 404 }, 'tried again'],
  ['500', { status: 500 }, 'tried again'],
  ['503', { status: 503, body: 'ok' }, 'tried again'],
  ['302', { status: 302, headers: { location: '/elsewhere' } }, 'tried again'],
  ['307', { status: 307, headers: { location: '/elsewhere' } }, 'tried again'],
  ['304', { status: 304 }, 'tried again'],
]
for (const [name, reply, outcome] of acknowledgements) {
  await t.test(`${name}: ${outcome}`, async (t) => {
    const { shop, gate, keys } = await stage(t, reply)
    await paid(gate, keys)
    t.equal(shop.told.length, 1)
    await gate.advance('15s')
    t.equal(shop.told.length, outcome === 'delivered' ? 1 : 2)
    t.ok(shop.told.every(({ path }) => path === '/payNotification'), 'no redirect is followed')
    const [notification] = await gate.notifications(keys)
    t.equal(attemptsOf(notification)[0]?.['status'], reply.status, 'the answer is on record')
  })
}

/* How often. */

await t.test('eleven attempts, each wait counted from the attempt before, to the second', async (t) => {
  const { shop, gate, keys } = await stage(t, { status: 500 })
  await paid(gate, keys)
  t.equal(shop.told.length, 1, 'at once')
  for (const [n, wait] of SECONDS.entries()) {
    await gate.advance(`${String(wait - 1)}s`)
    t.equal(shop.told.length, n + 1, `not before ${String(WAITS[n])}`)
    await gate.advance('1s')
    t.equal(shop.told.length, n + 2, `after ${String(WAITS[n])}`)
  }
  await gate.advance('30d')
  t.equal(shop.told.length, 11, 'then given up')
})

await t.test('the whole schedule in one advance', async (t) => {
  const { shop, gate, keys } = await stage(t, { status: 500 })
  await paid(gate, keys)
  await gate.advance('2d')
  t.equal(shop.told.length, 11)
  const [notification] = await gate.notifications(keys)
  const attempts = attemptsOf(notification)
  t.strictSame(secondsBetween(attempts), SECONDS)
  t.ok(attempts.every((attempt) => attempt['status'] === 500), 'each with its answer')
  t.equal(Date.parse(string(attempts[0]?.['at'])), Date.parse('2025-08-04T05:45:21Z'), 'the first when it was paid')
})

await t.test('a wait counts from the attempt, also when it came late', async (t) => {
  const { shop, gate, keys } = await stage(t, { status: 500 })
  await paid(gate, keys)
  for (const wait of WAITS.slice(0, 3)) await gate.advance(wait)
  t.equal(shop.told.length, 4)
  const [notification] = await gate.notifications(keys)
  t.strictSame(secondsBetween(attemptsOf(notification)), SECONDS.slice(0, 3))
})

await t.test('the same bytes on every attempt', async (t) => {
  const { shop, gate, keys } = await stage(t, { status: 500 })
  await paid(gate, keys)
  await gate.advance('2d')
  const [first] = shop.told
  t.equal(shop.told.length, 11)
  for (const told of shop.told) {
    t.ok(first !== undefined && told.body.equals(first.body), 'the body')
    t.ok(verifies(keys, told), 'the signature')
  }
})

await t.test('no more once it is taken', async (t) => {
  const { shop, gate, keys } = await stage(t, (told) => ({ status: told.length < 3 ? 500 : 200 }))
  await paid(gate, keys)
  await gate.advance('2d')
  t.strictSame(shop.told.map(({ status }) => status), [500, 500, 200])
  const [notification] = await gate.notifications(keys)
  t.strictSame(attemptsOf(notification).map((attempt) => attempt['status']), [500, 500, 200])
})

await t.test('nobody listens: tried on, with the error on record; once there, a resend delivers', async (t) => {
  const port = await deadPort()
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: `http://127.0.0.1:${String(port)}` })
  const { billCode } = await paid(gate, keys)
  await gate.advance('2d')
  const [notification] = await gate.notifications(keys)
  const attempts = attemptsOf(notification)
  t.equal(attempts.length, 11)
  t.strictSame(secondsBetween(attempts), SECONDS)
  for (const attempt of attempts) t.match(attempt['error'], /\S/, 'says what went wrong')

  const shop = await endpoint(t, { status: 204 }, port)
  const resent = await gate.control('POST', `/notifications/${string(object(notification)['id'])}/resend`, {})
  fine(t, resent)
  const told = await shop.next()
  t.hasStrict(payload(told), { billCode, status: 'PAY_SUCCESS', payTime: NOW })
  t.ok(verifies(keys, told))
  await gate.settle()
  await gate.advance('2d')
  t.equal(shop.told.length, 1, 'and once is enough')
})

await t.test('the endpoint comes up between two attempts', async (t) => {
  const port = await deadPort()
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: `http://127.0.0.1:${String(port)}/shop` })
  await paid(gate, keys)
  const shop = await endpoint(t, { status: 200 }, port)
  await gate.advance('15s')
  await gate.advance('1d')
  t.strictSame(shop.told.map(({ path }) => path), ['/shop/payNotification'])
})

await t.test('one dead merchant does not hold up another', async (t) => {
  const { shop, gate, keys } = await stage(t)
  const dead = await gate.merchant({ notifyUrl: `http://127.0.0.1:${String(await deadPort())}` })
  await paid(gate, dead)
  await paid(gate, keys)
  t.equal(shop.told.length, 1)
})

await t.test('one bill that is not taken does not hold up another', async (t) => {
  const { shop, gate, keys } = await stage(t, (told) => ({ status: payload(told[0])['billCode'] === payload(told.at(-1))['billCode'] ? 500 : 200 }))
  const [first, second] = [await paid(gate, keys), await paid(gate, keys)]
  t.strictSame(shop.told.map(payload).map((one) => one['billCode']), [first.billCode, second.billCode])
})

await t.test('deliveries about one bill keep their order', async (t) => {
  const { shop, gate, keys } = await stage(t, (told) => ({ status: told.length < 3 ? 500 : 200 }))
  const { billCode } = await gate.bill(keys)
  await gate.must(billCode, 'fail', { errorCode: 'TIMEOUT_ERROR' })
  await gate.settle()
  await gate.must(billCode, 'pay', { late: true })
  await gate.settle()
  t.strictSame(shop.statuses(), ['PAY_FAIL'], 'the success waits until the failure is taken')
  await gate.advance('1h')
  t.strictSame(shop.statuses(), ['PAY_FAIL', 'PAY_FAIL', 'PAY_FAIL', 'PAY_SUCCESS'])
  t.ok(shop.told.every((told) => verifies(keys, told)))
})

/* Resent and sent by hand. */

await t.test('what was delivered can be sent again', async (t) => {
  const { shop, gate, keys } = await stage(t)
  await paid(gate, keys)
  const [notification] = await gate.notifications(keys)
  const answer = await gate.control('POST', `/notifications/${string(object(notification)['id'])}/resend`, {})
  fine(t, answer)
  await gate.settle()
  t.equal(shop.told.length, 2)
  const [first, second] = shop.told
  t.strictSame(payload(second), payload(first))
  t.ok(shop.told.every((told) => verifies(keys, told)))
})

await t.test('every attempt is on record, and the notifications of a bill can be found', async (t) => {
  const { gate, keys } = await stage(t, (told) => (told.length === 1 ? { status: 500, body: 'out of order' } : { status: 200, body: 'ok' }))
  const { tradeUuid, billCode } = await paid(gate, keys)
  await gate.advance('15s')
  const [notification] = await gate.notifications(keys)
  t.hasStrict(notification, { billCode, tradeUuid })
  const attempts = attemptsOf(notification)
  t.strictSame(attempts.map((attempt) => attempt['status']), [500, 200])
  t.strictSame(secondsBetween(attempts), [15])
  for (const filter of [`tradeUuid=${tradeUuid}`, `billCode=${billCode}`, `appKey=${keys.appKey}&tradeUuid=${tradeUuid}`]) {
    const found = list(body(await gate.control('GET', `/notifications?${filter}`))['items'])
    t.strictSame(found.map((one) => one['id']), [object(notification)['id']], filter)
  }
  t.strictSame(list(body(await gate.control('GET', '/notifications?billCode=nothing'))['items']), [])
})
