// INTERFACE.md §3: the control API, as a developer and a test suite use it.
import { get } from 'node:http'
import { pino } from 'pino'
import t from 'tap'
import { startApp } from '../src/app.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { application, body, demo, endpoint, fine, items, list, object, open, parsed, send, sign, signAsObject, string, unique } from './helpers/blackbox.ts'
import type { Test } from 'tap'
import type { Answer, Gate, Json, Keys, Made, Options } from './helpers/blackbox.ts'

/** RFC 9457, with the status that HTTP carries. */
const problem = (t: Test, answer: Answer, status: number | number[], names = ''): void => {
  t.ok([status].flat().includes(answer.status), `status ${[status].flat().join(' or ')}`, { answer })
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
  t.equal(body(answer)['status'], answer.status, 'the status in the problem too')
  t.ok(answer.text.includes(names), `names ${names}`, { text: answer.text })
  t.notMatch(answer.text, /\n\s+at | {4}at |node_modules|node:internal/, 'no stack trace')
}
const now = async (gate: Gate): Promise<number> => Date.parse(string(body(await gate.control('GET', '/clock'))['now']))
/** Bills made a second apart. */
const row = async (gate: Gate, keys: Keys, count: number): Promise<Made[]> => {
  const made: Made[] = []
  for (let n = 0; n < count; n += 1) {
    made.push(await gate.bill(keys))
    await gate.advance('1s')
  }
  return made
}
const found = async (gate: Gate, query: string): Promise<unknown[]> =>
  items(await gate.control('GET', `/bills?${query}`)).map(({ billCode }) => billCode)

/* Health. */

await t.test('health', async (t) => {
  const gate = await open(t)
  const answer = await gate.health()
  t.equal(answer.status, 200)
  const health = body(answer)
  t.equal(health['status'], 'ok')
  t.match(health['version'], /^\d+\.\d+\.\d+/)
  for (const name of ['bills', 'clock']) t.ok(name in health, name)
})

/* Bills. */

await t.test('bills, newest first', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  t.strictSame(body(await gate.control('GET', '/bills')), { items: [], nextCursor: null })
  const made = await row(gate, keys, 3)
  const answer = body(await gate.control('GET', '/bills'))
  t.strictSame(list(answer['items']).map(({ tradeUuid }) => tradeUuid), made.map(({ tradeUuid }) => tradeUuid).reverse())
  t.equal(answer['nextCursor'], null)
})

await t.test('bills by appKey, status, tradeUuid and orderCode', async (t) => {
  const gate = await open(t)
  const [mine, theirs] = [await gate.merchant(), await gate.merchant()]
  const [a, b] = [await gate.bill(mine), await gate.bill(mine)]
  const c = await gate.bill(theirs)
  await gate.must(b.billCode, 'pay')
  t.strictSame((await found(gate, `appKey=${mine.appKey}`)).sort(), [a.billCode, b.billCode].sort())
  t.strictSame(await found(gate, 'status=PAY_SUCCESS'), [b.billCode])
  t.strictSame(await found(gate, `appKey=${mine.appKey}&status=PAY_WAIT`), [a.billCode])
  t.strictSame(await found(gate, `tradeUuid=${c.tradeUuid}`), [c.billCode])
  t.strictSame(await found(gate, `orderCode=${a.orderCode}`), [a.billCode])
  t.strictSame(await found(gate, `appKey=${mine.appKey}&orderCode=${c.orderCode}`), [])
  t.strictSame(await found(gate, 'appKey=nobody'), [])
})

await t.test('bills page by page', async (t) => {
  const gate = await open(t)
  const made = await row(gate, await gate.merchant(), 5)
  const seen: unknown[] = []
  let cursor: unknown = ''
  for (let page = 0; page < 4 && cursor !== null; page += 1) {
    const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(string(cursor))}`
    const answer = body(await gate.control('GET', `/bills?limit=2${next}`))
    t.ok(list(answer['items']).length <= 2, 'not more than asked for')
    seen.push(...list(answer['items']).map(({ billCode }) => billCode))
    cursor = answer['nextCursor']
  }
  t.equal(cursor, null, 'the last page says so')
  t.strictSame(seen, made.map(({ billCode }) => billCode).reverse(), 'each bill once, newest first')
})

await t.test('a page keeps its place while bills are added', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const made = await row(gate, keys, 4)
  const first = body(await gate.control('GET', '/bills?limit=2'))
  await gate.bill(keys)
  const rest = await found(gate, `limit=10&cursor=${encodeURIComponent(string(first['nextCursor']))}`)
  t.strictSame(rest, made.slice(0, 2).map(({ billCode }) => billCode).reverse())
})

await t.test('limits that are none', async (t) => {
  const gate = await open(t)
  for (const limit of ['-1', 'many']) problem(t, await gate.control('GET', `/bills?limit=${limit}`), [400, 422])
})

await t.test('one bill', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const { billCode, tradeUuid, orderCode, paymentRequestId } = await gate.bill(keys)
  const wanted = { billCode, tradeUuid, orderCode, paymentRequestId, appKey: keys.appKey }
  t.hasStrict(body(await gate.control('GET', `/bills/${billCode}`)), { ...wanted, status: 'PAY_WAIT' })
  await gate.must(billCode, 'pay')
  const answer = await gate.control('GET', `/bills/${billCode}`)
  t.hasStrict(body(answer), { ...wanted, status: 'PAY_SUCCESS' })
  t.match(answer.text, /wait-for-customer/, 'names its scenario')
})

for (const [move, content, status, errorCode] of [
  ['pay', {}, 'PAY_SUCCESS', ''], ['fail', { errorCode: 'ISSUER_UNAVAILABLE' }, 'PAY_FAIL', 'ISSUER_UNAVAILABLE'],
  ['cancel', {}, 'PAY_CANCEL', ''], ['expire', {}, 'PAY_FAIL', 'PAYMENT_REQUEST_EXPIRED'],
] as const) {
  await t.test(`${move}: ${status}`, async (t) => {
    const gate = await open(t)
    const keys = await gate.merchant()
    const { billCode } = await gate.bill(keys)
    fine(t, await gate.act(billCode, move, content))
    t.hasStrict(await gate.status(keys, billCode), { status, errorCode })
    t.hasStrict(body(await gate.control('GET', `/bills/${billCode}`)), { status })
  })
}

await t.test('pay without a body', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const { billCode } = await gate.bill(keys)
  fine(t, await gate.control('POST', `/bills/${billCode}/pay`))
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS' })
})

for (const [made, content, status] of [
  ['pay', {}, 'PAY_SUCCESS'], ['fail', { errorCode: 'SERVER_ERROR' }, 'PAY_FAIL'], ['cancel', {}, 'PAY_CANCEL'],
] as const) {
  await t.test(`${status} is final`, async (t) => {
    const gate = await open(t)
    const keys = await gate.merchant()
    const { billCode } = await gate.bill(keys)
    await gate.must(billCode, made, content)
    const before = await gate.status(keys, billCode)
    for (const move of ['pay', 'fail', 'cancel', 'expire'].filter((one) => one !== made)) {
      const errorCode = move === 'fail' ? { errorCode: 'TIMEOUT_ERROR' } : {}
      problem(t, await gate.act(billCode, move, errorCode), 409, status)
    }
    t.strictSame(await gate.status(keys, billCode), before, 'and nothing changed')
  })
}

for (const move of ['fail', 'cancel', 'expire']) {
  await t.test(`a late success after ${move}`, async (t) => {
    const gate = await open(t)
    const keys = await gate.merchant()
    const { billCode } = await gate.bill(keys)
    await gate.must(billCode, move, move === 'fail' ? { errorCode: 'TIMEOUT_ERROR' } : {})
    await gate.advance('10s')
    problem(t, await gate.act(billCode, 'pay', { late: false }), 409)
    fine(t, await gate.act(billCode, 'pay', { late: true }))
    t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS', errorCode: '', amount: 1.1, payTime: '2025-08-04 13:45:31' })
  })
}

await t.test('a bill by its tradeUuid', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const { billCode, tradeUuid } = await gate.bill(keys)
  t.hasStrict(body(await gate.control('GET', `/bills/tradeUuid:${tradeUuid}`)), { billCode, tradeUuid })
  fine(t, await gate.act(`tradeUuid:${tradeUuid}`, 'pay'))
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS' })
})

await t.test('a tradeUuid of two merchants wants an appKey', async (t) => {
  const gate = await open(t)
  const [one, two] = [await gate.merchant(), await gate.merchant()]
  const tradeUuid = unique('shared')
  const [a, b] = [await gate.bill(one, { tradeUuid }), await gate.bill(two, { tradeUuid })]
  const answer = await gate.control('GET', `/bills/tradeUuid:${tradeUuid}`)
  problem(t, answer, 409, one.appKey)
  problem(t, answer, 409, two.appKey)
  problem(t, await gate.act(`tradeUuid:${tradeUuid}`, 'pay'), 409)
  for (const [keys, { billCode }] of [[one, a], [two, b]] as const) {
    t.hasStrict(body(await gate.control('GET', `/bills/tradeUuid:${tradeUuid}?appKey=${keys.appKey}`)), { billCode, appKey: keys.appKey })
  }
  fine(t, await gate.control('POST', `/bills/tradeUuid:${tradeUuid}/pay?appKey=${two.appKey}`, {}))
  t.hasStrict(await gate.status(one, a.billCode), { status: 'PAY_WAIT' })
  t.hasStrict(await gate.status(two, b.billCode), { status: 'PAY_SUCCESS' })
})

await t.test('what is not there is 404', async (t) => {
  const gate = await open(t)
  for (const path of ['/bills/nothing', '/bills/tradeUuid:nothing', '/bills/__proto__', '/notifications/nothing', '/requests/nothing', '/scenarios/nothing', '/merchants/nobody', '/merchants/constructor', '/nothing']) {
    problem(t, await gate.control('GET', path), 404)
  }
  for (const move of ['pay', 'cancel', 'expire', 'notify']) problem(t, await gate.act('nothing', move), 404)
  problem(t, await gate.act('nothing', 'fail', { errorCode: 'SERVER_ERROR' }), 404)
  problem(t, await gate.control('POST', '/notifications/nothing/resend', {}), 404)
  problem(t, await gate.control('PATCH', '/merchants/nobody', { name: 'x' }), 404)
  problem(t, await gate.control('DELETE', '/merchants/nobody'), 404)
})

await t.test('bodies that are none', async (t) => {
  const gate = await open(t)
  const { billCode } = await gate.bill(await gate.merchant())
  for (const path of [`/bills/${billCode}/pay`, '/clock/advance', '/merchants', '/reset']) {
    for (const content of ['{', '[]', '"text"', '{"late":"yes","by":1,"name":{},"merchants":"all"}']) {
      problem(t, await gate.control('POST', path, content), [400, 422])
    }
  }
  t.hasStrict(body(await gate.control('GET', `/bills/${billCode}`)), { status: 'PAY_WAIT' })
})

/* Clock. */

await t.test('the manual clock stands still until it is advanced', async (t) => {
  const gate = await open(t)
  const start = await now(gate)
  t.equal(start, Date.parse('2025-08-04T13:45:21+08:00'))
  t.equal(body(await gate.control('GET', '/clock'))['mode'], 'manual')
  let total = 0
  for (const [by, ms] of Object.entries({ '0s': 0, '500ms': 500, '3s': 3000, '15m': 900_000, '48h': 172_800_000, '2d': 172_800_000, PT15M: 900_000, P1D: 86_400_000 })) {
    await gate.advance(by)
    total += ms
    t.equal(await now(gate) - start, total, by)
  }
})

await t.test('advanced to a time', async (t) => {
  const gate = await open(t)
  const { billCode } = await gate.bill(await gate.merchant())
  fine(t, await gate.control('POST', '/clock/advance', { to: '2026-01-01 00:00:00' }))
  t.equal(await now(gate), Date.parse('2026-01-01T00:00:00+08:00'))
  t.hasStrict(body(await gate.control('GET', `/bills/${billCode}`)), { status: 'PAY_FAIL' }, 'what fell due has run')
})

await t.test('durations and times that are none', async (t) => {
  const gate = await open(t)
  const start = await now(gate)
  for (const by of ['banana', '', '-5s', '5', 's', '1y2', 5, null, {}, '1h;']) {
    problem(t, await gate.control('POST', '/clock/advance', { by }), [400, 422])
  }
  for (const to of ['tomorrow', '2026-02-30 00:00:00', '', 5]) {
    problem(t, await gate.control('POST', '/clock/advance', { to }), [400, 422])
  }
  problem(t, await gate.control('POST', '/clock/advance', {}), [400, 422])
  problem(t, await gate.control('POST', '/clock/advance', { to: '2020-01-01 00:00:00' }), [400, 409, 422])
  t.equal(await now(gate), start, 'the clock did not move')
})

await t.test('the clock is set', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  fine(t, await gate.control('PUT', '/clock', { mode: 'manual', now: '2025-12-31 23:59:59' }))
  t.equal(await now(gate), Date.parse('2025-12-31T23:59:59+08:00'))
  const { billCode } = await gate.bill(keys)
  await gate.must(billCode, 'pay')
  t.hasStrict(await gate.status(keys, billCode), { payTime: '2025-12-31 23:59:59' })
  fine(t, await gate.control('PUT', '/clock', { mode: 'real' }))
  t.equal(body(await gate.control('GET', '/clock'))['mode'], 'real')
  problem(t, await gate.control('PUT', '/clock', { mode: 'sundial' }), [400, 422])
})

/* Merchants. */

await t.test('a fresh merchant, flat, with keys and the demo accounts', async (t) => {
  const gate = await open(t)
  const answer = await gate.control('POST', '/merchants', {})
  t.equal(answer.status, 201)
  const made = body(answer)
  t.match(made['appKey'], /^\S+$/)
  t.match(made['appSecret'], /^\S+$/)
  t.strictSame(list(made['payAccounts']).map(({ payAccount }) => payAccount), ['account1'])
  const keys = { appKey: string(made['appKey']), appSecret: string(made['appSecret']) }
  t.equal(list(parsed(await gate.call('queryPayAccount', { payAccount: 'account1' }, { keys }))).length, 3)
  const other = body(await gate.control('POST', '/merchants', {}))
  t.not(other['appKey'], made['appKey'])
  t.not(other['appSecret'], made['appSecret'])
})

await t.test('a merchant with its own fields', async (t) => {
  const gate = await open(t)
  const given = { appKey: 'shop-7', appSecret: 'secret-7', name: '第七商店', notifyUrl: 'http://127.0.0.1:9/shop' }
  const answer = await gate.control('POST', '/merchants', given)
  t.equal(answer.status, 201)
  t.hasStrict(body(answer), given)
  t.hasStrict(body(await gate.control('GET', '/merchants/shop-7')), { appKey: 'shop-7', name: '第七商店', notifyUrl: 'http://127.0.0.1:9/shop' })
  problem(t, await gate.control('POST', '/merchants', given), 409, 'shop-7')
  for (const wrong of [{ notifyUrl: 'no URL' }, { appKey: 7 }, { payAccounts: 'all' }, { payAccounts: [{}] }, { signature: 'loose' }, { duplicate: 'maybe' }]) {
    problem(t, await gate.control('POST', '/merchants', wrong), [400, 422])
  }
})

await t.test('secrets are not shown again', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const all = await gate.control('GET', '/merchants')
  t.strictSame(items(all).map(({ appKey }) => appKey).sort(), [demo.appKey, keys.appKey].sort())
  const views = [all, await gate.control('GET', `/merchants/${keys.appKey}`), await gate.control('GET', `/merchants/${demo.appKey}`), await gate.control('PATCH', `/merchants/${keys.appKey}`, { name: 'new name' })]
  for (const view of views) {
    t.equal(view.status, 200)
    t.notOk(view.text.includes(keys.appSecret) || view.text.includes(demo.appSecret), 'no secret')
  }
  t.hasStrict(body(await gate.control('GET', `/merchants/${keys.appKey}`)), { name: 'new name' })
})

await t.test('a new secret is shown once, and holds at once', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const answer = await gate.control('PATCH', `/merchants/${keys.appKey}`, { appSecret: 'changed' })
  t.equal(answer.status, 200)
  t.equal(body(answer)['appSecret'], 'changed')
  const old = await gate.call('queryPayAccount', { payAccount: 'account1' }, { keys })
  t.equal(old.headers['x-qlink-sandbox-error'], 'SIGN_MISMATCH')
  const next = await gate.call('queryPayAccount', { payAccount: 'account1' }, { keys: { ...keys, appSecret: 'changed' } })
  t.equal(list(parsed(next)).length, 3)
})

await t.test('a merchant is removed', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  fine(t, await gate.control('DELETE', `/merchants/${keys.appKey}`))
  problem(t, await gate.control('GET', `/merchants/${keys.appKey}`), 404)
  const answer = await gate.call('queryPayAccount', { payAccount: 'account1' }, { keys })
  t.equal(answer.headers['x-qlink-sandbox-error'], 'APP_KEY_UNKNOWN')
})

/* Scenarios, signature, journal. */

await t.test('a scenario is put, read, used and removed', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  await gate.scenario('pays-itself', { timeline: [{ after: '2s', become: 'PAY_SUCCESS' }] })
  t.hasStrict(body(await gate.control('GET', '/scenarios/pays-itself')), { name: 'pays-itself' })
  t.ok(items(await gate.control('GET', '/scenarios')).some(({ name }) => name === 'pays-itself'))
  const { billCode } = await gate.bill(keys, { metadata: { qlinkScenario: 'pays-itself' } })
  await gate.advance('1s')
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_WAIT' })
  await gate.advance('1s')
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS' })
  fine(t, await gate.control('DELETE', '/scenarios/pays-itself'))
  problem(t, await gate.control('GET', '/scenarios/pays-itself'), 404)
  problem(t, await gate.control('PUT', '/scenarios/broken', { name: 'broken', timeline: [{ after: 'soon', become: 'RICH' }] }), [400, 422])
})

/* Reset. */

await t.test('reset: no bills, and the merchants as asked', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const { billCode } = await gate.bill(keys)
  await gate.scenario('temporary', { timeline: [{ after: '2s', become: 'PAY_SUCCESS' }] })
  fine(t, await gate.control('POST', '/reset', { merchants: false }))
  t.strictSame(items(await gate.control('GET', '/bills')), [])
  t.strictSame(items(await gate.control('GET', '/notifications')), [])
  problem(t, await gate.control('GET', `/bills/${billCode}`), 404)
  problem(t, await gate.control('GET', '/scenarios/temporary'), 404)
  t.strictSame(parsed(await gate.call('getPayStatus', { billCodeList: [billCode] }, { keys })), [], 'the merchant is still there')
  fine(t, await gate.control('POST', '/reset', { merchants: true }))
  problem(t, await gate.control('GET', `/merchants/${keys.appKey}`), 404)
  t.strictSame(items(await gate.control('GET', '/merchants')).map(({ appKey }) => appKey), [demo.appKey])
  await gate.bill(demo)
})

await t.test('a tradeUuid is free again after a reset', async (t) => {
  const gate = await open(t)
  await gate.bill(demo, { tradeUuid: 'again' })
  fine(t, await gate.control('POST', '/reset', {}))
  await gate.bill(demo, { tradeUuid: 'again' })
  t.equal((await found(gate, 'tradeUuid=again')).length, 1)
})

/* Who may. */

await t.test('the control token', async (t) => {
  const gate = await open(t, { controlToken: 'let-me-in' })
  const calls: [string, string, Json?][] = [['GET', '/bills'], ['GET', '/clock'], ['GET', '/merchants'], ['POST', '/reset', {}], ['POST', '/clock/advance', { by: '1h' }], ['GET', '/nothing']]
  for (const [method, path, content] of calls) {
    for (const authorization of [undefined, 'Bearer wrong', 'Bearer', 'let-me-in', 'Basic let-me-in', 'Bearer let-me-in2']) {
      problem(t, await gate.control(method, path, content, authorization === undefined ? {} : { authorization }), 401)
    }
  }
  const token = { authorization: 'Bearer let-me-in' }
  for (const [method, path, content] of calls.slice(0, -1)) fine(t, await gate.control(method, path, content, token))
  t.equal((await gate.health()).status, 200, 'health is free')
  const { billCode } = await gate.bill(demo)
  t.hasStrict(await gate.cancel(demo, billCode), { success: true, status: 'SUCCESS' }, 'so are the four endpoints')
})

await t.test('with a token, everything that the document tells of asks for it', async (t) => {
  const gate = await open(t, { controlToken: 'let-me-in' })
  const document = body(await send(`${gate.url}/openapi.json`, { method: 'GET', headers: { authorization: 'Bearer let-me-in' } }))
  let asked = 0
  for (const [path, methods] of Object.entries(object(document['paths']))) {
    if (path === '/health' || path.startsWith('/open-platform-api/')) continue
    for (const method of Object.keys(object(methods))) {
      const answer = await send(`${gate.url}${path.replace(/\{\w+\}/g, 'x')}`, { method: method.toUpperCase(), headers: { 'content-type': 'application/json' }, body: ['get', 'delete'].includes(method) ? '' : '{}' })
      t.equal(answer.status, 401, `${method} ${path}`)
      asked++
    }
  }
  t.ok(asked > 30, 'that is many', { asked })
})

await t.test('a signature is diagnosed, and no secret is told', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const content = '{"payAccount":"账号 1"}'
  const ask = async (signature: string, more: Json = {}): Promise<Json> => body(await gate.control('POST', '/signature', { appKey: keys.appKey, content, sign: signature, ...more }))
  const stringToSign = `{"appKey":"${keys.appKey}","content":"{\\"payAccount\\":\\"账号 1\\"}"}<appSecret>`
  t.strictSame(await ask(sign(keys, content)), {
    valid: true,
    code: null,
    mistakes: [],
    twins: [],
    message: 'the signature fits this body',
    messageZh: '签名与请求体相符',
    hashed: null,
    stringToSign,
    firstDifference: null,
    mend: null,
    steps: [],
    stepsZh: [],
  })
  t.match(await ask(signAsObject(keys, content)), { valid: false, code: 'content-as-object', message: /as a nested object/, stringToSign })
  t.match(await ask(sign(keys, content).toUpperCase()), { valid: false, code: 'uppercase-hex', hashed: stringToSign, firstDifference: null, message: /40 lower-case hex/ })
  t.match(await ask('signed, sealed, delivered'), { valid: false, code: 'malformed', message: /40 lower-case hex/, hashed: null })
  t.match(await ask(sign(keys, `${content} and more`)), { valid: false, code: 'unknown', mistakes: [], steps: [/hashes/, /sha1sum/, /journal/], stepsZh: [/哈希/, /sha1sum/, /日志/] })
  t.match(await ask(sign(demo, content)), { code: 'secret-of-another-merchant', hashed: /^\{"appKey":"demo-app-key".*<secret of another merchant>$/ }, 'signed as another merchant')
  t.match(await ask(sign({ ...keys, appSecret: demo.appSecret }, content)), { code: 'secret-of-another-merchant', firstDifference: { expected: /<appSecret>$/ } })
  t.match(await ask(sign(keys, ''), { content: '' }), { valid: true, stringToSign: `{"appKey":"${keys.appKey}"}<appSecret>` })
  fine(t, await gate.control('PATCH', `/merchants/${keys.appKey}`, { signature: 'object' }))
  t.match(await ask(signAsObject(keys, content)), { valid: true, stringToSign: `{"appKey":"${keys.appKey}","content":${content}}<appSecret>` }, 'as the merchant\'s setting has it')
  problem(t, await gate.control('POST', '/signature', { appKey: 'nobody', sign: 'x' }), 404)
  problem(t, await gate.control('POST', '/signature', { appKey: keys.appKey }), 400)

  await gate.call('apply', content, { keys: demo, sign: signAsObject(demo, content) })
  const [refused] = items(await gate.control('GET', '/requests'))
  t.match(refused, { reason: 'SIGN_MISMATCH', diagnosis: { valid: false, code: 'content-as-object', stringToSign: /<appSecret>$/ } }, 'the journal has it too')
  t.equal(refused?.['message'], `${String(object(refused?.['diagnosis'])['message'])} (content-as-object)`)
})

await t.test('a refused signature is explained where the merchant looks', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const content = '{"payAccount":"账号 1"}'
  const answer = await gate.call('queryPayAccount', content, { keys, sign: signAsObject(keys, content) })
  t.match(body(answer), { success: false, message: 'the signature does not fit this body: content was signed as a nested object, but must be the body as a JSON string, its quotes escaped (content-as-object)' })
  const byte = `{"appKey":"${keys.appKey}","content":`.length
  t.match(answer.headers, { 'x-qlink-sandbox-error': 'SIGN_MISMATCH', 'x-qlink-sandbox-hint': new RegExp(`^content-as-object; from byte ${byte} on \\.\\.\\..*"content":\\{.* was hashed, not .*; POST /_sandbox/signature says more$`) })

  // A body that was sent a moment ago.
  const before = '{"payAccount":"account1"}'
  fine(t, await gate.call('queryPayAccount', before, { keys }))
  const again = await gate.call('queryPayAccount', content, { keys, sign: sign(keys, before) })
  const [, sent] = items(await gate.control('GET', `/requests?appKey=${keys.appKey}`))
  t.match(body(again), { message: new RegExp(`another request's body.* \\(it fits ${String(sent?.['id'])}\\) \\(signature-of-another-request\\)$`) })
})

await t.test('who sends many wrong signatures is told so, and nobody else is kept waiting', async (t) => {
  const gate = await open(t)
  const [loud, quiet] = [await gate.merchant(), await gate.merchant()]
  // So large that each takes a good part of the time there is.
  const content = JSON.stringify({ payAccount: 'x'.repeat(100_000) })
  const refused = async (keys: typeof loud): Promise<string> => String(body(await gate.call('queryPayAccount', content, { keys, sign: 'f'.repeat(40) }))['message'])
  let asked = 0
  while (!(await refused(loud)).includes('left unexplained') && asked < 1000) asked++
  t.ok(asked > 0 && asked < 1000, 'the first is explained, and not all of them', { asked })
  t.match(await refused(quiet), /none of the (?:commonest|known) mistakes/)
  t.match(items(await gate.control('GET', `/requests?appKey=${loud.appKey}&limit=1`)), [{ diagnosis: { code: 'not-explained', stringToSign: /<appSecret>$/ } }])
})

/** Starts a sandbox whose log, all of it, comes to the lines. */
const logging = (lines: string[]) => async (options: Options) => {
  const settings = await resolveSettings({ given: { port: 0, data: 'memory', ...options }, spell: (name) => name, env: {} })
  return startApp(settings, { logger: pino({ level: 'trace' }, { write: (line) => { lines.push(line) } }) })
}

await t.test('the key of a checkout link does not get into the log, nor does the token', async (t) => {
  const lines: string[] = []
  const gate = await open(t, { controlToken: 'let-me-in' }, logging(lines))
  const link = string(body(await gate.call('apply', application({ payChannelCode: '' })))['actionValue'])
  const [page = '', key = ''] = link.split('?key=')
  for (const at of [link, `${page}/?key=${key}`, `${page}?a&key=${key}`]) await send(at, { method: 'GET' })
  t.equal((await send(`${page}/pay?key=${key}`)).status, 303)
  fine(t, await gate.control('GET', '/bills?limit=3', undefined, { authorization: 'Bearer let-me-in' }))
  const log = lines.join('')
  for (const told of [`${new URL(page).pathname}/pay"`, '/_sandbox/bills?limit=3']) t.ok(log.includes(told), told)
  for (const secret of [key, 'let-me-in']) t.notOk(log.includes(secret))
})

await t.test('secrets leave by the answers that make or change them, and by nothing else', async (t) => {
  const lines: string[] = []
  const gate = await open(t, { logLevel: 'trace' }, logging(lines))
  const shop = await endpoint(t, { status: 500 })
  const keys = await gate.merchant({ notifyUrl: shop.url })
  const events = new Promise<string>((resolve, reject) => {
    let seen = ''
    get(`${gate.url}/_sandbox/events`, (incoming) => {
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        seen += chunk
        if (seen.includes('SIGN_MISMATCH')) {
          incoming.destroy()
          resolve(seen)
        }
      })
    }).on('error', reject)
  })
  const changed = { ...keys, appSecret: 'a-secret-of-its-own' }
  t.equal(body(await gate.control('PATCH', `/merchants/${keys.appKey}`, { appSecret: changed.appSecret }))['appSecret'], changed.appSecret)
  const { billCode } = await gate.bill(changed)
  await gate.must(billCode, 'pay')
  await gate.advance('1m')
  await gate.call('apply', application(), { keys })
  await gate.call('apply', '{}', { keys: changed, sign: signAsObject(changed, '{}') })
  const others = [
    await gate.control('POST', '/signature', { appKey: keys.appKey, sign: 'x' }),
    await gate.control('POST', '/merchants', changed),
    await gate.control('PATCH', `/merchants/${keys.appKey}`, { name: 'renamed' }),
    await gate.control('PATCH', `/merchants/${keys.appKey}`, { appSecret: changed.appSecret, notifyUrl: 'none' }),
  ]
  t.strictSame(others.map(({ status }) => status), [200, 409, 200, 422])

  // Every GET that there is; a new one is here by itself.
  const document = await send(`${gate.url}/openapi.json`, { method: 'GET' })
  const first = async (path: string): Promise<string> => string(items(await gate.control('GET', path))[0]?.['id'])
  const named: Record<string, string> = { appKey: keys.appKey, 'bills/id': billCode, 'notifications/id': await first('/notifications'), 'requests/id': await first('/requests'), name: 'wait-for-customer' }
  const paths = Object.entries(object(object(parsed(document))['paths'])).flatMap(([path, calls]) => ('get' in object(calls) && path !== '/_sandbox/events' ? [path] : []))
  t.ok(paths.length > 15, 'that is many', { paths })
  const shown = await Promise.all(paths.map(async (path) => {
    const filled = path.replace(/(\w+)\/\{(\w+)\}/g, (_, list: string, name: string) => `${list}/${named[`${list}/${name}`] ?? named[name] ?? ''}`)
    const answer = await send(`${gate.url}${filled}${path.endsWith('/wait') ? '?timeout=1ms' : ''}`, { method: 'GET' })
    t.equal(answer.status, path === '/_sandbox/notifications/wait' ? 408 : 200, filled)
    return answer
  }))
  const all = [...others, ...shown, document].map(({ text }) => text).concat(await events, lines).join('\n')
  t.match(all, 'SIGN_MISMATCH')
  for (const secret of [keys.appSecret, changed.appSecret, demo.appSecret]) t.notOk(all.includes(secret), secret)
  for (const told of shop.told) t.notOk(lines.join('').includes(String(told.headers['sign'])), 'nor does a signature get into the log')
})

await t.test('a page of another origin is refused', async (t) => {
  const gate = await open(t)
  await gate.bill(demo)
  for (const origin of ['http://evil.example', 'https://evil.example:4800', 'null', 'http://127.0.0.1:1', `${gate.url}.evil.example`]) {
    for (const [method, path, content] of [['POST', '/reset', {}], ['POST', '/merchants', {}], ['GET', '/bills', undefined]] as const) {
      const answer = await gate.control(method, path, content, { origin })
      t.ok(answer.status >= 400 && answer.status < 500, `${origin} ${method} ${path}`, { answer })
    }
  }
  t.equal((await found(gate, '')).length, 1, 'nothing was reset')
})

await t.test('the sandbox\'s own page is allowed', async (t) => {
  const gate = await open(t)
  const local = gate.url.replace('127.0.0.1', 'localhost')
  for (const headers of [{ origin: gate.url }, { origin: local, host: new URL(local).host }]) {
    fine(t, await gate.control('GET', '/bills', undefined, headers))
    fine(t, await gate.control('POST', '/merchants', {}, headers))
  }
})

await t.test('a foreign host name is refused, so no rebound name gets in', async (t) => {
  const gate = await open(t)
  const { port } = new URL(gate.url)
  for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`]) {
    for (const headers of [{ host }, { host, origin: `http://${host}` }]) {
      const answer = await gate.control('POST', '/reset', {}, headers)
      t.ok(answer.status >= 400 && answer.status < 500, host, { answer })
    }
  }
})

await t.test('problems of the control API are objects, whatever was asked', async (t) => {
  const gate = await open(t)
  const answer = await gate.control('GET', '/bills/nothing')
  t.match(object(parsed(answer))['title'], /\S/)
  await send(`${gate.url}/_sandbox/%E0%A4%A`, { method: 'GET' }).then(({ status }) => { t.ok(status >= 400 && status < 500) })
})

await t.test('a notification by hand goes at once, whatever the bill is and whatever else waits', async (t) => {
  const shop = await endpoint(t, { status: 500 })
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: shop.url })
  const { billCode } = await gate.bill(keys)
  await gate.must(billCode, 'fail', { errorCode: 'X' })
  await gate.settle()
  t.strictSame(shop.statuses(), ['PAY_FAIL'], 'this one is being retried')
  const told = body(await gate.must(billCode, 'notify', { status: 'PAY_SUCCESS', copies: 2, sign: 'wrong', body: 'pretty-printed' }))
  t.hasStrict(told, { status: 'PAY_SUCCESS', state: 'given-up', nextAttemptAt: null })
  await gate.settle()
  t.strictSame(shop.statuses(), ['PAY_FAIL', 'PAY_SUCCESS', 'PAY_SUCCESS'])
  t.match(shop.told[1]?.body.toString('utf8'), /^\{\n/)
  t.not(shop.told[1]?.headers['sign'], sign(keys, String(shop.told[1]?.body)))
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_FAIL', 'nothing changed')
  await gate.advance('15s')
  t.strictSame(shop.statuses().slice(3), ['PAY_FAIL'], 'the retries go on, and only of the real one')

  t.equal(body(await gate.must(billCode, 'notify'))['status'], 'PAY_FAIL', 'left out, it tells of the bill as it is')
  t.equal((await gate.act(billCode, 'notify', { sign: 'bad' })).status, 400)
  t.equal((await gate.act('QL0', 'notify')).status, 404)
  const nobody = await gate.bill(await gate.merchant())
  const refused = await gate.act(nobody.billCode, 'notify')
  t.equal(refused.status, 409)
  t.match(refused.text, /has no notifyUrl; set one by PATCH/)
})
