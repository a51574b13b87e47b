// The reference client, as a merchant uses it: against a sandbox, against a QLink that answers oddly, and on the receiving side.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import express from 'express'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import {
  expressHandler, fastifyNotifications, nodeHandler, QLinkAmbiguous, QLinkClient, QLinkError, QLinkRefused, QLinkSignatureInvalid, QLinkSignatureRefused,
  QLinkUnreachable, verifyNotification, type ApplyRequest, type NotificationHandlerOptions, type PayNotification, type QLinkClientOptions,
} from '../src/client/index.ts'
import { application, body, deadPort, endpoint, items, list, open, send, sign, type Gate, type Json, type Keys, type Reply } from './helpers/blackbox.ts'

const HUGE = '12345678901234567890.1234567890'

/** What a merchant applies for; over the sandbox's own example, typed. */
const order = (over: Partial<ApplyRequest> = {}): ApplyRequest => ({ ...application(), amount: '1.10', ...over }) as ApplyRequest

const client = (t: Test, baseUrl: string, keys: Keys, options: Partial<QLinkClientOptions> = {}): QLinkClient => {
  const made = new QLinkClient({ ...keys, baseUrl, ...options })
  t.teardown(() => made.close())
  return made
}

/** A merchant with a scenario of its own, and its client. */
const merchant = async (t: Test, gate: Gate, on: Json = {}, options: Partial<QLinkClientOptions> = {}) => {
  const keys = await gate.merchant({ ...(Object.keys(on).length === 0 ? {} : { scenario: { on } }) })
  return { keys, qlink: client(t, gate.baseUrl, keys, options) }
}

/** How often each endpoint heard from a merchant, and how many bills came of it. */
const heard = async (gate: Gate, { appKey }: Keys): Promise<{ applies: number; queries: number; bills: number }> => {
  const requests = items(await gate.control('GET', `/requests?appKey=${appKey}&limit=100`))
  const count = (operation: string): number => requests.filter((one) => one['operation'] === operation).length
  return { applies: count('apply'), queries: count('getPayStatus'), bills: items(await gate.control('GET', `/bills?appKey=${appKey}`)).length }
}

const failure = async <E>(promise: Promise<unknown>, kind: new (...args: never[]) => E): Promise<E> => {
  const error: unknown = await promise.then((value) => { throw new Error(`it was done: ${inspect(value)}`) }, (reason: unknown) => reason)
  if (!(error instanceof kind)) throw new Error(`expected ${kind.name}, got ${inspect(error)}`)
  return error
}

const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Reply => ({ status, headers, body: typeof value === 'string' ? value : JSON.stringify(value) })

const served = async (t: Test, listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/payNotification`
}

await t.test('the four calls, in both formats, recognised or named', async (t) => {
  for (const [responseFormat, resultKey, options] of [
    ['documented', 'result', {}], ['envelope', 'result', {}], ['envelope', 'data', {}], ['envelope', 'content', {}],
    ['documented', 'result', { responseFormat: 'documented' }], ['envelope', 'payload', { responseFormat: 'envelope', resultKey: 'payload' }],
  ] as const) {
    const gate = await open(t, { responseFormat, resultKey })
    const { qlink } = await merchant(t, gate, {}, options)
    t.strictSame((await qlink.queryPayAccount({ payAccount: 'account1' })).map(({ code }) => code), ['ONLINE', 'QR_CODE_PAYMENT', 'QRIS'])
    const { orderCode, tradeUuid, ...rest } = order({ description: '"描述" \\ 🎉', metadata: { a: { b: [1, null] } } })
    const answer = await qlink.apply({ orderCode, tradeUuid, ...rest })
    t.strictSame(Object.keys(answer), ['billCode', 'paymentRequestId', 'actionValue', 'errorCode'], 'has the documented fields alone')
    const { billCode, paymentRequestId } = answer
    const waiting = { tradeUuid, billCode, paymentRequestId, orderCode, status: 'PAY_WAIT', payTime: '', amount: null, currency: 'IDR', errorCode: '' }
    t.strictSame(await qlink.getPayStatus({ tradeUuidList: [tradeUuid, 'unknown'] }), [waiting])
    t.strictSame(await qlink.getPayStatus({ billCodeList: ['unknown'] }), [])
    t.match(await qlink.cancel({ billCode }), { status: 'SUCCESS', errorCode: '' })
    t.match(await failure(qlink.cancel({ billCode: 'unknown' }), QLinkRefused), { reason: 'BILL_UNKNOWN', kind: 'refused' })
  }
  const gate = await open(t, { responseFormat: 'envelope' })
  const { qlink } = await merchant(t, gate, {}, { responseFormat: 'documented' })
  await t.rejects(qlink.queryPayAccount({ payAccount: 'account1' }), { kind: 'ambiguous', message: /not as QLink answers it in the format documented/ })
})

await t.test('amounts keep each digit, in and out', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant({ scenario: { timeline: [{ after: '1s', become: 'PAY_SUCCESS', amount: HUGE }] } })
  const qlink = client(t, gate.baseUrl, keys)
  const { billCode } = await qlink.apply(order({ amount: '98765432109876543210.10' }))
  await gate.advance('1s')
  t.equal((await qlink.getPayStatus({ billCodeList: [billCode] }))[0]?.amount, HUGE)

  const shop = await endpoint(t, json({ success: true, billCode: 'B1', paymentRequestId: null, actionValue: 'x' }))
  const other = client(t, `${shop.url}/pay/`, keys)
  const sent = async (amount: string | number): Promise<string | undefined> => {
    t.strictSame(await other.apply(order({ amount })), { billCode: 'B1', paymentRequestId: '', actionValue: 'x', errorCode: '' }, 'text that is not there is empty')
    const last = shop.told.at(-1)
    const text = last?.body.toString() ?? ''
    t.match(last, { path: '/pay/apply', headers: { sign: sign(keys, text), appkey: keys.appKey } }, 'the bytes that went are those that were signed')
    return /"amount":([^,]*),/.exec(text)?.[1]
  }
  for (const amount of [HUGE, '1.10', '0.00', '7', '1.0000000000', '10000000000000000000']) t.equal(await sent(amount), amount)
  t.equal(await sent(1.1), '1.1')
  t.equal(await sent(1e-7), '0.0000001')
  t.equal(await sent(9007199254740991), '9007199254740991')
  for (const amount of [0.1 + 0.2, 2 ** 53, 1e21, NaN, Infinity, -1, '1,10', '1e3', ' 1', '-1', '01', '', '.5', null, undefined, 1n, {}]) {
    await t.rejects(other.apply(order({ amount: amount as string })), { name: 'TypeError', message: /^amount .*"1\.10"|^amount must be a number that is not negative/ }, inspect(amount))
  }
  const quantity = (value: number | string): ApplyRequest => order({ items: [{ skuCode: 'a', skuName: 'a', quantity: value }] })
  await t.rejects(other.apply(quantity(NaN)), { name: 'TypeError', message: /^items\[0\]\.quantity/ })
  await other.apply(quantity('1'))
  t.match(shop.told.at(-1)?.body.toString(), '"quantity":"1"')

  for (const [written, read] of [['1.50E+2', '150'], ['"1.50"', '1.50'], ['null', null], ['""', null], ['1e9999', undefined], ['"1,5"', undefined], ['true', undefined]] as const) {
    const fake = await endpoint(t, json(`[{"status":"PAY_SUCCESS","amount":${written}}]`))
    const reading = client(t, fake.url, keys).getPayStatus({ billCodeList: ['B1'] })
    if (read === undefined) await failure(reading, QLinkAmbiguous)
    else t.equal((await reading)[0]?.amount, read, written)
  }
})

await t.test('what QLink refuses says why, and whether it is the signature', async (t) => {
  const gate = await open(t, { httpStatus: 'semantic' })
  const { keys, qlink } = await merchant(t, gate)
  const refused = await failure(qlink.apply(order({ payTypeCode: 'BARTER' })), QLinkRefused)
  t.match(refused, { name: 'QLinkRefused', kind: 'refused', status: 422, reason: 'PAY_TYPE_UNKNOWN', operation: 'apply', answer: { success: false, message: refused.message } })
  t.ok(refused instanceof QLinkError)
  const wrong = client(t, gate.baseUrl, { ...keys, appSecret: `${keys.appSecret} ` })
  const signature = await failure(wrong.apply(order()), QLinkSignatureRefused)
  t.match(signature, { name: 'QLinkSignatureRefused', kind: 'signature-refused', status: 401, reason: 'SIGN_MISMATCH', hint: /secret/ })
  t.ok(signature instanceof QLinkRefused)
  for (const shown of [inspect(wrong, { showHidden: true, depth: 9 }), JSON.stringify(wrong), inspect(signature, { showHidden: true, depth: 9 })]) t.notMatch(shown, keys.appSecret)

  // QLink itself gives no reason: its words have to do.
  for (const [message, kind] of [['Invalid sign', 'signature-refused'], ['签名错误', 'signature-refused'], ['the design is wrong', 'refused'], ['', 'refused']] as const) {
    const fake = await endpoint(t, json({ success: false, message }))
    t.match(await failure(client(t, fake.url, keys).cancel({ tradeUuid: 'a' }), QLinkRefused), { kind, reason: undefined, message: message === '' ? /without a reason/ : message })
  }
})

await t.test('what leaves it open whether it was done is ambiguous', async (t) => {
  const gate = await open(t)
  for (const fault of ['connection-reset', 'empty-response', 'truncated-json', 'garbage', 'not-json', 'http-429', 'http-500', 'http-503', 'hang']) {
    const { keys, qlink } = await merchant(t, gate, { apply: [{ fault, effect: 'kept' }] }, fault === 'hang' ? { timeout: 1000 } : {})
    const error = await failure(qlink.apply(order()), QLinkAmbiguous)
    t.match(error, { kind: 'ambiguous', operation: 'apply', message: /whether it was done is not known$/ }, fault)
    if (fault === 'hang') t.match(error.message, /no whole answer within 1000 ms/)
    if (fault.startsWith('http')) t.equal(error.status, Number(fault.slice(5)))
    t.strictSame(await heard(gate, keys), { applies: 1, queries: 0, bills: 1 }, 'it is sent once, by itself')
  }
  for (const reply of [
    json({ success: true }), json({ success: 'yes', billCode: 'B1' }), json([]), json('null'), json({ success: true, result: { billCode: 7, errorCode: {} } }),
    json('{"success":true,"billCode":"a","billCode":"b"}'), json({ billCode: 'B1' }, 404), { status: 302, headers: { location: '/elsewhere' } },
  ]) {
    const fake = await endpoint(t, reply)
    await failure(client(t, fake.url, { appKey: 'a', appSecret: 's' }).apply(order()), QLinkAmbiguous)
    t.equal(fake.told.length, 1, 'no redirect is followed')
  }
  const latin = await served(t, (_request, response) => { response.end(Buffer.from('{"billCode":"\u00e4"}', 'latin1')) })
  t.match(await failure(client(t, latin, { appKey: 'a', appSecret: 's' }).apply(order()), QLinkAmbiguous), { message: /no JSON/ })
  const long = await endpoint(t, { status: 200, body: `{"billCode":"${'x'.repeat(5e6)}"}` })
  t.match(await failure(client(t, long.url, { appKey: 'a', appSecret: 's' }).apply(order()), QLinkAmbiguous), { message: /longer than/ })
})

await t.test('what was never sent is not ambiguous', async (t) => {
  const keys = { appKey: 'a', appSecret: 's' }
  const port = await deadPort()
  t.match(await failure(client(t, `http://127.0.0.1:${port}/pay`, keys).apply(order()), QLinkUnreachable), { kind: 'unreachable', operation: 'apply', message: /not sent: .*ECONNREFUSED/, cause: { code: 'ECONNREFUSED' } })
  t.match(await failure(client(t, `http://localhost:${port}/pay`, keys).applyOnce(order()), QLinkUnreachable), { message: /ECONNREFUSED/ })
  t.match(await failure(client(t, 'http://nowhere.invalid/pay', keys).apply(order()), QLinkUnreachable), { cause: { code: /ENOTFOUND|EAI_AGAIN/ } })
  const fake = await endpoint(t, json([]))
  const qlink = client(t, fake.url, keys)
  t.match(await failure(qlink.apply(order(), { signal: AbortSignal.abort(new Error('no longer')) }), QLinkUnreachable), { message: /no longer/ })
  await qlink.close()
  await failure(qlink.cancel({ tradeUuid: 'a' }), QLinkUnreachable)
  t.equal(fake.told.length, 0)

  // Those that wait for the one connection when their time is up are not sent afterwards either.
  const gate = await open(t)
  const dispatcher = new Agent({ connections: 1, pipelining: 1 })
  const busy = await merchant(t, gate, { apply: [{ fault: 'hang' }, {}] }, { dispatcher })
  const enough = new AbortController()
  const first = failure(busy.qlink.apply(order(), { signal: enough.signal }), QLinkAmbiguous)
  await gate.control('GET', `/requests/wait?appKey=${busy.keys.appKey}&operation=apply`)
  const impatient = client(t, gate.baseUrl, busy.keys, { timeout: 100, dispatcher })
  t.match(await failure(impatient.apply(order()), QLinkUnreachable), { message: /no connection within 100 ms/ })
  enough.abort()
  await first
  t.strictSame(await heard(gate, busy.keys), { applies: 1, queries: 0, bills: 1 })
  await busy.qlink.close()
  t.equal(dispatcher.closed, false, 'a dispatcher that was given stays open')
  await dispatcher.close()

  // Aborted when it has arrived.
  const stop = new AbortController()
  const slow = await merchant(t, gate, { apply: [{ fault: 'hang' }] })
  const call = failure(slow.qlink.apply(order(), { signal: stop.signal }), QLinkAmbiguous)
  await gate.control('GET', `/requests/wait?appKey=${slow.keys.appKey}&operation=apply`)
  stop.abort(new Error('enough'))
  t.match(await call, { message: /enough/, cause: { message: 'enough' } })
})

await t.test('options that cannot be used are named', async (t) => {
  const good = { appKey: 'a', appSecret: 's', baseUrl: 'http://127.0.0.1:1/pay' }
  for (const [wrong, name] of [
    [{ appKey: '' }, 'appKey'], [{ appKey: 'a\n' }, 'appKey'], [{ appSecret: '' }, 'appSecret'], [{ appSecret: undefined }, 'appSecret'], [{ timeout: 0 }, 'timeout'], [{ timeout: NaN }, 'timeout'],
    [{ baseUrl: 'pay' }, 'baseUrl'], [{ baseUrl: 'ftp://a/' }, 'baseUrl'], [{ baseUrl: 'http://a/?b' }, 'baseUrl'], [{ responseFormat: 'xml' }, 'responseFormat'], [{ resultKey: '' }, 'resultKey'],
  ] as const) {
    t.throws(() => new QLinkClient({ ...good, ...wrong } as never), { name: 'TypeError', message: new RegExp(`^${name} `) }, inspect(wrong))
  }
  const fake = await endpoint(t, json([]))
  const qlink = client(t, fake.url, { appKey: '商户', appSecret: '密钥' })
  await qlink.queryPayAccount({ payAccount: '账号' })
  await qlink[Symbol.asyncDispose]()
  const { headers, body } = fake.told[0] ?? {}
  t.equal(Buffer.from(String(headers?.['appkey']), 'latin1').toString(), '商户')
  t.equal(headers?.['sign'], sign({ appKey: '商户', appSecret: '密钥' }, String(body)))
})

const quick = { waits: [1, 1, 1] }

await t.test('applyOnce finds what an ambiguous answer has left, and never applies twice', async (t) => {
  const gate = await open(t)
  const kept = ['connection-reset', 'empty-response', 'truncated-json', 'garbage', 'not-json', 'http-429', 'http-503', 'hang']
  for (const fault of kept) {
    const { keys, qlink } = await merchant(t, gate, { apply: [{ fault, effect: 'kept' }, {}] }, fault === 'hang' ? { timeout: 1000 } : {})
    const request = order()
    t.match(await qlink.applyOnce(request, quick), { outcome: 'found', bill: { tradeUuid: request.tradeUuid, orderCode: request.orderCode, status: 'PAY_WAIT' } }, fault)
    t.strictSame(await heard(gate, keys), { applies: 1, queries: 1, bills: 1 }, fault)
  }
  const calm = await merchant(t, gate)
  const request = order()
  t.match(await calm.qlink.applyOnce(request), { outcome: 'applied', answer: { errorCode: '' } })
  t.match(await calm.qlink.applyOnce(request), { outcome: 'found', bill: { tradeUuid: request.tradeUuid } }, 'a process that died and began again')
  t.strictSame(await heard(gate, calm.keys), { applies: 2, queries: 1, bills: 1 })
  const other = await failure(calm.qlink.applyOnce({ ...request, orderCode: 'another' }), QLinkRefused)
  t.equal(other.reason, 'TRADE_UUID_TAKEN', 'the bill of another order is not ours')
  await failure(calm.qlink.applyOnce(order({ payTypeCode: 'BARTER' })), QLinkRefused)
  t.equal((await heard(gate, calm.keys)).queries, 2, 'a refusal with another reason is one')

  const deaf = await merchant(t, gate, { apply: [{ fault: 'http-503', effect: 'kept' }], getPayStatus: [{ fault: 'http-503' }, { fault: 'connection-reset' }, {}] })
  t.match(await deaf.qlink.applyOnce(order(), quick), { outcome: 'found' })
  t.strictSame(await heard(gate, deaf.keys), { applies: 1, queries: 3, bills: 1 })
  const silent = await merchant(t, gate, { apply: [{ fault: 'http-503', effect: 'kept' }], getPayStatus: [{ fault: 'http-503' }] })
  t.match(await failure(silent.qlink.applyOnce(order(), { ...quick, reapply: true }), QLinkAmbiguous), { message: /could not be asked/, cause: { operation: 'getPayStatus', status: 503 } })
  t.strictSame(await heard(gate, silent.keys), { applies: 1, queries: 3, bills: 1 }, 'without an answer it does not apply again')
})

await t.test('applyOnce applies again when it is told to, once', async (t) => {
  const gate = await open(t)
  const none = { apply: [{ fault: 'connection-reset', effect: 'none' }, {}] }
  const careful = await merchant(t, gate, none)
  t.match(await failure(careful.qlink.applyOnce(order(), quick), QLinkAmbiguous), { message: /was not found/ })
  t.strictSame(await heard(gate, careful.keys), { applies: 1, queries: 3, bills: 0 })
  const bold = await merchant(t, gate, none)
  t.match(await bold.qlink.applyOnce(order(), { ...quick, reapply: true }), { outcome: 'applied' })
  t.strictSame(await heard(gate, bold.keys), { applies: 2, queries: 3, bills: 1 })
  const unlucky = await merchant(t, gate, { apply: [{ fault: 'http-503', effect: 'none' }, { fault: 'http-503', effect: 'kept' }] })
  t.match(await unlucky.qlink.applyOnce(order(), { ...quick, reapply: true }), { outcome: 'found' })
  t.strictSame(await heard(gate, unlucky.keys), { applies: 2, queries: 4, bills: 1 })
  const hopeless = await merchant(t, gate, { apply: [{ fault: 'http-503', effect: 'none' }] })
  await failure(hopeless.qlink.applyOnce(order(), { ...quick, reapply: true }), QLinkAmbiguous)
  t.strictSame(await heard(gate, hopeless.keys), { applies: 2, queries: 6, bills: 0 }, 'and not a third time')
})

await t.test('applyOnce and a QLink that gives no reasons', async (t) => {
  const request = order()
  const bill = { tradeUuid: request.tradeUuid, billCode: 'B1', orderCode: request.orderCode, currency: request.currency, status: 'PAY_FAIL' }
  /** Answers to apply, and to getPayStatus, one after another; the last ones stay. */
  const fake = async (applies: Reply[], queries: Reply[], options: Partial<QLinkClientOptions> = {}) => {
    const paths: string[] = []
    const shop = await endpoint(t, (told) => {
      const path = told.at(-1)?.path ?? ''
      paths.push(path.slice(1))
      const count = paths.filter((one) => one === path.slice(1)).length
      const replies = path === '/apply' ? applies : queries
      return replies[count - 1] ?? replies.at(-1) ?? { status: 500 }
    })
    return { paths, qlink: client(t, shop.url, { appKey: 'a', appSecret: 's' }, options) }
  }
  const no = json({ success: false, message: 'tradeUuid exists' })
  const taken = json({ success: false, message: 'taken' }, 200, { 'x-qlink-sandbox-error': 'TRADE_UUID_TAKEN' })
  const down = json('', 503)
  const again = await fake([no], [json([bill])])
  t.match(await again.qlink.applyOnce(request, quick), { outcome: 'found', bill: { status: 'PAY_FAIL', amount: null } })
  const refused = await fake([no], [down, json([])])
  t.match(await failure(refused.qlink.applyOnce(request, { ...quick, reapply: true }), QLinkRefused), { message: 'tradeUuid exists' })
  t.strictSame(refused.paths, ['apply', 'getPayStatus', 'getPayStatus'])
  const unknown = await fake([no], [down])
  await failure(unknown.qlink.applyOnce(request, quick), QLinkAmbiguous)
  // The first arrives while the second is on its way.
  const crossed = await fake([down, taken], [json([]), json([]), json([]), json([]), json([bill])])
  t.match(await crossed.qlink.applyOnce(request, { ...quick, reapply: true }), { outcome: 'found' })
  t.strictSame(crossed.paths, ['apply', 'getPayStatus', 'getPayStatus', 'getPayStatus', 'apply', 'getPayStatus', 'getPayStatus'])
  const lost = await fake([taken], [json([])])
  await failure(lost.qlink.applyOnce(request, quick), QLinkAmbiguous)
  const denied = await fake([down, json({ success: false, message: 'closed' })], [json([])])
  t.match(await failure(denied.qlink.applyOnce(request, { ...quick, reapply: true }), QLinkAmbiguous), { message: /closed/ }, 'a refusal of the second says nothing of the first')
  const foreign = await fake([down], [json([{ ...bill, orderCode: 'another' }])])
  t.match(await failure(foreign.qlink.applyOnce(request, quick), QLinkAmbiguous), { message: /used twice/ })
  const stop = new AbortController()
  const stopped = await fake([down], [json([])])
  const queries = stopped.qlink.getPayStatus.bind(stopped.qlink)
  stopped.qlink.getPayStatus = (...given) => queries(...given).finally(() => { stop.abort() })
  t.match(await failure(stopped.qlink.applyOnce(request, { waits: [1, 60_000], signal: stop.signal }), QLinkAmbiguous), { cause: { name: 'AbortError' } })
})

/* The receiving side. */

/** Each handler, in a server as a merchant would have it, with a JSON route beside it. */
const SHOPS: Record<string, (t: Test, options: NotificationHandlerOptions) => Promise<string>> = {
  node: (t, options) => served(t, nodeHandler(options)),
  express: (t, options) => {
    const app = express()
    app.all('/payNotification', expressHandler(options))
    app.use(express.json())
    app.post('/orders', (request, response) => { response.json(request.body) })
    return served(t, app as RequestListener)
  },
  'express, with a verify that keeps the bytes': (t, options) => {
    const app = express()
    app.use(express.json({ verify: (request, _response, bytes) => { Object.assign(request, { rawBody: bytes }) } }))
    app.all('/payNotification', expressHandler(options))
    return served(t, app as RequestListener)
  },
  'express, raw': (t, options) => served(t, express().all('/payNotification', express.raw({ type: '*/*' }), expressHandler(options)) as RequestListener),
  fastify: async (t, options) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(fastifyNotifications, { ...options, path: '/Notification', prefix: '/pay' })
    await app.register(fastifyNotifications, options)
    app.post('/orders', (request) => request.body)
    return `${await app.listen({ port: 0, host: '127.0.0.1' })}/payNotification`
  },
}

for (const [name, shop] of Object.entries(SHOPS)) {
  await t.test(`notifications, received by ${name}`, async (t) => {
    const gate = await open(t)
    const told: PayNotification[] = []
    const errors: unknown[] = []
    let trouble: Error | undefined
    const keys = await gate.merchant()
    const secrets = { [keys.appKey]: [keys.appSecret, 'the next secret'] }
    const onNotification = async (notification: PayNotification): Promise<void> => {
      await Promise.resolve()
      if (trouble !== undefined) throw trouble
      told.push(notification)
    }
    const url = await shop(t, { secrets, onNotification, onError: (error) => { errors.push(error) } })
    await gate.control('PATCH', `/merchants/${keys.appKey}`, { notifyUrl: url })
    const statuses = async (): Promise<unknown[]> => (await gate.notifications(keys)).flatMap(({ attempts }) => list(attempts)).map(({ status, acknowledged }) => [status, acknowledged])

    trouble = new Error('the database is away')
    const { billCode, tradeUuid } = await gate.bill(keys)
    await gate.must(billCode, 'pay')
    await gate.settle()
    t.strictSame(await statuses(), [[500, false]])
    t.strictSame(errors.splice(0), [trouble])
    trouble = undefined
    await gate.advance('15s')
    t.strictSame(await statuses(), [[500, false], [200, true]], 'and QLink has tried again')
    t.match(told, [{ tradeUuid, billCode, status: 'PAY_SUCCESS', errorCode: '' }])

    await gate.control('PATCH', `/merchants/${keys.appKey}`, { appSecret: 'the next secret' })
    const next = { ...keys, appSecret: 'the next secret' }
    const second = await gate.bill(next)
    await gate.must(second.billCode, 'fail', { errorCode: 'INSUFFICIENT_BALANCE' })
    await gate.settle()
    t.match(told[1], { billCode: second.billCode, status: 'PAY_FAIL', errorCode: 'INSUFFICIENT_BALANCE' }, 'the new secret fits too')
    t.strictSame(errors, [])
    for (const forgery of [{ sign: 'wrong' }, { sign: 'missing' }, { body: 'tampered' }]) {
      const { attempts } = body(await gate.must(billCode, 'notify', forgery))
      t.match(list(attempts), [{ status: 401, acknowledged: false }], inspect(forgery))
    }
    t.match(errors.splice(0), [{ reason: 'sign-mismatch' }, { reason: 'header-missing' }, { reason: 'sign-mismatch' }])

    const post = (text: string, headers: Json = {}, over: Json = {}): ReturnType<typeof send> =>
      send(url, { method: 'POST', headers: { 'content-type': 'application/json', 'appKey': keys.appKey, 'sign': sign(keys, text), ...headers }, body: text, ...over })
    const text = JSON.stringify(told[0])
    t.match(await post(text), { status: 200, text: '{"success":true}', headers: { 'content-type': /^application\/json/ } })
    const again = await post(JSON.stringify(told[0], null, 1), { sign: sign(keys, text) })
    t.match([again.status, body(again)], [401, { success: false, message: /re-serialised/ }])
    t.match(await post(text, { appKey: 'nobody' }), { status: 401, text: /nobody/ })
    const request = await post(JSON.stringify(application()))
    t.match([request.status, body(request)], [400, { success: false, message: /no notification: billCode is missing/ }], 'a captured request is no notification')
    t.match(await post('{"success":'), { status: 400 })
    for (const method of ['GET', 'PUT', 'DELETE']) {
      t.match(await post('', {}, { method }), { status: 405, headers: { allow: 'POST' }, text: /"success":false/ }, method)
    }
    const large = JSON.stringify({ ...told[0], more: 'x'.repeat(65_536) })
    for (const chunked of [false, true]) t.match(await post(large, {}, { chunked }), { status: 413, text: name === 'express, raw' ? /./ : /^\{"success":false,"message":"the body is larger than 65536 bytes"\}$/ })
    t.equal(told.length, 3)
    if (name === 'express' || name === 'fastify') {
      const beside = await send(url.replace('payNotification', 'orders'), { headers: { 'content-type': 'application/json' }, body: '{"a":1}' })
      t.equal(beside.text, '{"a":1}', 'the other routes keep their parser')
    }
    if (name === 'fastify') t.match(await send(url.replace('payNotification', 'pay/Notification'), { headers: { appKey: keys.appKey, sign: sign(keys, text) }, body: text }), { status: 200 })
  })
}

await t.test('a handler that finds the body eaten says so, and QLink tries again', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const said: unknown[] = []
  const { error: log } = console
  console.error = (...words) => { said.push(words[1]) }
  t.teardown(() => { console.error = log })
  const url = await served(t, express().use(express.json()).post('/payNotification', expressHandler({ secrets: keys.appSecret, onNotification: () => { t.fail('it was believed') } })) as RequestListener)
  await gate.control('PATCH', `/merchants/${keys.appKey}`, { notifyUrl: url })
  const { billCode } = await gate.bill(keys)
  const { attempts } = body(await gate.must(billCode, 'notify'))
  t.match(list(attempts), [{ status: 500, acknowledged: false }])
  t.match(said, [{ reason: 'not-raw', message: /express\.json\(\).*put this handler before/ }])
  for (const make of [nodeHandler, expressHandler]) {
    t.throws(() => make({ secrets: [], onNotification: () => undefined }), { name: 'TypeError', message: /^secrets/ })
    t.throws(() => make({ secrets: 's', onNotification: undefined as never }), { name: 'TypeError', message: /^onNotification/ })
    t.throws(() => make({ secrets: 's', onNotification: () => undefined, limit: 0 }), { name: 'TypeError', message: /^limit/ })
  }
  // Without an onError, Fastify's own log has it.
  const lines: string[] = []
  const app = Fastify({ logger: { stream: { write: (line: string) => { lines.push(line) } } } })
  t.teardown(() => app.close())
  await app.register(fastifyNotifications, { secrets: keys.appSecret, onNotification: () => { throw new Error('the database is away') } })
  const text = JSON.stringify({ tradeUuid: 'a', billCode: 'b', orderCode: 'c', status: 'PAY_WAIT' })
  t.equal((await app.inject({ method: 'POST', url: '/payNotification', headers: { appkey: 'a', sign: sign({ appKey: 'a', appSecret: keys.appSecret }, text) }, payload: text })).statusCode, 500)
  t.equal((await app.inject({ method: 'POST', url: '/payNotification' })).statusCode, 401)
  t.match(lines.join(''), /"level":50.*the database is away[^]*"level":40.*appKey is missing/)
})

await t.test('a notification that breaks off is nobody’s mistake', async (t) => {
  const errors: unknown[] = []
  const url = new URL(await served(t, nodeHandler({ secrets: 's', onNotification: () => { t.fail('it was believed') }, onError: (error) => { errors.push(error) } })))
  const socket = connect(Number(url.port), url.hostname)
  socket.write('POST /payNotification HTTP/1.1\r\nhost: shop\r\ncontent-length: 100\r\n\r\n{"tradeUuid"', () => { socket.resetAndDestroy() })
  await once(socket, 'close')
  t.equal((await send(url.href, { body: '{}' })).status, 401, 'and the next is answered')
  t.match(errors, [{ reason: 'header-missing' }])
})

await t.test('verifyNotification says what is wrong', async (t) => {
  const keys = { appKey: 'shop', appSecret: 'secret' }
  const notification = { tradeUuid: 't', billCode: 'b', orderCode: 'o', paymentRequestId: 'p', status: 'PAY_SUCCESS', payTime: '2025-08-04 13:45:21', errorCode: '' } as const
  const text = JSON.stringify({ ...notification, extra: '@' }).replace('"@"', HUGE)
  const headers = { appkey: 'shop', sign: sign(keys, text) }
  const result = { ...notification, extra: HUGE }
  for (const secrets of ['secret', ['old', 'secret'], ['secret', 'new'], { shop: 'secret', other: 'x' }, { shop: ['x', 'secret'] }] as const) {
    for (const raw of [text, Buffer.from(text), new Uint8Array(Buffer.from(`..${text}`)).subarray(2)]) t.strictSame(verifyNotification(raw, headers, secrets), result)
  }
  t.strictSame(verifyNotification(text, new Headers(headers), 'secret'), result)
  t.strictSame(verifyNotification(text, { AppKey: 'shop', Sign: headers.sign }, 'secret'), result, 'names of headers as clouds hand them on')
  const chinese = { appKey: '商户', appSecret: '密钥' }
  t.strictSame(verifyNotification(text, { appkey: Buffer.from('商户').toString('latin1'), sign: sign(chinese, text) }, { 商户: '密钥' }), result)

  const wrong = (raw: unknown, given: Json, secrets: unknown = 'secret'): QLinkSignatureInvalid => {
    try {
      verifyNotification(raw as string, given as never, secrets as string)
    } catch (error) {
      if (error instanceof QLinkSignatureInvalid) return error
      throw error
    }
    throw new Error('it was believed')
  }
  t.match(wrong(text, { sign: headers.sign }), { kind: 'signature-invalid', reason: 'header-missing', message: /header appKey is missing/ })
  t.match(wrong(text, { appkey: 'shop' }), { reason: 'header-missing', message: /header sign/ })
  t.match(wrong(text, headers, { other: 'secret' }), { reason: 'app-key-unknown', message: /"shop"/ })
  t.match(wrong(text, { ...headers, appkey: 'constructor' }, { shop: 'secret' }), { reason: 'app-key-unknown' })
  t.match(wrong(text, headers, ['old', 'new']), { reason: 'sign-mismatch', message: /any of 2 secrets/ })
  t.match(wrong(text, { ...headers, sign: headers.sign.toUpperCase() }), { reason: 'sign-mismatch' })
  t.match(wrong(`${text}\n`, headers), { reason: 'sign-mismatch' })
  t.match(wrong(JSON.parse(text), headers), { reason: 'not-raw', message: /already parsed.*raw bytes/ })
  t.match(wrong(undefined, headers), { reason: 'not-raw' })
  t.match(wrong(Buffer.from([0x7b, 0xff]), headers), { reason: 'not-utf8' })
  t.match(wrong('\ud800', headers), { reason: 'not-utf8' })
  for (const content of ['', '[]', 'no', '{"status":"PAY_SUCCESS","status":"PAY_FAIL"}', JSON.stringify({ ...notification, status: '' }), JSON.stringify({ ...notification, payTime: {} })]) {
    t.match(wrong(content, { appkey: 'shop', sign: sign(keys, content) }), { reason: 'not-a-notification' }, content)
  }
  for (const error of [wrong(text, headers, 'another secret')]) t.notMatch(inspect(error, { showHidden: true }), /another secret/)
  for (const secrets of ['', [], ['secret', ''], {}, { shop: undefined }, undefined]) t.throws(() => verifyNotification(text, headers, secrets as string), { name: 'TypeError', message: /^secrets/ })
})
