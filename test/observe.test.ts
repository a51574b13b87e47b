// What a tester can see and wait for: the journal of requests, the calls that answer when something is there, and events.
import { Agent, request as get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { Feed } from '../src/journal/feed.ts'
import { application, body, deadPort, demo, endpoint, items, keysOf, list, object, open, send, sign, string, type Gate, type Json } from './helpers/blackbox.ts'

const journal = async (gate: Gate, query = ''): Promise<Json[]> => items(await gate.control('GET', `/requests${query}`))
const newest = async (gate: Gate): Promise<Json> => object((await journal(gate, '?limit=1'))[0])

interface Event { id: string; type: string; data: Json }

/** Reads server-sent events. */
const watch = async (t: Test, gate: Gate, query = '', headers: Record<string, string> = {}) => {
  const seen: Event[] = []
  let taken = 0
  let wake: (() => void) | undefined
  const outgoing = get(`${gate.url}/_sandbox/events${query}`, { headers, agent: false })
  outgoing.end()
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => { outgoing.on('response', resolve).on('error', reject) })
  t.teardown(() => { outgoing.destroy() })
  let rest = ''
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
      if (fields['data'] !== undefined) seen.push({ id: fields['id'] ?? '', type: fields['event'] ?? '', data: object(JSON.parse(fields['data'])) })
    }
    wake?.()
  })
  return {
    headers: incoming.headers,
    seen,
    stop: () => { outgoing.destroy() },
    ended: new Promise<void>((resolve) => { incoming.on('close', resolve) }),
    /** The next event of a type. */
    next: async (type: string): Promise<Event> => {
      for (;;) {
        const found = seen.slice(taken).find((event) => event.type === type)
        if (found !== undefined) {
          taken = seen.indexOf(found) + 1
          return found
        }
        await new Promise<void>((resolve) => { wake = resolve })
      }
    },
  }
}

await t.test('the journal keeps what arrived and what was answered, byte for byte', async (t) => {
  const gate = await open(t)
  const text = `{ "orderCode":"O-1",${JSON.stringify(application({ tradeUuid: 'byte-for-byte', orderCode: undefined })).slice(1)}`
  const answer = await gate.call('apply', text)
  const one = await newest(gate)
  t.match(one, { operation: 'apply', method: 'POST', url: '/open-platform-api/pay/apply', appKey: demo.appKey, outcome: 'accepted', reason: null, message: null, fault: null, warnings: [], nearMisses: [] })
  t.equal(object(one['request'])['body'], text)
  t.equal(object(one['request'])['encoding'], 'utf8')
  t.match(object(one['request'])['headers'], { appkey: demo.appKey, sign: sign(demo, text) })
  t.match(one['response'], { status: 200, body: answer.text, headers: { 'content-type': /json/ } })
  t.equal(one['at'], '2025-08-04T13:45:21.000+08:00', 'on the sandbox\'s clock')
  t.strictSame(body(await gate.control('GET', `/requests/${string(one['id'])}`)), one, 'the same by its id')
  t.equal((await gate.control('GET', '/requests/r-99')).status, 404)

  await gate.call('apply', 'no json', { sign: sign(demo, 'no json') })
  t.match(await newest(gate), { outcome: 'refused', reason: 'BODY_NOT_JSON', message: /JSON/, request: { body: 'no json' } })
  const bytes = Buffer.from([0x7b, 0xff, 0x7d])
  await gate.call('apply', bytes, { sign: 'x' })
  t.match(await newest(gate), { reason: 'BODY_NOT_UTF8', request: { body: bytes.toString('base64'), encoding: 'base64' } })
  await gate.call('apply', '', { sign: sign(demo, '') })
  t.match(await newest(gate), { reason: 'BODY_NOT_JSON' }, 'an empty body')

  for (const [headers, reason] of [
    [{ 'content-type': 'application/json' }, 'HEADER_MISSING'],
    [{ 'content-type': 'application/json', appKey: 'nobody', sign: 'x', authorization: 'Basic c2VjcmV0', cookie: 'a=b' }, 'APP_KEY_UNKNOWN'],
    [{ 'content-type': 'application/x-www-form-urlencoded', appKey: demo.appKey, sign: 'x' }, 'CONTENT_TYPE_UNSUPPORTED'],
    [{ appKey: demo.appKey, sign: 'x' }, 'CONTENT_TYPE_UNSUPPORTED'],
  ] as const) {
    const refusal = await send(`${gate.baseUrl}/cancel`, { headers, body: 'a=1&b=2' })
    t.equal(refusal.headers['x-qlink-sandbox-error'], reason)
    t.match(await newest(gate), { operation: 'cancel', outcome: 'refused', reason, request: { body: 'a=1&b=2' } }, `the body is kept though the request is refused before it is read (${reason})`)
  }
  const [unknown] = await journal(gate, '?appKey=nobody')
  t.match(object(object(unknown)['request'])['headers'], { authorization: '…', cookie: '…' }, 'what is private is not shown')
})

await t.test('a slip of the pen is named: path, field and appKey', async (t) => {
  const gate = await open(t)
  await send(`${gate.baseUrl}/getPaystatus`, { headers: { 'content-type': 'text/plain' }, body: '{"billCodeList":["x"]}' })
  t.match(await newest(gate), {
    operation: null, outcome: 'refused', reason: 'PATH_UNKNOWN', message: /did you mean/, request: { body: '{"billCodeList":["x"]}' },
    nearMisses: [{ what: 'path', sent: '/open-platform-api/pay/getPaystatus', meant: '/open-platform-api/pay/getPayStatus' }],
  })
  await send(`${gate.baseUrl}/apply`, { method: 'GET' })
  t.match(await newest(gate), { operation: null, method: 'GET', reason: 'METHOD_NOT_ALLOWED', nearMisses: [] })

  const { payAccount, ...rest } = application({ tradeUuuid: 'x' })
  await gate.call('apply', { ...rest, glinkAccount: payAccount })
  t.match(await newest(gate), { outcome: 'accepted', warnings: [/glinkAccount/, /tradeUuuid/], nearMisses: [{ what: 'field', sent: 'tradeUuuid', meant: 'tradeUuid' }] })
  const { tradeUuid: _, ...without } = application()
  await gate.call('apply', { ...without, tradeUUID: 'x' })
  t.match(await newest(gate), { outcome: 'refused', reason: 'FIELD_MISSING', nearMisses: [{ what: 'field', sent: 'tradeUUID', meant: 'tradeUuid' }] })

  const refused = await gate.call('apply', application(), { keys: { appKey: 'demo-appkey', appSecret: 'x' } })
  t.match(string(body(refused)['message']), /did you mean demo-app-key\?/)
  t.match(await newest(gate), { appKey: 'demo-appkey', reason: 'APP_KEY_UNKNOWN', nearMisses: [{ what: 'appKey', sent: 'demo-appkey', meant: 'demo-app-key' }] })
})

await t.test('what a fault took away is told', async (t) => {
  const gate = await open(t)
  for (const fault of ['connection-reset', 'truncated-json', 'http-503']) await gate.scenario(fault, { on: { apply: [{ fault }] } })
  for (const fault of ['connection-reset', 'truncated-json']) {
    await t.rejects(gate.call('apply', application({ tradeUuid: fault, metadata: { qlinkScenario: fault } })))
    const one = await newest(gate)
    t.match(one, { outcome: 'fault', fault, response: null, reason: null })
    t.match(JSON.parse(string(one['lostAnswer'])), { success: true, billCode: /^QL/ })
  }
  await gate.call('apply', application({ metadata: { qlinkScenario: 'http-503' } }))
  t.match(await newest(gate), { outcome: 'fault', fault: 'http-503', response: { status: 503 }, lostAnswer: /billCode/ })
})

await t.test('the journal is listed by merchant, endpoint, outcome and bill, page by page, and forgets', async (t) => {
  const gate = await open(t, { keepRequests: 20 })
  const [a, b] = [await gate.merchant(), await gate.merchant()]
  const bill = await gate.bill(a)
  await gate.bill(b)
  await gate.status(a, bill.billCode)
  await gate.call('apply', application(), { keys: a, sign: 'wrong' })
  const said = (requests: Json[]): string[] => requests.map(({ operation, appKey, reason }) => `${String(operation)} ${appKey === a.appKey ? 'a' : 'b'}${typeof reason === 'string' ? ` ${reason}` : ''}`)
  t.strictSame(said(await journal(gate)), ['apply a SIGN_MISMATCH', 'getPayStatus a', 'apply b', 'apply a'])
  t.strictSame(said(await journal(gate, `?appKey=${a.appKey}&operation=apply`)), ['apply a SIGN_MISMATCH', 'apply a'])
  t.strictSame(said(await journal(gate, '?outcome=refused')), ['apply a SIGN_MISMATCH'])
  t.strictSame(said(await journal(gate, '?outcome=SIGN_MISMATCH')), ['apply a SIGN_MISMATCH'])
  t.strictSame(said(await journal(gate, `?billCode=${bill.billCode}`)), ['getPayStatus a', 'apply a'])
  t.strictSame(said(await journal(gate, `?tradeUuid=${bill.tradeUuid}`)), ['apply a'])
  const first = body(await gate.control('GET', '/requests?limit=3'))
  t.equal(list(first['items']).length, 3)
  t.strictSame(said(await journal(gate, `?limit=3&cursor=${string(first['nextCursor'])}`)), ['apply a'])
  for (const query of ['?operation=pay', '?limit=0', '?cursor=x', '?appkey=x']) t.equal((await gate.control('GET', `/requests${query}`)).status, 400, query)

  t.equal((await gate.control('DELETE', `/requests?appKey=${a.appKey}`)).status, 204)
  t.strictSame(said(await journal(gate)), ['apply b'])
  for (let n = 0; n < 30; n++) await gate.cancel(a, bill.billCode)
  t.equal((await journal(gate)).length, 20, 'no more than are to be kept')
  await gate.must(bill.billCode, 'pay').catch(() => undefined)
  await gate.control('POST', '/reset')
  t.strictSame(await journal(gate), [], 'a reset forgets all')

  const small = await open(t, { keepRequestBytes: 4000 })
  for (let n = 0; n < 5; n++) await small.call('cancel', { billCode: 'x'.repeat(600) })
  t.equal((await journal(small)).length, 2, 'no more bytes than are to be kept')
})

await t.test('a wait ends as soon as the notification was acknowledged', async (t) => {
  const shop = await endpoint(t, (told) => ({ status: told.length < 2 ? 500 : 200 }))
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: shop.url })
  const bill = await gate.bill(keys)
  const waiting = gate.control('GET', `/notifications/wait?tradeUuid=${bill.tradeUuid}&appKey=${keys.appKey}&status=PAY_SUCCESS&timeout=1m`)
  await gate.must(bill.billCode, 'pay')
  await gate.settle()
  await gate.advance('15s')
  const told = body(await waiting)
  t.match(told, { id: `${bill.billCode}-1`, status: 'PAY_SUCCESS', state: 'acknowledged' })
  t.equal(list(told['attempts']).length, 2)
  t.strictSame(body(await gate.control('GET', `/notifications/wait?billCode=${bill.billCode}`)), told, 'what is there already is answered at once')

  const second = gate.control('GET', `/notifications/wait?appKey=${keys.appKey}&count=2&timeout=1m`)
  await gate.cancel(keys, (await gate.bill(keys)).billCode)
  await gate.settle()
  t.match(body(await second), { status: 'PAY_CANCEL', state: 'acknowledged' }, 'the second that fits')
})

await t.test('a wait in vain ends at its timeout, and says what was there instead', async (t) => {
  const gate = await open(t, { notifyUrl: `http://127.0.0.1:${String(await deadPort())}` })
  const bill = await gate.bill(demo)
  const wait = (path: string) => gate.control('GET', `${path}${path.includes('?') ? '&' : '?'}timeout=1ms`)
  const early = await wait(`/notifications/wait?tradeUuid=${bill.tradeUuid}`)
  t.equal(early.status, 408)
  t.match(early.headers['content-type'], /problem\+json/)
  t.match(body(early), { title: 'Request Timeout', detail: /no notification with tradeUuid \S+ was acknowledged within 1ms; nothing of the kind was there.*expire.*2025-08-06T13:45:21/, seen: [] })
  await gate.must(bill.billCode, 'pay')
  await gate.settle()
  const late = body(await wait(`/notifications/wait?tradeUuid=${bill.tradeUuid}`))
  t.match(late, { detail: /refused.*the clock is manual and stands at 2025-08-04T13:45:21\.000\+08:00; what is due next \(attempt\) is due at 2025-08-04T13:45:36/, nextDueAt: '2025-08-04T13:45:36.000+08:00' })
  t.match(late['seen'], [{ id: `${bill.billCode}-1`, status: 'PAY_SUCCESS', state: 'pending', attempts: 1, error: /refused/ }])
  t.match(body(await wait(`/bills/wait?billCode=${bill.billCode}&status=PAY_FAIL`)), { detail: /no bill with billCode \S+ was PAY_FAIL/, seen: [{ billCode: bill.billCode, status: 'PAY_SUCCESS' }] })
  t.match(body(await wait('/requests/wait?operation=cancel&count=2')), { detail: /no request with operation cancel came 2 times within 1ms/, seen: [{ operation: 'apply', outcome: 'accepted' }] })
  for (const query of ['?timeout=soon', '?timeout=11m', '?count=0', '?status=PAID', '?state=done', '?tradeUUID=x']) {
    t.equal((await gate.control('GET', `/notifications/wait${query}`)).status, 400, query)
  }
})

await t.test('a wait for a bill or a request ends when it is there', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const there = gate.control('GET', `/bills/wait?appKey=${keys.appKey}&orderCode=O-wait&timeout=1m`)
  const paid = gate.control('GET', `/bills/wait?appKey=${keys.appKey}&status=PAY_SUCCESS&timeout=1m`)
  const query = gate.control('GET', `/requests/wait?appKey=${keys.appKey}&operation=getPayStatus&timeout=1m`)
  const wrong = gate.control('GET', '/requests/wait?outcome=SIGN_MISMATCH&timeout=1m')
  const bill = await gate.bill(keys, { orderCode: 'O-wait' })
  t.match(body(await there), { billCode: bill.billCode, status: 'PAY_WAIT' })
  await gate.must(bill.billCode, 'pay')
  t.match(body(await paid), { billCode: bill.billCode, status: 'PAY_SUCCESS' })
  await gate.status(keys, bill.billCode)
  t.match(body(await query), { operation: 'getPayStatus', outcome: 'accepted' })
  await gate.call('apply', application(), { sign: 'wrong' })
  t.match(body(await wrong), { reason: 'SIGN_MISMATCH' })
})

await t.test('whoever waits holds up neither the sandbox\'s end nor its memory', async (t) => {
  const gate = await open(t)
  const gone = get(`${gate.url}/_sandbox/notifications/wait?timeout=10m`).on('error', () => undefined)
  gone.end()
  await new Promise((resolve) => { gone.on('socket', (socket) => { socket.on('connect', resolve) }) })
  gone.destroy()
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => { agent.destroy() })
  const waiting = send(`${gate.url}/_sandbox/notifications/wait?timeout=10m`, { method: 'GET', agent })
  const watching = await watch(t, gate)
  await gate.bill(demo)
  await watching.next('bill')
  await gate.sandbox.close()
  const told = await waiting
  t.match(body(told), { status: 503, detail: /closing/ })
  t.equal(told.headers.connection, 'close', 'nothing is kept open that would hold up the end')
  await watching.ended
})

await t.test('nobody is listened for any more who is gone', async (t) => {
  const listening = new Set<unknown>()
  const subscribe = Object.getOwnPropertyDescriptor(Feed.prototype, 'subscribe')?.value as Feed['subscribe']
  t.intercept(Feed.prototype, 'subscribe', {
    value: function (this: Feed, listener: Parameters<Feed['subscribe']>[0]) {
      const end = subscribe.call(this, listener)
      listening.add(listener)
      return () => {
        listening.delete(listener)
        end()
      }
    },
  })
  const until = async (count: number): Promise<void> => { while (listening.size !== count) await new Promise(setImmediate) }
  const gate = await open(t)
  const always = listening.size
  const watching = await watch(t, gate)
  const waiting = get(`${gate.url}/_sandbox/bills/wait?timeout=10m`, { agent: false }).on('error', () => undefined)
  waiting.end()
  await until(always + 2)
  watching.stop()
  await until(always + 1)
  waiting.destroy()
  await until(always)
  t.equal((await gate.control('GET', '/bills/wait?timeout=1ms')).status, 408)
  t.equal(listening.size, always)
})

await t.test('events tell of bills, notifications, requests and the clock, without secrets', async (t) => {
  const shop = await endpoint(t, { status: 500 })
  const gate = await open(t)
  const watching = await watch(t, gate)
  t.match(watching.headers, { 'content-type': /^text\/event-stream/, 'cache-control': 'no-store' })
  const keys = await gate.merchant({ notifyUrl: shop.url })
  const bill = await gate.bill(keys)
  t.match((await watching.next('bill')).data, { appKey: keys.appKey, billCode: bill.billCode, tradeUuid: bill.tradeUuid, what: 'apply', by: 'merchant', status: 'PAY_WAIT', at: '2025-08-04T13:45:21.000+08:00' })
  t.match((await watching.next('request')).data, { operation: 'apply', appKey: keys.appKey, outcome: 'accepted', status: 200 })
  await gate.must(bill.billCode, 'pay')
  t.match((await watching.next('bill')).data, { what: 'pay', from: 'PAY_WAIT', to: 'PAY_SUCCESS', by: 'control' })
  t.match((await watching.next('notification')).data, { id: `${bill.billCode}-1`, status: 'PAY_SUCCESS', state: 'pending', attempt: null })
  await gate.settle()
  t.match((await watching.next('notification')).data, { attempt: { number: 1, acknowledged: false, status: 500 } })
  await gate.advance('15s')
  t.match((await watching.next('notification')).data, { attempt: { number: 2 }, at: '2025-08-04T13:45:36.000+08:00' })
  const all = JSON.stringify(watching.seen)
  for (const secret of [keys.appSecret, String(shop.told[0]?.headers['sign'])]) t.notOk(all.includes(secret))
  t.equal(new Set(watching.seen.map(({ id }) => id)).size, watching.seen.length, 'each has an id of its own')
})

await t.test('events go on where they stopped, and are of one merchant or kind if wanted', async (t) => {
  const gate = await open(t)
  const [a, b] = [await gate.merchant(), await gate.merchant()]
  const before = await watch(t, gate, `?appKey=${a.appKey}&type=bill,request`)
  const first = await gate.bill(a)
  await gate.bill(b)
  await gate.bill(a)
  await before.next('bill')
  const { id } = await before.next('request')
  await before.next('request')
  t.strictSame(before.seen.map(({ type, data }) => [type, data['appKey']]), [['bill', a.appKey], ['request', a.appKey], ['bill', a.appKey], ['request', a.appKey]])
  before.stop()
  await gate.must(first.billCode, 'pay')

  const after = await watch(t, gate, '?type=bill', { 'last-event-id': id })
  await after.next('bill')
  await after.next('bill')
  await after.next('bill')
  t.strictSame(after.seen.map(({ data }) => [data['appKey'], data['what']]), [[b.appKey, 'apply'], [a.appKey, 'apply'], [a.appKey, 'pay']], 'what came meanwhile, then what comes')

  const again = await watch(t, gate, '', { 'last-event-id': id })
  await again.next('bill')
  t.notOk(again.seen.some((event) => event.id === id), 'what was seen is not sent again')

  const stranger = await watch(t, gate, '?type=bill', { 'last-event-id': '0123abcd-5' })
  await stranger.next('missed')
  await stranger.next('bill')
  t.equal(stranger.seen.length, 5, 'an id of another run gets all that is kept, and is told')
  t.equal((await gate.control('GET', '/events?type=bills')).status, 400)
  t.strictSame(keysOf(stranger.seen[1]?.data), ['appKey', 'at', 'billCode', 'by', 'orderCode', 'status', 'to', 'tradeUuid', 'what'])
})

await t.test('a client of events that does not read is sent away, and the sandbox stays', async (t) => {
  const gate = await open(t)
  const socket = connect(Number(new URL(gate.url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('GET /_sandbox/events HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await new Promise((resolve) => { socket.once('data', resolve) })
  socket.pause()
  const gone = new Promise((resolve) => { socket.on('close', resolve).on('error', () => undefined) })
  const long = { tradeUuid: 'x', junk: 'y' }
  for (let n = 0; n < 60; n++) await Promise.all(Array.from({ length: 20 }, () => gate.call(`${'long/'.repeat(1500)}apply`, long)))
  socket.resume()
  await gone
  t.equal((await gate.health()).status, 200)
})
