// CONTRACT.md §1–§7 from outside: what a merchant sees when all goes well.
import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  NOW, application, body, demo, item, keysOf, list, object, open, parsed, refused, send, sign, signAsObject, string,
  unique, withAmount, without,
} from './helpers/blackbox.ts'

const vectors = list(object(JSON.parse(readFileSync(new URL('../fixtures/signing-vectors.json', import.meta.url), 'utf8')))['cases'])
const vector = (name: string): string => string(vectors.find((one) => one['name'] === name)?.['content'])

const APPLIED = ['actionValue', 'billCode', 'errorCode', 'message', 'paymentRequestId', 'success']
const CANCELLED = ['cancelTime', 'errorCode', 'message', 'status', 'success']
const STATUS = ['amount', 'billCode', 'currency', 'errorCode', 'orderCode', 'payTime', 'paymentRequestId', 'status', 'tradeUuid']
const METHODS = [
  { type: 'PAY_TYPE', code: 'ONLINE', name: '在线支付' },
  { type: 'PAY_TYPE', code: 'QR_CODE_PAYMENT', name: '二维码扫描支付' },
  { type: 'PAY_CHANNEL', code: 'QRIS', name: '支付渠道' },
]

/** What an EMVCo text holds, tag by tag. */
const tlv = (text: string): Map<string, string> => {
  const fields = new Map<string, string>()
  for (let at = 0; at < text.length;) {
    const length = Number(text.slice(at + 2, at + 4))
    fields.set(text.slice(at, at + 2), text.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  return fields
}
const crc16 = (text: string): string => {
  let crc = 0xffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}

/* §2 Signature. */

await t.test('the signing vectors', async (t) => {
  const gate = await open(t)
  for (const one of vectors) {
    const keys = { appKey: string(one['appKey']), appSecret: string(one['appSecret']) }
    const content = string(one['content'])
    t.equal(sign(keys, content), one['sign'], `${string(one['name'])}: this test signs as the JVM does`)
    if (keys.appKey !== demo.appKey || keys.appSecret !== demo.appSecret) continue
    const taken = await gate.call('queryPayAccount', content, { sign: string(one['sign']) })
    t.not(taken.headers['x-qlink-sandbox-error'], 'SIGN_MISMATCH', `${string(one['name'])}: taken`)
    if (one['sign'] === one['signAsObject']) continue
    const other = await gate.call('queryPayAccount', content, { sign: string(one['signAsObject']) })
    t.equal(other.headers['x-qlink-sandbox-error'], 'SIGN_MISMATCH', `${string(one['name'])}: nested as an object, refused`)
  }
})

await t.test('a secret with quotes, backslashes and Chinese is used as it is', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant({ appSecret: 'p@ss"\\/密钥 +=' })
  t.equal(keys.appSecret, 'p@ss"\\/密钥 +=')
  await gate.bill(keys)
})

await t.test('a merchant may sign the other way, where it is set so', async (t) => {
  const gate = await open(t)
  const content = vector('query-pay-account')
  const reason = async (signature: string, as: typeof sign): Promise<unknown> => {
    const keys = await gate.merchant({ signature })
    return (await gate.call('queryPayAccount', content, { keys, sign: as(keys, content) })).headers['x-qlink-sandbox-error']
  }
  t.equal(await reason('object', signAsObject), undefined)
  t.equal(await reason('object', sign), 'SIGN_MISMATCH')
  t.equal(await reason('either', signAsObject), undefined)
  t.equal(await reason('either', sign), undefined)
  t.equal(await reason('strict', sign), undefined)
  t.equal(await reason('strict', signAsObject), 'SIGN_MISMATCH')
})

/* §3 queryPayAccount. */

await t.test('queryPayAccount answers the document\'s list, bare', async (t) => {
  const gate = await open(t)
  for (const name of ['query-pay-account', 'query-pay-account-pretty', 'trailing-newline', 'crlf-and-tabs']) {
    const answer = await gate.call('queryPayAccount', vector(name))
    t.equal(answer.status, 200)
    t.match(answer.headers['content-type'], /^application\/json/)
    const rows = list(parsed(answer))
    t.strictSame(rows.map((row) => without(row, 'serviceProvider')), METHODS, name)
    for (const row of rows) t.ok(row['serviceProvider'] === undefined || typeof row['serviceProvider'] === 'string', 'serviceProvider is text')
  }
})

/* §4 apply. */

const shared = await open(t)

await t.test('the document\'s application, byte for byte', async (t) => {
  const gate = await open(t)
  const answer = await gate.call('apply', vector('apply-chinese'))
  t.equal(answer.status, 200)
  const made = body(answer)
  t.strictSame(keysOf(made), APPLIED)
  t.strictSame([made['success'], made['message'], made['errorCode']], [true, '', ''])
  t.match(made['billCode'], /\S/)
  t.match(made['paymentRequestId'], /\S/)
  const [entry] = list(parsed(await gate.call('getPayStatus', { tradeUuidList: ['uuid'] })))
  t.hasStrict(entry, { tradeUuid: 'uuid', orderCode: 'O20250804001', status: 'PAY_WAIT', currency: 'IDR', billCode: made['billCode'] })
})

await t.test('the document\'s application with glinkAccount', async (t) => {
  const gate = await open(t)
  const made = body(await gate.call('apply', vector('apply-chinese').replace('"payAccount"', '"glinkAccount"')))
  t.strictSame(keysOf(made), APPLIED)
  t.equal(made['success'], true)
})

const accepted: [string, Record<string, unknown>][] = [
  ['metadata as text', { metadata: 'text' }],
  ['metadata as an object', { metadata: { a: 1, b: ['x', { c: null }], d: 1.10 } }],
  ['metadata of an item as an object', { items: [item({ metadata: { a: 1 } })] }],
  ['a quantity as a number', { items: [item({ quantity: 2 })] }],
  ['a quantity as a decimal', { items: [item({ quantity: '1.5' }), item({ quantity: 0.25 })] }],
  ['an item with its three required fields', { items: [{ skuCode: 'a', skuName: 'b', quantity: 1 }] }],
  ['no items in the list', { items: [] }],
  ['source QERP_CN', { source: 'QERP_CN' }],
  ['an amount as text', { amount: '1.10' }],
  ['a leap day', { tradeTime: '2024-02-29 23:59:59' }],
]
for (const [name, over] of accepted) {
  await t.test(`accepted: ${name}`, async (t) => {
    const made = body(await shared.call('apply', application(over)))
    t.strictSame(keysOf(made), APPLIED)
    t.strictSame([made['success'], made['message']], [true, ''])
  })
}

for (const name of ['payChannelCode', 'source', 'description', 'metadata', 'items']) {
  await t.test(`${name} may be left out`, async (t) => {
    t.hasStrict(body(await shared.call('apply', without(application(), name))), { success: true, message: '' })
  })
}

await t.test('a content type with a charset is JSON too', async (t) => {
  const gate = await open(t)
  const answer = await gate.call('apply', application(), { headers: { 'content-type': 'application/json; charset=utf-8' } })
  t.hasStrict(body(answer), { success: true })
})

await t.test('actionValue for QRIS is an EMVCo text', async (t) => {
  const gate = await open(t)
  const made = body(await gate.call('apply', withAmount('15000.50')))
  const text = string(made['actionValue'])
  const fields = tlv(text)
  t.equal(fields.get('00'), '01')
  t.equal(fields.get('53'), '360')
  t.equal(fields.get('58'), 'ID')
  t.equal(Number(fields.get('54')), 15000.5)
  t.ok(fields.get('62')?.includes(string(made['billCode'])), 'the bill code is in the additional data')
  t.equal(text.slice(-8, -4), '6304')
  t.equal(text.slice(-4), crc16(text.slice(0, -4)))
})

await t.test('actionValue without a channel is the checkout page', async (t) => {
  const gate = await open(t)
  const at = string(body(await gate.call('apply', without(application(), 'payChannelCode')))['actionValue'])
  t.ok(at.startsWith(`${gate.url}/`), `below the sandbox's own URL: ${at}`)
  t.equal((await send(at, { method: 'GET' })).status, 200)
})

await t.test('the checkout page is below the public URL, where one is set', async (t) => {
  const gate = await open(t, { publicUrl: 'https://pay.example.test/q' })
  const at = string(body(await gate.call('apply', without(application(), 'payChannelCode')))['actionValue'])
  t.ok(at.startsWith('https://pay.example.test/q/'), at)
})

/* Money. */

const digits: [string, string][] = [
  ['1.1', '1.1'], ['1.10', '1.10'], ['100', '100'], ['0.01', '0.01'],
  ['12345678901234567890.12', '12345678901234567890.12'],
  ['"1.10"', '1.10'], ['"12345678901234567890.12"', '12345678901234567890.12'],
]
for (const [sent, kept] of digits) {
  await t.test(`the amount ${sent} comes back digit for digit`, async (t) => {
    const keys = await shared.merchant()
    const { billCode } = await shared.bill(keys, withAmount(sent, { payChannelCode: undefined }))
    const ask = { billCodeList: [billCode] }
    t.match((await shared.call('getPayStatus', ask, { keys })).text, /"amount":\s*null/, 'null until paid')
    await shared.must(billCode, 'pay')
    const { text: raw, headers } = await shared.call('getPayStatus', ask, { keys })
    t.match(headers['content-type'], /^application\/json; charset=utf-8$/, 'and JSON, whatever it takes to write it')
    t.ok(new RegExp(`"amount":\\s*${kept.replace('.', '\\.')}\\s*[,}]`).test(raw), 'an exact number', { raw })
  })
}

for (const [currency, country, fits, tooFine] of [
  ['IDR', 'ID', '1.12', '1.123'], ['VND', 'VN', '5000', '5000.5'], ['JPY', 'JP', '7', '7.5'], ['KWD', 'KW', '1.123', '1.1234'],
] as const) {
  await t.test(`${currency} takes ${fits} and refuses ${tooFine}`, async (t) => {
    const over = { currency, country, payChannelCode: undefined }
    for (const quote of ['', '"']) {
      t.hasStrict(body(await shared.call('apply', withAmount(`${quote}${fits}${quote}`, over))), { success: true })
      refused(t, await shared.call('apply', withAmount(`${quote}${tooFine}${quote}`, over)), 'FIELD_INVALID', { names: 'amount' })
    }
  })
}

/* §5 getPayStatus. */

await t.test('getPayStatus before and after payment, every field', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const made = await gate.bill(keys)
  const before = await gate.status(keys, made.billCode)
  t.strictSame(keysOf(before), STATUS)
  t.hasStrict(before, { ...made, status: 'PAY_WAIT', payTime: '', amount: null, currency: 'IDR', errorCode: '' })
  await gate.advance('90s')
  await gate.must(made.billCode, 'pay')
  const after = await gate.status(keys, made.billCode)
  t.strictSame(keysOf(after), STATUS)
  t.hasStrict(after, { ...made, status: 'PAY_SUCCESS', payTime: '2025-08-04 13:46:51', amount: 1.1, currency: 'IDR', errorCode: '' })
})

await t.test('getPayStatus: the union of both lists, in the order asked for, none twice, none unknown', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const [a, b, c] = [await gate.bill(keys), await gate.bill(keys), await gate.bill(keys)]
  const ask = async (question: Record<string, unknown>): Promise<unknown[]> =>
    list(parsed(await gate.call('getPayStatus', question, { keys }))).map((entry) => entry['billCode'])
  t.strictSame(await ask({ tradeUuidList: [b.tradeUuid, a.tradeUuid], billCodeList: [c.billCode, a.billCode] }), [b.billCode, a.billCode, c.billCode])
  t.strictSame(await ask({ tradeUuidList: [c.tradeUuid, 'nobody', c.tradeUuid, a.tradeUuid] }), [c.billCode, a.billCode])
  t.strictSame(await ask({ tradeUuidList: [], billCodeList: [b.billCode, 'nothing', b.billCode] }), [b.billCode])
  t.strictSame(await ask({ tradeUuidList: [b.billCode], billCodeList: [a.tradeUuid] }), [], 'the lists are not mixed up')
  t.strictSame(await ask({ tradeUuidList: ['uuid1'], billCodeList: ['billCode1'] }), [])
})

await t.test('another merchant\'s bill is invisible, and its tradeUuid free', async (t) => {
  const gate = await open(t)
  const [mine, theirs] = [await gate.merchant(), await gate.merchant()]
  const made = await gate.bill(mine)
  const ask = { tradeUuidList: [made.tradeUuid], billCodeList: [made.billCode] }
  t.strictSame(parsed(await gate.call('getPayStatus', ask, { keys: theirs })), [])
  refused(t, await gate.call('cancel', { billCode: made.billCode }, { keys: theirs }), 'BILL_UNKNOWN')
  const other = await gate.bill(theirs, { tradeUuid: made.tradeUuid })
  t.not(other.billCode, made.billCode)
  t.hasStrict(await gate.status(mine, made.billCode), { status: 'PAY_WAIT' })
})

/* §6 cancel. */

await t.test('cancel of a waiting bill, twice', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const { billCode, tradeUuid } = await gate.bill(keys)
  await gate.advance('1m')
  const first = await gate.cancel(keys, billCode)
  t.strictSame(first, { ...first, success: true, message: '', status: 'SUCCESS', cancelTime: '2025-08-04 13:46:21', errorCode: '' })
  t.strictSame(keysOf(first), CANCELLED)
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_CANCEL', amount: null, payTime: '', errorCode: '' })
  await gate.advance('1m')
  t.strictSame(body(await gate.call('cancel', { tradeUuid }, { keys })), first, 'the first cancelTime again')
  t.strictSame(body(await gate.call('cancel', { tradeUuid, billCode }, { keys })), first, 'both ids of one bill')
  t.strictSame(body(await gate.call('cancel', { tradeUuid, billCode: '' }, { keys })), first, 'one id empty')
})

await t.test('cancel of a paid and of a failed bill', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const [paid, failed] = [await gate.bill(keys), await gate.bill(keys)]
  await gate.must(paid.billCode, 'pay')
  await gate.must(failed.billCode, 'fail', { errorCode: 'USER_DECLINED_PAYMENT' })
  const refusal = { success: true, message: '', status: 'FAIL', cancelTime: '' }
  t.strictSame(await gate.cancel(keys, paid.billCode), { ...refusal, errorCode: 'BILL_ALREADY_PAID' })
  t.strictSame(await gate.cancel(keys, failed.billCode), { ...refusal, errorCode: 'BILL_ALREADY_FAILED' })
  t.hasStrict(await gate.status(keys, paid.billCode), { status: 'PAY_SUCCESS' })
  t.hasStrict(await gate.status(keys, failed.billCode), { status: 'PAY_FAIL', errorCode: 'USER_DECLINED_PAYMENT', payTime: '', amount: null })
})

for (const [become, end] of [['PAY_CANCEL', { status: 'SUCCESS' }], ['PAY_SUCCESS', { status: 'FAIL', errorCode: 'BILL_ALREADY_PAID' }]] as const) {
  await t.test(`a cancel that waits, then ${become}`, async (t) => {
    const gate = await open(t)
    const keys = await gate.merchant()
    await gate.scenario('slow-cancel', { on: { cancel: [{ answer: 'WAIT' }, {}] }, timeline: [{ after: '2s', from: 'cancel', become }] })
    const { billCode } = await gate.bill(keys, { metadata: { qlinkScenario: 'slow-cancel' } })
    const first = await gate.cancel(keys, billCode)
    t.strictSame(keysOf(first), CANCELLED)
    t.hasStrict(first, { success: true, status: 'WAIT', errorCode: '' })
    t.hasStrict(await gate.cancel(keys, billCode), { success: true, status: 'WAIT' }, 'still being cancelled')
    t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_WAIT' })
    await gate.advance('2s')
    t.hasStrict(await gate.status(keys, billCode), { status: become })
    t.hasStrict(await gate.cancel(keys, billCode), end)
  })
}

await t.test('a scenario can make a cancel fail', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  await gate.scenario('no-cancel', { on: { cancel: [{ answer: 'FAIL', errorCode: 'CHANNEL_UNAVAILABLE' }] } })
  const { billCode } = await gate.bill(keys, { metadata: { qlinkScenario: 'no-cancel' } })
  t.hasStrict(await gate.cancel(keys, billCode), { success: true, status: 'FAIL', errorCode: 'CHANNEL_UNAVAILABLE' })
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_WAIT' })
})

/* §4, §7: declined, refused, expired. */

await t.test('a declined application is a success with an errorCode and a failed bill', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  await gate.scenario('declines', { on: { apply: [{ decline: 'INSUFFICIENT_BALANCE' }] } })
  for (const calling of [{}, { headers: { 'x-qlink-sandbox-scenario': 'declines' } }]) {
    const over = 'headers' in calling ? {} : { metadata: { qlinkScenario: 'declines' } }
    const made = body(await gate.call('apply', application(over), { keys, ...calling }))
    t.strictSame(keysOf(made), APPLIED)
    t.hasStrict(made, { success: true, message: '', errorCode: 'INSUFFICIENT_BALANCE', actionValue: '' })
    t.hasStrict(await gate.status(keys, string(made['billCode'])), { status: 'PAY_FAIL', errorCode: 'INSUFFICIENT_BALANCE', amount: null })
  }
})

await t.test('a refused application leaves no bill', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  await gate.scenario('refuses', { on: { apply: [{ refuse: 'The account is being audited' }] } })
  const one = application({ metadata: { qlinkScenario: 'refuses' } })
  refused(t, await gate.call('apply', one, { keys }), 'REFUSED_BY_SCENARIO', { names: 'The account is being audited' })
  t.strictSame(parsed(await gate.call('getPayStatus', { tradeUuidList: [one['tradeUuid']] }, { keys })), [])
})

await t.test('a bill expires after 48 hours, not a second sooner', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const { billCode } = await gate.bill(keys)
  await gate.advance('47h')
  await gate.advance('59m')
  await gate.advance('59s')
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_WAIT', errorCode: '' })
  await gate.advance('1s')
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_FAIL', errorCode: 'PAYMENT_REQUEST_EXPIRED', payTime: '', amount: null })
  t.hasStrict(await gate.cancel(keys, billCode), { status: 'FAIL', errorCode: 'BILL_ALREADY_FAILED' })
})

await t.test('expiry is a setting, and does not touch a paid bill', async (t) => {
  const gate = await open(t, { expireAfter: '1h' })
  const keys = await gate.merchant()
  const [paid, waiting] = [await gate.bill(keys), await gate.bill(keys)]
  await gate.must(paid.billCode, 'pay')
  await gate.advance('1h')
  t.hasStrict(await gate.status(keys, paid.billCode), { status: 'PAY_SUCCESS', errorCode: '' })
  t.hasStrict(await gate.status(keys, waiting.billCode), { status: 'PAY_FAIL', errorCode: 'PAYMENT_REQUEST_EXPIRED' })
})

/* §1 Settings. */

await t.test('the envelope, under its default name and another', async (t) => {
  for (const [options, key] of [[{}, 'result'], [{ resultKey: 'content' }, 'content']] as const) {
    const gate = await open(t, { responseFormat: 'envelope', ...options })
    const keys = await gate.merchant()
    const result = async (operation: string, content: unknown): Promise<unknown> => {
      const answer = body(await gate.call(operation, content, { keys }))
      t.strictSame(answer, { success: true, message: '', [key]: answer[key] }, `${operation} in ${key}`)
      return answer[key]
    }
    t.equal(list(await result('queryPayAccount', { payAccount: 'account1' })).length, 3)
    const made = object(await result('apply', application()))
    t.strictSame(keysOf(made), APPLIED.filter((name) => name !== 'success' && name !== 'message'))
    const rows = list(await result('getPayStatus', { billCodeList: [made['billCode']] }))
    t.strictSame(rows.map(keysOf), [STATUS])
    t.hasStrict(await result('cancel', { billCode: made['billCode'] }), { status: 'SUCCESS', cancelTime: NOW, errorCode: '' })
    refused(t, await gate.call('cancel', { billCode: 'nothing' }, { keys }), 'BILL_UNKNOWN')
  }
})

await t.test('a failure is 200, or in semantic mode what HTTP calls it', async (t) => {
  const plain = await open(t)
  refused(t, await plain.call('cancel', { billCode: 'nothing' }), 'BILL_UNKNOWN', { status: 200 })
  const semantic = await open(t, { httpStatus: 'semantic' })
  refused(t, await semantic.call('cancel', { billCode: 'nothing' }), 'BILL_UNKNOWN', { status: 404 })
  t.equal((await semantic.call('apply', application())).status, 200, 'a success stays 200')
})

for (const [timeZone, payTime] of [
  ['Asia/Shanghai', '2025-08-05 08:00:00'], ['Asia/Jakarta', '2025-08-05 07:00:00'], ['UTC', '2025-08-05 00:00:00'], ['America/New_York', '2025-08-04 20:00:00'],
] as const) {
  await t.test(`times are read and written in ${timeZone}`, async (t) => {
    const gate = await open(t, { timeZone })
    const keys = await gate.merchant()
    t.equal((await gate.control('PUT', '/clock', { mode: 'manual', now: '2025-08-05T00:00:00+00:00' })).status, 200)
    const [paid, cancelled] = [await gate.bill(keys), await gate.bill(keys)]
    await gate.must(paid.billCode, 'pay')
    t.hasStrict(await gate.status(keys, paid.billCode), { payTime })
    t.hasStrict(await gate.cancel(keys, cancelled.billCode), { cancelTime: payTime })
  })
}

await t.test('the start of the clock is read in the time zone', async (t) => {
  for (const [timeZone, instant] of [['Asia/Shanghai', '2025-08-04T05:45:21Z'], ['Asia/Jakarta', '2025-08-04T06:45:21Z']] as const) {
    const gate = await open(t, { timeZone })
    const { now } = body(await gate.control('GET', '/clock'))
    t.equal(Date.parse(string(now)), Date.parse(instant), timeZone)
  }
})

await t.test('another base path', async (t) => {
  const gate = await open(t, { basePath: '/gateway/v2' })
  t.equal(gate.baseUrl, `${gate.url}/gateway/v2`)
  t.hasStrict(body(await gate.call('apply', application())), { success: true })
  t.equal((await send(`${gate.url}/open-platform-api/pay/apply`)).status, 404)
})

await t.test('the same seed, clock and calls give the same bytes', async (t) => {
  const run = async (seed: string): Promise<string> => {
    const gate = await open(t, { seed })
    const made = await gate.call('apply', vector('apply-chinese'))
    await gate.must(string(body(made)['billCode']), 'pay')
    return made.text + (await gate.call('getPayStatus', { tradeUuidList: ['uuid'] })).text
  }
  const first = await run('one')
  t.equal(await run('one'), first)
  t.not(await run(unique('another')), first)
})
