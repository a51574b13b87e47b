// Whatever arrives, the answer is the documented failure with a reason and a place, and the sandbox lives on.
import { connect } from 'node:net'
import t from 'tap'
import {
  OPERATIONS, application, body, demo, item, list, object, open, parsed, refused, send, sign, string, survived, unique,
  withAmount, without,
} from './helpers/blackbox.ts'
import type { Test } from 'tap'
import type { Gate, Json } from './helpers/blackbox.ts'

const MISSING = ['FIELD_MISSING', 'FIELD_INVALID']
const NO_OBJECT = ['BODY_NOT_JSON', 'FIELD_INVALID', 'FIELD_MISSING']
const of = (length: number, letter = 'x'): string => letter.repeat(length)
const account = JSON.stringify({ payAccount: 'account1' })

const alive = async (t: Test, gate: Gate): Promise<void> => {
  const answer = await gate.health()
  t.equal(answer.status, 200)
  t.hasStrict(body(answer), { status: 'ok' }, 'still alive')
}

/* Headers, in the documented order of checks. */

await t.test('no header, and one header', async (t) => {
  const gate = await open(t)
  const post = (headers: Record<string, string>) => send(`${gate.baseUrl}/queryPayAccount`, {
    headers: { 'content-type': 'application/json', ...headers }, body: account,
  })
  refused(t, await post({}), 'HEADER_MISSING')
  refused(t, await post({ appKey: demo.appKey }), 'HEADER_MISSING', { names: 'sign' })
  refused(t, await post({ sign: sign(demo, account) }), 'HEADER_MISSING', { names: 'appKey' })
  await alive(t, gate)
})

await t.test('an appKey that nobody holds', async (t) => {
  const gate = await open(t)
  for (const appKey of ['nobody', 'DEMO-APP-KEY', '__proto__', 'constructor', 'toString', of(5000)]) {
    refused(t, await gate.call('queryPayAccount', account, { keys: { ...demo, appKey } }), 'APP_KEY_UNKNOWN')
  }
})

await t.test('wrong signatures', async (t) => {
  const gate = await open(t)
  const right = sign(demo, account)
  for (const wrong of ['0', of(40, '0'), right.slice(1), `${right}0`, '密', sign(demo, `${account} `), sign({ ...demo, appSecret: 'x' }, account)]) {
    const headers = { sign: Buffer.from(wrong).toString('latin1') }
    refused(t, await gate.call('queryPayAccount', account, { headers }), 'SIGN_MISMATCH')
  }
})

await t.test('the secret is in no refusal', async (t) => {
  const gate = await open(t)
  const answer = await gate.call('queryPayAccount', account, { sign: of(40, '0') })
  t.notMatch(answer.text + JSON.stringify(answer.headers), demo.appSecret)
  t.notMatch(answer.text + JSON.stringify(answer.headers), sign(demo, account))
})

await t.test('the right signature over other bytes', async (t) => {
  const gate = await open(t)
  const signature = sign(demo, account)
  for (const other of [`${account}\n`, ` ${account}`, account.replace(':', ': '), account.replace('1', '2'), '']) {
    refused(t, await gate.call('queryPayAccount', other, { sign: signature }), 'SIGN_MISMATCH')
  }
})

await t.test('the order of checks', async (t) => {
  const gate = await open(t)
  const nobody = { keys: { ...demo, appKey: 'nobody' } }
  const wrong = { sign: of(40, '0') }
  const garbled = Buffer.from([0x7b, 0xff, 0x7d])
  refused(t, await send(`${gate.baseUrl}/apply`, { headers: { 'content-type': 'application/json', appKey: 'nobody' }, body: garbled }), 'HEADER_MISSING')
  refused(t, await gate.call('apply', account, { ...nobody, ...wrong }), 'APP_KEY_UNKNOWN')
  refused(t, await gate.call('apply', garbled, nobody), 'APP_KEY_UNKNOWN')
  refused(t, await gate.call('apply', garbled, wrong), 'BODY_NOT_UTF8')
  refused(t, await gate.call('apply', '{no JSON', wrong), 'SIGN_MISMATCH')
  refused(t, await gate.call('apply', '{no JSON'), 'BODY_NOT_JSON')
  const { tradeUuid } = await gate.bill(demo)
  refused(t, await gate.call('apply', without(application({ tradeUuid }), 'orderCode')), 'FIELD_MISSING', { names: 'orderCode' })
  refused(t, await gate.call('apply', application({ payAccount: 'nobody', amount: 0 })), 'FIELD_INVALID', { names: 'amount' })
})

/* The body as a whole. */

await t.test('a body that is no UTF-8, signed or not', async (t) => {
  const gate = await open(t)
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xe9], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]]) {
    const content = Buffer.concat([Buffer.from('{"payAccount":"'), Buffer.from(bytes), Buffer.from('"}')])
    for (const operation of OPERATIONS) refused(t, await gate.call(operation, content), 'BODY_NOT_UTF8')
  }
  await alive(t, gate)
})

await t.test('an empty body, rightly signed', async (t) => {
  const gate = await open(t)
  for (const operation of OPERATIONS) {
    refused(t, await gate.call(operation, '', { sign: '11039972c0a0fe8dc5b7cd9451bd0bb4351aac21' }), NO_OBJECT)
  }
})

await t.test('not JSON', async (t) => {
  const gate = await open(t)
  for (const content of ['{', 'hello', '{"payAccount":}', "{'payAccount':'account1'}", `${account}${account}`, '{"payAccount":"account1",}', 'a=b&c=d', '<xml/>', '{"payAccount":NaN}', ' ']) {
    refused(t, await gate.call('queryPayAccount', content), 'BODY_NOT_JSON')
  }
})

await t.test('JSON, but no object', async (t) => {
  const gate = await open(t)
  for (const content of ['null', 'true', '1', '1.10', '"text"', '[]', `[${account}]`]) {
    for (const operation of OPERATIONS) refused(t, await gate.call(operation, content), NO_OBJECT)
  }
  await alive(t, gate)
})

await t.test('duplicate keys are no failure of the server', async (t) => {
  const gate = await open(t)
  const text = JSON.stringify(application())
  for (const twice of ['"tradeUuid":"a","tradeUuid":"a"', '"tradeUuid":"b","tradeUuid":"c"', '"tradeUuid":1,"tradeUuid":{}', '"amount":1,"amount":"2"', '"items":[],"items":{}']) {
    survived(t, await gate.call('apply', text.replace('{', `{${twice},`)))
  }
  await alive(t, gate)
})

await t.test('__proto__ and constructor.prototype poison nothing', async (t) => {
  const gate = await open(t)
  const text = JSON.stringify(application())
  for (const poison of ['"__proto__":{"polluted":true}', '"constructor":{"prototype":{"polluted":true}}', '"__proto__":null', '"\\u005f_proto__":{"polluted":true}', '"hasOwnProperty":1', '"toString":1', '"toJSON":1']) {
    for (const content of [text.replace('{', `{${poison},`), text.replace('"metadata":""', `"metadata":{${poison}}`), text.replace('[{', `[{${poison},`)]) {
      survived(t, await gate.call('apply', content.replace(/trade-\d+/, unique('poison'))))
    }
  }
  t.notOk('polluted' in {}, 'Object.prototype is as it was')
  await alive(t, gate)
})

await t.test('names of Object.prototype are ordinary text', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
    const { billCode } = await gate.bill(keys, { tradeUuid: name })
    t.hasStrict(parsed(await gate.call('getPayStatus', { tradeUuidList: [name] }, { keys })), [{ tradeUuid: name, billCode }])
    refused(t, await gate.call('queryPayAccount', { payAccount: name }, { keys }), 'PAY_ACCOUNT_UNKNOWN')
    refused(t, await gate.call('apply', application({ payTypeCode: name }), { keys }), 'PAY_TYPE_UNKNOWN')
    refused(t, await gate.call('apply', application({ currency: name }), { keys }), 'FIELD_INVALID', { names: 'currency' })
  }
})

await t.test('10,000 levels deep', async (t) => {
  const gate = await open(t)
  const deep = (left: string, right: string, inside = ''): string => left.repeat(10_000) + inside + right.repeat(10_000)
  for (const content of [deep('[', ']'), deep('{"a":', '}', '1'), deep('[', '')]) {
    for (const operation of OPERATIONS) refused(t, await gate.call(operation, content), NO_OBJECT)
  }
  for (const metadata of [deep('{"a":', '}', '1'), `{"a":${deep('[', ']')}}`]) {
    survived(t, await gate.call('apply', JSON.stringify(application()).replace('"metadata":""', `"metadata":${metadata}`)))
  }
  await alive(t, gate)
})

for (const limit of [2000, 1_048_576]) {
  await t.test(`a body of ${String(limit)} bytes, and of one more`, async (t) => {
    const gate = await open(t, limit === 2000 ? { bodyLimit: limit } : {})
    const sized = (bytes: number): string => {
      const text = JSON.stringify({ payAccount: 'account1', padding: '' })
      return text.replace('""', `"${of(bytes - Buffer.byteLength(text))}"`)
    }
    t.equal(list(parsed(await gate.call('queryPayAccount', sized(limit)))).length, 3, 'the limit met')
    for (const chunked of [false, true]) {
      refused(t, await gate.call('queryPayAccount', sized(limit + 1), { chunked }), 'BODY_TOO_LARGE')
    }
    await alive(t, gate)
  })
}

await t.test('a content type other than JSON', async (t) => {
  const gate = await open(t)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense']) {
    refused(t, await gate.call('queryPayAccount', account, { headers: { 'content-type': type } }), 'CONTENT_TYPE_UNSUPPORTED')
  }
})

await t.test('another method, another path', async (t) => {
  const gate = await open(t)
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    for (const operation of OPERATIONS) {
      refused(t, await send(`${gate.baseUrl}/${operation}`, { method }), 'METHOD_NOT_ALLOWED', { status: 405 })
    }
  }
  for (const path of ['/nothing', '/apply/more', '/', '/Apply', '/apply%00']) {
    refused(t, await gate.call(path.slice(1), account), 'PATH_UNKNOWN', { status: 404 })
  }
})

await t.test('bytes that are no HTTP, and a client that hangs up', async (t) => {
  const gate = await open(t)
  const { port, hostname } = new URL(gate.url)
  for (const bytes of ['GARBAGE\r\n\r\n', 'POST /open-platform-api/pay/apply HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a"', '\0\x01\x02']) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => { socket.end(bytes, () => { socket.destroy() }) })
      socket.on('error', () => undefined)
      socket.on('close', () => { resolve() })
    })
  }
  await alive(t, gate)
})

/* Fields: missing, of the wrong type, too long. */

const shared = await open(t)

interface Field { operation: string; path: string; make: (value: unknown) => Json; required?: boolean; wrong: unknown[] }
const TEXT = [1, {}, [], true]
const MIXED = [1, [], true]
const at = (field: string) => (value: unknown): Json => value === undefined ? without(application(), field) : application({ [field]: value })
const inItem = (field: string) => (value: unknown): Json =>
  application({ items: [item(), value === undefined ? without(item(), field) : item({ [field]: value })] })
const fields: Field[] = [
  ...['payAccount', 'payTypeCode', 'tradeUuid', 'tradeTime', 'orderCode', 'country', 'currency'].map((path) =>
    ({ operation: 'apply', path, make: at(path), required: true, wrong: TEXT })),
  ...['payChannelCode', 'source', 'description'].map((path) => ({ operation: 'apply', path, make: at(path), wrong: TEXT })),
  { operation: 'apply', path: 'amount', make: at('amount'), required: true, wrong: [{}, [], true, [1], { isLosslessNumber: true, value: '1' }] },
  { operation: 'apply', path: 'metadata', make: at('metadata'), wrong: MIXED },
  { operation: 'apply', path: 'items', make: at('items'), wrong: [1, {}, 'text', true] },
  { operation: 'apply', path: 'items[1]', make: (value) => application({ items: [item(), value] }), wrong: [1, 'text', [], true, null] },
  ...['skuCode', 'skuName'].map((name) => ({ operation: 'apply', path: `items[1].${name}`, make: inItem(name), required: true, wrong: TEXT })),
  { operation: 'apply', path: 'items[1].quantity', make: inItem('quantity'), required: true, wrong: [{}, [], true, 'abc', 'NaN'] },
  ...['url', 'imageUrl', 'category', 'subcategory', 'description'].map((name) =>
    ({ operation: 'apply', path: `items[1].${name}`, make: inItem(name), wrong: TEXT })),
  { operation: 'apply', path: 'items[1].metadata', make: inItem('metadata'), wrong: MIXED },
  { operation: 'queryPayAccount', path: 'payAccount', make: (payAccount) => ({ payAccount }), required: true, wrong: TEXT },
  { operation: 'cancel', path: 'tradeUuid', make: (tradeUuid) => ({ tradeUuid }), required: true, wrong: TEXT },
  { operation: 'cancel', path: 'billCode', make: (billCode) => ({ billCode, tradeUuid: 'x' }), wrong: TEXT },
  { operation: 'getPayStatus', path: 'tradeUuidList', make: (tradeUuidList) => ({ tradeUuidList }), required: true, wrong: [1, {}, 'text', true] },
  { operation: 'getPayStatus', path: 'billCodeList', make: (billCodeList) => ({ billCodeList, tradeUuidList: ['x'] }), wrong: [1, {}, 'text', true] },
  { operation: 'getPayStatus', path: 'tradeUuidList[1]', make: (id) => ({ tradeUuidList: ['x', id] }), wrong: [...TEXT, null] },
  { operation: 'getPayStatus', path: 'billCodeList[1]', make: (id) => ({ billCodeList: ['x', id] }), wrong: [...TEXT, null] },
]
for (const { operation, path, make, required = false, wrong } of fields) {
  await t.test(`${operation} ${path}: ${required ? 'missing, ' : ''}of the wrong type`, async (t) => {
    if (required) {
      refused(t, await shared.call(operation, make(undefined)), 'FIELD_MISSING', { names: path })
      refused(t, await shared.call(operation, make(null)), MISSING, { names: path })
    }
    for (const value of wrong) refused(t, await shared.call(operation, make(value)), value === null ? MISSING : 'FIELD_INVALID', { names: path })
    await alive(t, shared)
  })
}

await t.test('ids that are all empty', async (t) => {
  const gate = await open(t)
  for (const question of [{}, { tradeUuid: '', billCode: '' }]) refused(t, await gate.call('cancel', question), MISSING)
  for (const question of [{}, { tradeUuidList: [], billCodeList: [] }]) refused(t, await gate.call('getPayStatus', question), MISSING)
})

await t.test('lengths met exactly', async (t) => {
  const gate = await open(t)
  const payAccounts = [{
    payAccount: of(64, 'a'),
    methods: [
      { serviceProvider: 'P', type: 'PAY_TYPE', code: of(64, 't'), name: 'type' },
      { serviceProvider: 'P', type: 'PAY_CHANNEL', code: of(64, 'c'), name: 'channel' },
    ],
  }]
  const keys = await gate.merchant({ payAccounts })
  const longest = { payAccount: of(64, 'a'), payTypeCode: of(64, 't'), payChannelCode: of(64, 'c'), tradeUuid: of(128), orderCode: of(128), description: of(1000, '描') }
  t.hasStrict(body(await gate.call('apply', application(longest), { keys })), { success: true })
  t.hasStrict(body(await gate.call('apply', application({ items: Array.from({ length: 500 }, () => item()) }))), { success: true })
  const ids = { tradeUuidList: Array.from({ length: 300 }, (_, n) => `t${String(n)}`), billCodeList: Array.from({ length: 200 }, (_, n) => `b${String(n)}`) }
  t.strictSame(parsed(await gate.call('getPayStatus', ids)), [])
  refused(t, await gate.call('getPayStatus', { ...ids, billCodeList: [...ids.billCodeList, 'more'] }), 'FIELD_INVALID')
})

for (const [path, value] of Object.entries({
  payAccount: of(65), payTypeCode: of(65), payChannelCode: of(65), tradeUuid: of(129), orderCode: of(129), description: of(1001, '描'), items: Array.from({ length: 501 }, () => item()),
})) {
  await t.test(`${path} one too long`, async (t) => {
    refused(t, await shared.call('apply', application({ [path]: value })), 'FIELD_INVALID', { names: path })
  })
}

/* Fields: values. */

const badValues: Record<string, string[]> = {
  tradeTime: ['2025-02-30 00:00:00', '2025-02-29 10:00:00', '2025-13-01 00:00:00', '2025-08-04', '2025-08-04T13:45:21', '2025-08-04 25:00:00', '2025-08-04 13:60:00', '2025-8-4 13:45:21', '2025/08/04 13:45:21', 'yesterday', '1754286321'],
  country: ['XX', 'IDN', 'I', 'Indonesia', '印尼'],
  currency: ['ZZZ', 'ID', 'RUPIAH', 'Rp', '元'],
  source: ['QERP_EU', 'qerp_cn', 'QERP'],
}
for (const [path, values] of Object.entries(badValues)) {
  await t.test(`${path} with values that do not exist`, async (t) => {
    for (const value of values) refused(t, await shared.call('apply', application({ [path]: value })), 'FIELD_INVALID', { names: path })
  })
}

await t.test('amounts that are none', async (t) => {
  const gate = await open(t)
  for (const literal of ['0', '-1', '0.00', '-0', '-0.01', '1.123', '"0"', '"-1"', '"1.123"', '"abc"', '"1e3"', '"NaN"', '"Infinity"', '" 1"', '"1,5"', '"0x10"', '"1 "', '"1.1.1"', '"１"']) {
    refused(t, await gate.call('apply', withAmount(literal)), 'FIELD_INVALID', { names: 'amount' })
  }
  for (const literal of ['""', 'null']) refused(t, await gate.call('apply', withAmount(literal)), MISSING, { names: 'amount' })
  for (const literal of ['NaN', 'Infinity', '01', '+1', '.5', '1.', '0x10', '1_000']) {
    refused(t, await gate.call('apply', withAmount(literal)), 'BODY_NOT_JSON')
  }
  for (const literal of ['1e3', '1.10E+2', '1e400', '1e-400', '1e999999999', of(5000, '9'), `0.${of(5000, '1')}`, '12345678901234567890.12']) {
    survived(t, await gate.call('apply', withAmount(literal)))
  }
  await alive(t, gate)
})

await t.test('unknown fields are accepted', async (t) => {
  const gate = await open(t)
  t.hasStrict(body(await gate.call('apply', application({ payAcount: 'typo', extra: { a: [1] }, items: [item({ weight: 3 })] }))), { success: true })
  t.equal(list(parsed(await gate.call('queryPayAccount', { payAccount: 'account1', extra: null }))).length, 3)
  t.strictSame(parsed(await gate.call('getPayStatus', { tradeUuidList: ['x'], extra: 1 })), [])
  const { billCode } = await gate.bill(demo)
  t.hasStrict(body(await gate.call('cancel', { billCode, extra: 1 })), { success: true, status: 'SUCCESS' })
})

/* Business rules. */

await t.test('what the merchant does not have', async (t) => {
  const gate = await open(t)
  refused(t, await gate.call('queryPayAccount', { payAccount: 'account2' }), 'PAY_ACCOUNT_UNKNOWN', { names: 'payAccount' })
  refused(t, await gate.call('apply', application({ payAccount: 'account2' })), 'PAY_ACCOUNT_UNKNOWN', { names: 'payAccount' })
  for (const payTypeCode of ['OFFLINE', 'QRIS']) refused(t, await gate.call('apply', application({ payTypeCode })), 'PAY_TYPE_UNKNOWN', { names: 'payTypeCode' })
  for (const payChannelCode of ['DANA', 'ONLINE']) refused(t, await gate.call('apply', application({ payChannelCode })), 'PAY_CHANNEL_UNKNOWN', { names: 'payChannelCode' })
})

await t.test('a tradeUuid twice, with the same and with other fields', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const first = application()
  const { billCode } = await gate.bill(keys, JSON.stringify(first))
  for (const again of [first, { ...first, amount: 2, orderCode: 'other' }]) {
    refused(t, await gate.call('apply', again, { keys }), 'TRADE_UUID_TAKEN', { names: 'tradeUuid' })
  }
  t.hasStrict(parsed(await gate.call('getPayStatus', { tradeUuidList: [first['tradeUuid']] }, { keys })), [{ billCode, orderCode: first['orderCode'] }])
})

await t.test('a tradeUuid twice, where the merchant replays', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant({ duplicate: 'replay' })
  const first = application()
  const answer = await gate.call('apply', first, { keys })
  t.strictSame(body(await gate.call('apply', first, { keys })), body(answer), 'the first answer again')
  refused(t, await gate.call('apply', { ...first, amount: 2 }, { keys }), 'TRADE_UUID_TAKEN')
})

await t.test('fifty applications at once: one bill, 49 refusals', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const one = application()
  const answers = await Promise.all(Array.from({ length: 50 }, () => gate.call('apply', one, { keys })))
  const made = answers.filter((answer) => body(answer)['success'] === true)
  t.equal(made.length, 1)
  for (const answer of answers) if (!made.includes(answer)) refused(t, answer, 'TRADE_UUID_TAKEN')
  t.equal(list(parsed(await gate.call('getPayStatus', { tradeUuidList: [one['tradeUuid']] }, { keys }))).length, 1)
  const all = list(body(await gate.control('GET', `/bills?appKey=${keys.appKey}`))['items'])
  t.equal(all.length, 1)
})

await t.test('a cancel that races with a payment: whoever wins, all views agree', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  for (let round = 0; round < 20; round += 1) {
    const { billCode } = await gate.bill(keys)
    const pay = () => gate.act(billCode, 'pay')
    const cancel = () => gate.cancel(keys, billCode)
    const [paid, cancelled] = round % 2 === 0
      ? await Promise.all([pay(), cancel()])
      : await Promise.all([cancel(), pay()]).then(([second, first]) => [first, second] as const)
    const won = paid.status < 300 ? 'PAY_SUCCESS' : 'PAY_CANCEL'
    if (won === 'PAY_CANCEL') t.equal(paid.status, 409)
    t.hasStrict(cancelled, won === 'PAY_SUCCESS' ? { success: true, status: 'FAIL', errorCode: 'BILL_ALREADY_PAID' } : { success: true, status: 'SUCCESS', errorCode: '' })
    t.hasStrict(await gate.status(keys, billCode), { status: won, errorCode: '' })
    t.hasStrict(body(await gate.control('GET', `/bills/${billCode}`)), { status: won })
  }
})

await t.test('cancel of what is not there, not one\'s own, or not one bill', async (t) => {
  const gate = await open(t)
  const [mine, theirs] = [await gate.merchant(), await gate.merchant()]
  const [a, b] = [await gate.bill(mine), await gate.bill(mine)]
  const cancel = (question: Json, keys = mine) => gate.call('cancel', question, { keys })
  refused(t, await cancel({ tradeUuid: 'uuid1', billCode: 'billCode1' }), 'BILL_UNKNOWN')
  refused(t, await cancel({ billCode: a.billCode }, theirs), 'BILL_UNKNOWN')
  refused(t, await cancel({ tradeUuid: a.tradeUuid }, theirs), 'BILL_UNKNOWN')
  refused(t, await cancel({ tradeUuid: a.tradeUuid, billCode: b.billCode }), 'BILL_IDS_DISAGREE')
  refused(t, await cancel({ tradeUuid: a.tradeUuid, billCode: 'nothing' }), ['BILL_IDS_DISAGREE', 'BILL_UNKNOWN'])
  for (const { billCode } of [a, b]) t.hasStrict(await gate.status(mine, billCode), { status: 'PAY_WAIT' })
})

/* The other status mode. */

await t.test('semantic statuses', async (t) => {
  const gate = await open(t, { httpStatus: 'semantic', bodyLimit: 2000 })
  const asked = (operation: string, content: unknown, calling = {}) => gate.call(operation, content, calling)
  const bad = [400, 422]
  const header = await send(`${gate.baseUrl}/apply`, { headers: { 'content-type': 'application/json' }, body: account })
  refused(t, header, 'HEADER_MISSING', { status: [400, 401] })
  refused(t, await asked('apply', account, { keys: { ...demo, appKey: 'nobody' } }), 'APP_KEY_UNKNOWN', { status: 401 })
  refused(t, await asked('apply', account, { sign: 'wrong' }), 'SIGN_MISMATCH', { status: 401 })
  refused(t, await asked('apply', Buffer.from([0xff])), 'BODY_NOT_UTF8', { status: bad })
  refused(t, await asked('apply', '{'), 'BODY_NOT_JSON', { status: bad })
  refused(t, await asked('apply', {}), 'FIELD_MISSING', { status: bad })
  refused(t, await asked('apply', application({ amount: 0 })), 'FIELD_INVALID', { status: bad })
  refused(t, await asked('queryPayAccount', { payAccount: 'nobody' }), 'PAY_ACCOUNT_UNKNOWN', { status: [404, 422] })
  refused(t, await asked('apply', application({ payTypeCode: 'NONE' })), 'PAY_TYPE_UNKNOWN', { status: [404, 422] })
  refused(t, await asked('cancel', { billCode: 'nothing' }), 'BILL_UNKNOWN', { status: 404 })
  refused(t, await asked('apply', { padding: of(2000) }), 'BODY_TOO_LARGE', { status: 413 })
  refused(t, await asked('apply', account, { headers: { 'content-type': 'text/plain' } }), 'CONTENT_TYPE_UNSUPPORTED', { status: 415 })
  const one = application()
  t.hasStrict(body(await asked('apply', one)), { success: true })
  refused(t, await asked('apply', one), 'TRADE_UUID_TAKEN', { status: 409 })
  refused(t, await send(`${gate.baseUrl}/apply`, { method: 'GET' }), 'METHOD_NOT_ALLOWED', { status: 405 })
  refused(t, await asked('nothing', account), 'PATH_UNKNOWN', { status: 404 })
  await alive(t, gate)
})

await t.test('a failure is the same in the envelope', async (t) => {
  const gate = await open(t, { responseFormat: 'envelope' })
  refused(t, await gate.call('apply', {}), 'FIELD_MISSING')
  refused(t, await gate.call('apply', '{'), 'BODY_NOT_JSON')
  const made = await gate.call('apply', application())
  t.match(string(object(body(made)['result'])['billCode']), /\S/)
})
