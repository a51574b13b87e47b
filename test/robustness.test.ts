// What must not bring it down, hang it, or leave it half-way: trouble that comes while something is under way.
import { once } from 'node:events'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import t from 'tap'
import { startApp } from '../src/app.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { application, body, demo, directory, endpoint, items, list, object, open, refused, send, sign, string, withAmount, type Gate, type Reply, type Told } from './helpers/blackbox.ts'

/** A merchant whose answers are held back until they are released. */
const heldEndpoint = async (t: Parameters<typeof endpoint>[0], reply: Reply = { status: 500 }) => {
  const held: (() => void)[] = []
  const arrivals: (() => void)[] = []
  const told: string[] = []
  let arrived = 0
  const server = createHttpServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => {
      arrived++
      told.push(String(object(JSON.parse(text))['billCode']))
      held.push(() => response.writeHead(reply.status).end(reply.body))
      arrivals.shift()?.()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    count: () => arrived,
    told,
    arrival: (): Promise<void> => new Promise((resolve) => arrivals.push(resolve)),
    release: () => {
      for (const answer of held.splice(0)) answer()
    },
  }
}

/** Sends bytes as they are and reads what comes back. */
const raw = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('close', () => {
      resolve(text)
    })
    socket.on('error', reject)
  })

const alive = async (gate: Gate): Promise<boolean> => (await gate.health()).status === 200

/* The clock, while it is being advanced. */

for (const [what, act, expected] of [
  ['set to real', (gate: Gate) => gate.control('PUT', '/clock', { mode: 'real' }), 'real'],
  ['reset', (gate: Gate) => gate.control('POST', '/reset', {}), 'manual'],
] as const) {
  await t.test(`${what} during an advance: the advance says so, and service goes on`, async (t) => {
    const shop = await heldEndpoint(t)
    const gate = await open(t, { notifyUrl: shop.url })
    const { billCode } = await gate.bill(demo)
    const arrival = shop.arrival()
    await gate.must(billCode, 'pay')
    await arrival
    shop.release()
    await gate.settle()
    // The second attempt, fifteen seconds on, comes of the advance: when it arrives, the advance is under way.
    const second = shop.arrival()
    const advancing = gate.control('POST', '/clock/advance', { by: '24h' })
    await second
    t.equal((await gate.control('PUT', '/clock', { mode: 'manual', now: '2025-08-04 13:45:22' })).status, 409, 'not back behind what is under way')
    t.ok((await act(gate)).status < 300)
    shop.release()
    const answer = await advancing
    t.equal(answer.status, 409)
    t.match(body(answer)['detail'], /set or reset while it was being advanced/)
    const clock = body(await gate.control('GET', '/clock'))
    t.equal(clock['mode'], expected)
    if (expected === 'manual') t.equal(clock['now'], '2025-08-04T13:45:21.000+08:00', 'the clock stands where the reset put it')
    t.ok(await alive(gate))
  })
}

await t.test('an advance counts what was done, and only that', async (t) => {
  const shop = await endpoint(t)
  const gate = await open(t, { notifyUrl: shop.url })
  const [first, second] = [await gate.bill(demo), await gate.bill(demo, { metadata: { qlinkScenario: 'pay-after-3s' } })]
  await gate.must(first.billCode, 'pay')
  t.ok(second)
  await gate.settle()
  t.strictSame(body(await gate.advance('49h'))['ran'], { expiries: 0, steps: 1, attempts: 1 })
})

await t.test('the clock does not go back behind what is recorded, nor past the year 9999', async (t) => {
  const gate = await open(t, { clock: 'real', now: undefined })
  t.equal((await gate.control('PUT', '/clock', { mode: 'manual', now: '2020-01-01 00:00:00' })).status, 200, 'nothing is recorded yet')
  t.equal((await gate.control('PUT', '/clock', { mode: 'real' })).status, 200)
  await gate.bill(demo)
  const back = await gate.control('PUT', '/clock', { mode: 'manual', now: '2020-01-01 00:00:00' })
  t.equal(back.status, 409)
  t.match(body(back)['detail'], /cannot go back behind what is recorded .*reset first/)
  t.equal((await gate.control('PUT', '/clock', { mode: 'manual', now: '9999-12-29 00:00:00' })).status, 200)
  t.equal((await gate.control('POST', '/clock/advance', { by: '2d' })).status, 422)
})

/* Notifications that wait for their turn. */

const queued = async (t: Parameters<typeof endpoint>[0]) => {
  const shop = await heldEndpoint(t, { status: 200 })
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: shop.url, notification: { concurrency: 1 } })
  const arrival = shop.arrival()
  for (let index = 0; index < 4; index++) await gate.must((await gate.bill(keys)).billCode, 'pay')
  await arrival
  return { shop, gate, keys }
}

await t.test('after a reset nothing that waited is sent', async (t) => {
  const { shop, gate } = await queued(t)
  await gate.control('POST', '/reset', {})
  shop.release()
  await gate.settle()
  t.equal(shop.count(), 1)
})

await t.test('after a merchant is deleted nothing that waited is sent, and its bills are gone', async (t) => {
  const { shop, gate, keys } = await queued(t)
  t.equal((await gate.control('DELETE', `/merchants/${keys.appKey}`)).status, 204)
  shop.release()
  await gate.settle()
  t.equal(shop.count(), 1)
  t.strictSame(items(await gate.control('GET', '/bills')), [])
})

await t.test('after its URL has changed, what waited goes to the new one', async (t) => {
  const { shop, gate, keys } = await queued(t)
  const other = await endpoint(t)
  await gate.control('PATCH', `/merchants/${keys.appKey}`, { notifyUrl: other.url })
  shop.release()
  await gate.settle()
  t.equal(shop.count(), 1)
  t.equal(other.told.length, 3)
})

await t.test('deleting a merchant while it applies leaves nobody’s bill behind', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const applying = Promise.all(Array.from({ length: 50 }, () => gate.call('apply', application(), { keys })))
  await gate.control('DELETE', `/merchants/${keys.appKey}`)
  for (const answer of await applying) if (body(answer)['success'] === false) refused(t, answer, 'APP_KEY_UNKNOWN')
  // One whose head came before the deletion, and whose body after it.
  const late = await gate.merchant()
  const text = JSON.stringify(application())
  const url = new URL(gate.baseUrl)
  const socket = connect(Number(url.port), '127.0.0.1')
  const answered = new Promise<string>((resolve) => socket.once('data', (chunk) => {
    resolve(chunk.toString())
  }))
  socket.write(`POST ${url.pathname}/apply HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nappKey: ${late.appKey}\r\nsign: ${sign(late, text)}\r\nexpect: 100-continue\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`)
  // The server says "continue" when it has taken the head in.
  await answered
  await gate.control('DELETE', `/merchants/${late.appKey}`)
  const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => {
    resolve(chunk.toString())
  }))
  socket.write(text)
  t.match(await answer, /x-qlink-sandbox-error: APP_KEY_UNKNOWN/)
  socket.destroy()
  t.strictSame(items(await gate.control('GET', '/bills')), [])
})

await t.test('SIGTERM or close while deliveries hang: close ends soon, by breaking them off', async (t) => {
  const shop = await heldEndpoint(t)
  const closing: (() => unknown)[] = []
  const gate = await open({ teardown: (close) => closing.push(close) }, { notifyUrl: shop.url })
  const arrival = shop.arrival()
  await gate.must((await gate.bill(demo)).billCode, 'pay')
  await arrival
  await Promise.all(closing.map((close) => close()))
  await t.rejects(gate.health(), /ECONNREFUSED/)
})

await t.test('while a merchant has no URL its attempts wait, and none of the schedule is spent', async (t) => {
  const down = await endpoint(t, { status: 500 })
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: down.url })
  await gate.must((await gate.bill(keys)).billCode, 'pay')
  await gate.settle()
  await gate.control('PATCH', `/merchants/${keys.appKey}`, { notifyUrl: null })
  await gate.advance('24h')
  const [waiting] = await gate.notifications(keys)
  t.equal(waiting?.['state'], 'pending')
  t.equal(list(waiting?.['attempts']).length, 1)
  const up = await endpoint(t)
  await gate.control('PATCH', `/merchants/${keys.appKey}`, { notifyUrl: up.url })
  await gate.settle()
  t.equal(up.told.length, 1)
  t.equal((await gate.notifications(keys))[0]?.['state'], 'acknowledged')
})

await t.test('an attempt under way when its bill was reset says nothing about the bill of the same name that came after', async (t) => {
  const shop = await heldEndpoint(t, { status: 200 })
  const gate = await open(t, { notifyUrl: shop.url, seed: 'same' })
  const text = JSON.stringify(application({ tradeUuid: 'again' }))
  const first = await gate.bill(demo, text)
  const arrival = shop.arrival()
  await gate.must(first.billCode, 'pay')
  await arrival
  await gate.control('POST', '/reset', {})
  const second = await gate.bill(demo, text)
  t.equal(second.billCode, first.billCode, 'the same seed, the same code')
  const paying = shop.arrival()
  await gate.must(second.billCode, 'pay')
  shop.release()
  await paying
  const [notification] = await gate.notifications(demo)
  t.strictSame(notification?.['attempts'], [], 'what is recorded is this bill’s own')
  shop.release()
  await gate.settle()
  t.equal(list((await gate.notifications(demo))[0]?.['attempts']).length, 1)
})

await t.test('a resend while an attempt is under way goes after it', async (t) => {
  const shop = await heldEndpoint(t, { status: 200 })
  const gate = await open(t, { notifyUrl: shop.url, seed: undefined })
  const { billCode } = await gate.bill(demo)
  const arrival = shop.arrival()
  await gate.must(billCode, 'pay')
  await arrival
  const resending = gate.control('POST', `/notifications/${billCode}-1/resend`, {})
  await gate.control('GET', '/clock')
  // What is sent about another bill after it overtakes it: about one bill, one goes after another.
  const other = await gate.bill(demo)
  const overtaking = shop.arrival()
  await gate.must(other.billCode, 'pay')
  await overtaking
  t.strictSame(shop.told, [billCode, other.billCode])
  const again = shop.arrival()
  shop.release()
  await again
  shop.release()
  t.strictSame(list(body(await resending)['attempts']).map((attempt) => attempt['trigger']), ['schedule', 'resend'])
})

await t.test('nothing is said that could still be lost: a second cancel, a query, a duplicate', async (t) => {
  const dir = directory(t)
  const gate = await open(t, { data: join(dir, 'sub', 'data.json') })
  const { billCode, tradeUuid } = await gate.bill(demo)
  await rm(join(dir, 'sub'), { recursive: true })
  const [first, second, query] = await Promise.all([
    gate.call('cancel', { billCode }),
    gate.call('cancel', { billCode }),
    gate.call('getPayStatus', { billCodeList: [billCode] }),
  ])
  for (const answer of [first, second]) refused(t, answer, 'STORE_UNAVAILABLE')
  if (Array.isArray(JSON.parse(query.text))) t.match(query.text, /PAY_WAIT/)
  else refused(t, query, 'STORE_UNAVAILABLE')
  await mkdir(join(dir, 'sub'))
  t.equal((await gate.status(demo, billCode))['status'], 'PAY_WAIT')
  refused(t, await gate.call('apply', application({ tradeUuid })), 'TRADE_UUID_TAKEN')
})

await t.test('a reset is one step: what comes while it writes finds the start', async (t) => {
  const gate = await open(t, { data: join(directory(t), 'data.json') })
  await gate.advance('10h')
  const [, ...made] = await Promise.all([
    gate.control('POST', '/reset', {}),
    ...Array.from({ length: 30 }, () => gate.bill(demo)),
  ])
  t.equal(made.length, 30)
  const left = items(await gate.control('GET', '/bills?limit=100'))
  for (const bill of left) t.equal(bill['createdAt'], '2025-08-04T13:45:21.000+08:00')
  t.equal(body(await gate.control('GET', '/clock'))['now'], '2025-08-04T13:45:21.000+08:00')
})

await t.test('a merchant that was made and deleted leaves nothing in the data file', async (t) => {
  const file = join(directory(t), 'data.json')
  const closing: (() => unknown)[] = []
  const gate = await open({ teardown: (close) => closing.push(close) }, { data: file })
  const keys = await gate.merchant()
  t.equal((await gate.control('DELETE', `/merchants/${keys.appKey}`)).status, 204)
  t.equal((await gate.control('DELETE', '/merchants/demo-app-key')).status, 204)
  refused(t, await gate.call('queryPayAccount', { payAccount: 'account1' }), 'APP_KEY_UNKNOWN')
  for (const close of closing) await close()
  t.strictSame(object(JSON.parse(await readFile(file, 'utf8')))['merchants'], { 'demo-app-key': null }, 'only what the fixtures have is remembered as gone')
})

/* Odd merchants. */

const answers: Record<string, [Reply | ((told: Told[]) => Reply), boolean]> = {
  'a no in a body of 100 KB': [{ status: 200, body: `{"success":false,"pad":"${'x'.repeat(100_000)}"}` }, false],
  'a yes in a body of 100 KB': [{ status: 200, body: `{"success":true,"pad":"${'x'.repeat(100_000)}"}` }, true],
  'a body of 5 MB': [{ status: 200, body: 'x'.repeat(5 * 1024 * 1024) }, false],
  'what is no JSON': [{ status: 200, body: '{"success":fal' }, true],
  'many headers': [{ status: 200, headers: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'y'.repeat(100)])) }, true],
}
for (const [name, [reply, acknowledged]] of Object.entries(answers)) {
  await t.test(`a merchant that answers with ${name}`, async (t) => {
    const shop = await endpoint(t, reply)
    const gate = await open(t, { notifyUrl: shop.url })
    await gate.must((await gate.bill(demo)).billCode, 'pay')
    await gate.settle()
    const [notification] = await gate.notifications(demo)
    t.equal(notification?.['state'], acknowledged ? 'acknowledged' : 'pending')
    t.ok(JSON.stringify(notification).length < 60_000, 'not all of it is kept')
    t.ok(await alive(gate))
  })
}

await t.test('a merchant that hangs up, that speaks no HTTP, or whose answer never ends', async (t) => {
  const behaviours: Record<string, [(write: (text: string) => void, end: () => void) => void, RegExp]> = {
    'hangs up': [(_write, end) => {
      end()
    }, /closed before an answer came|reset before an answer came/],
    'speaks no HTTP': [(write, end) => {
      write('hello\n')
      end()
    }, /does not speak HTTP|could not be read|closed before an answer came/],
    'never ends': [(write) => {
      write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf')
    }, /no whole answer within 300 ms/],
  }
  for (const [name, [behave, expected]] of Object.entries(behaviours)) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        behave((text) => socket.write(text), () => socket.end())
      })
      t.teardown(() => socket.destroy())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const gate = await open(t, { notifyUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`, notifyTimeout: '300ms' })
    await gate.must((await gate.bill(demo)).billCode, 'pay')
    await gate.settle()
    const [notification] = await gate.notifications(demo)
    const [attempt] = list(notification?.['attempts'])
    t.match(attempt?.['error'], expected, name)
    t.notMatch(attempt?.['error'], /[\r\n]/, name)
    t.equal(notification?.['state'], 'pending', name)
  }
})

await t.test('a merchant may not be given for ever to answer', async (t) => {
  const gate = await open(t)
  for (const timeout of ['100d', '30d', '11m', '0s', 'soon']) {
    const answer = await gate.control('POST', '/merchants', { notification: { timeout } })
    t.equal(answer.status, 422, timeout)
    t.match(body(answer)['detail'], /notification\.timeout must be a duration of more than 0 and at most 10m/, timeout)
  }
})

/* The store, when it fails. */

await t.test('with a store that fails: nothing is changed, an advance says so and returns, and all goes on after', async (t) => {
  const dir = directory(t)
  const gate = await open(t, { data: join(dir, 'sub', 'data.json') })
  const keys = await gate.merchant()
  const { billCode } = await gate.bill(keys, { metadata: { qlinkScenario: 'pay-after-3s' } })
  await rm(join(dir, 'sub'), { recursive: true })
  for (const [method, path, content] of [['POST', '/reset', {}], ['PATCH', `/merchants/${keys.appKey}`, { appSecret: 'other' }], ['DELETE', `/merchants/${keys.appKey}`, undefined], ['POST', '/merchants', {}], ['POST', '/clock/advance', { by: '24h' }]] as const) {
    const answer = await gate.control(method, path, content)
    t.equal(answer.status, 503, `${method} ${path}`)
    t.match(body(answer)['detail'], /could not be written/)
  }
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_WAIT', 'the bill and the secret are as they were')
  await mkdir(join(dir, 'sub'))
  // What failed is on the agenda again after a moment; a restart would find it at once.
  await gate.must(billCode, 'pay')
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_SUCCESS')
})

/* Odd requests. */

await t.test('paths that cannot be read', async (t) => {
  const { url, baseUrl, control } = await open(t)
  for (const path of ['%zz', '%', '%ff%fe', 'a'.repeat(5000)]) {
    const answer = await send(`${baseUrl}/${path}`)
    refused(t, answer, 'PATH_UNKNOWN', { status: 404 })
    const problem = await control('GET', `/bills/${path}`)
    t.equal(problem.status, 404, path.slice(0, 10))
    t.match(problem.headers['content-type'], /problem\+json/)
    t.ok(problem.text.length < 6000)
  }
  t.equal((await send(`${url}/checkout/${'a'.repeat(3000)}`, { method: 'GET' })).status, 404)
})

await t.test('what is no HTTP, headers past all measure, and a client that hangs up', async (t) => {
  const gate = await open(t)
  const malformed = await raw(gate.url, 'NONSENSE\r\n\r\n')
  t.match(malformed, /^HTTP\/1\.1 400 /)
  t.strictSame(Object.keys(object(JSON.parse(malformed.split('\r\n\r\n')[1] ?? ''))), ['success', 'message'])
  t.match(await raw(gate.url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  const socket = connect(Number(new URL(gate.url).port), '127.0.0.1')
  t.match(await raw(gate.url, 'GET /nowhere HTTP/1.1\r\nconnection: close\r\n\r\n'), /"success":false/, 'no host header')
  const head = `POST /open-platform-api/pay/apply HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nappKey: demo-app-key\r\nsign: ${'a'.repeat(40)}\r\ncontent-length: 1000\r\n\r\n{"half`
  await new Promise<void>((resolve) => socket.write(head, () => {
    resolve()
  }))
  socket.destroy()
  await once(socket, 'close')
  t.match(body(await gate.control('GET', '/requests/wait?operation=apply')), { outcome: 'refused', reason: null }, 'half a request was not accepted')
  t.ok(await alive(gate))
})

await t.test('a name of 20,000 letters, and 10,000 names: warned of in a header that can be read', async (t) => {
  const gate = await open(t)
  const long = await gate.call('apply', { ...application(), ['字'.repeat(20_000)]: 1 })
  t.equal(body(long)['success'], true)
  const many = await gate.call('apply', { ...application(), ...Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`odd${index}`, 1])) })
  t.equal(body(many)['success'], true)
  t.match(many.headers['x-qlink-sandbox-warning'], /odd0 is not a field of QLink.*and 9990 more$/)
  for (const { headers } of [long, many]) t.ok(string(headers['x-qlink-sandbox-warning']).length < 4000)
})

await t.test('scenarios made to bring down a parser are refused in words', async (t) => {
  const gate = await open(t)
  const nasty: Record<string, string> = {
    brackets: '['.repeat(20_000),
    braces: '{a: '.repeat(20_000),
    marks: '? '.repeat(20_000),
    dashes: '- '.repeat(20_000),
    stairs: Array.from({ length: 400 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
    size: `name: x\ndescription: ${'x'.repeat(300_000)}`,
    many: `name: x\ntimeline:\n${'- {}\n'.repeat(20_000)}`,
  }
  for (const [name, text] of Object.entries(nasty)) {
    const answer = await gate.control('PUT', '/scenarios/x', text)
    t.equal(answer.status, 422, name)
    t.ok(answer.text.length < 20_000, name)
    t.notMatch(answer.text, /call stack/i, name)
  }
  t.ok(await alive(gate))
})

await t.test('control bodies and queries of the wrong kind name the place', async (t) => {
  const gate = await open(t)
  const { billCode } = await gate.bill(demo)
  const cases: [string, string, unknown, RegExp][] = [
    ['POST', `/bills/${billCode}/fail`, { errorCode: 5 }, /errorCode must be a string, but is a number/],
    ['POST', `/bills/${billCode}/pay`, { latee: true }, /latee is not known here; did you mean late\?/],
    ['POST', `/bills/${billCode}/pay`, [], /the request body must be an object, but is a list/],
    ['POST', '/merchants', { payAccounts: [{ payAccount: 'a', methods: [{ type: 'PAY', code: 'x', name: 'y' }] }] }, /payAccounts\[0\]\.methods\[0\]\.type must be PAY_TYPE or PAY_CHANNEL, but is "PAY"/],
    ['POST', '/merchants', { payAccounts: [{ payAccount: 'a', methods: [{ type: 'PAY_TYPE', code: 'x', name: 'y', foo: 1 }] }] }, /methods\[0\]\.foo is not known here/],
    ['POST', '/merchants', '{"appKey":"__proto__"}', /appKey must be a text without control characters/],
    ['POST', '/merchants', '{"__proto__":{"appKey":"x"}}', /__proto__ is not known here/],
    ['POST', '/merchants', { appKey: 'a\u0001b' }, /appKey must be a text without control characters/],
    ['PUT', '/clock', { mode: 'fast' }, /mode must be real or manual, but is "fast"/],
    ['PUT', '/clock', { mode: null }, /^mode must be real or manual, but is null$/],
    ['PUT', '/clock', 'nonsense', /the body is not JSON/],
    ['POST', '/clock/advance', {}, /give either by/],
    ['POST', '/clock/advance', { to: 'soon' }, /to must be a time/],
    ['GET', '/bills?limit=0', undefined, /limit must be a whole number from 1 to 500, but is "0"/],
    ['GET', '/bills?status=PAID', undefined, /status must be PAY_WAIT, PAY_SUCCESS, PAY_FAIL or PAY_CANCEL/],
    ['GET', '/bills?appKey=a&appKey=b', undefined, /appKey must be a string, but is a list/],
    ['GET', '/bills?statuss=PAY_WAIT', undefined, /statuss is not known here; did you mean status\?/],
    ['GET', '/notifications?cursor=x', undefined, /cursor must be a nextCursor of an earlier page/],
  ]
  for (const [method, path, content, expected] of cases) {
    const answer = await gate.control(method, path, content)
    t.ok([400, 422].includes(answer.status), `${method} ${path} ${JSON.stringify(content)}: ${answer.status}`)
    t.match(body(answer)['detail'], expected)
  }
})

await t.test('a body that says it is in another charset is refused before its signature is looked at', async (t) => {
  const gate = await open(t)
  const as = (type: string) => gate.call('queryPayAccount', { payAccount: 'account1' }, { headers: { 'content-type': type } })
  for (const type of ['application/json; charset=GBK', 'application/json;charset="iso-8859-1"']) {
    refused(t, await as(type), 'CONTENT_TYPE_UNSUPPORTED', { names: 'UTF-8' })
  }
  for (const type of ['application/json; charset=utf-8', 'application/json;charset=UTF8', 'Application/JSON']) {
    t.ok(Array.isArray(JSON.parse((await as(type)).text)), type)
  }
})

await t.test('a key given twice is named by its path', async (t) => {
  const gate = await open(t)
  const twice: Record<string, string> = {
    tradeUuid: '{"tradeUuid":"a","tradeUuid":"b"}',
    'items[1].skuCode': '{"items":[{"skuCode":"a,]}"},{"skuName":"\\"{","skuCode":"a","x":[[1],2],"skuCode":"b"}]}',
    'metadata.a.b': '{"metadata":{"c":[{}, {"d":1}],"a":{"b":1,"b":2}}}',
  }
  for (const [path, text] of Object.entries(twice)) refused(t, await gate.call('apply', text), 'FIELD_INVALID', { names: `${path} is given twice` })
  refused(t, await gate.call('apply', { ...application(), source: 5 }), 'FIELD_INVALID', { names: 'source must be QERP_CN or QERP_ASIA, but is 5' })
})

await t.test('amounts past what a number can be', async (t) => {
  const gate = await open(t)
  for (const literal of ['1e999', '1e400', '9'.repeat(400), '0.000e5', '-0', '-1.10']) {
    refused(t, await gate.call('apply', withAmount(literal)), 'FIELD_INVALID', { names: 'amount' })
  }
  t.equal(body(await gate.call('apply', withAmount('1.10E+2')))['success'], true, 'an exponent is a way to write a number')
  const { tradeUuid } = await gate.bill(demo, withAmount('12.5e1'))
  await gate.must(`tradeUuid:${tradeUuid}`, 'pay')
  t.match((await gate.call('getPayStatus', { tradeUuidList: [tradeUuid] })).text, /"amount":125,/)
})

await t.test('a late move is told apart from one that is never allowed', async (t) => {
  const gate = await open(t)
  const { billCode } = await gate.bill(demo)
  await gate.must(billCode, 'cancel')
  const answer = body(await gate.act(billCode, 'pay'))
  t.match(answer['detail'], /PAY_CANCEL.*allowed from there: pay with \{"late":true\}/)
  t.equal((await gate.act(billCode, 'pay', { late: true })).status, 200)
})

await t.test('secrets and signatures stay out of the log, at every level', async (t) => {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  }))
  // The whole sandbox, but with a logger whose lines can be read.
  const settings = await resolveSettings({ given: { port: 0, data: 'memory' }, spell: (name) => name, env: {} })
  const app = await startApp(settings, { logger: log })
  t.teardown(() => app.close())
  const text = JSON.stringify(application({ extra: 1 }))
  const headers = { 'content-type': 'application/json', appKey: demo.appKey, sign: sign(demo, text) }
  await send(`${app.baseUrl}/apply`, { headers, body: text })
  await send(`${app.baseUrl}/apply`, { headers: { ...headers, sign: 'f'.repeat(40) }, body: text })
  await raw(app.url, `POST /x HTTP/1.1\r\nsign: ${headers.sign}\r\nbad header\r\n\r\n`)
  t.ok(lines.length >= 3, lines.join(''))
  const all = lines.join('')
  for (const secret of [demo.appSecret, headers.sign, 'f'.repeat(40), Buffer.from(headers.sign).toString('base64')]) t.notOk(all.includes(secret))
  t.notMatch(all, /rawPacket/)
})

await t.test('copies that go together are under way at once; those that do not wait for each other', async (t) => {
  const shop = await heldEndpoint(t, { status: 200 })
  const gate = await open(t, { notifyUrl: shop.url })
  for (const [name, rule] of Object.entries({ together: { copies: 3, together: true }, apart: { copies: 3 } })) {
    await gate.scenario(name, { notifications: [rule] })
    const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: name } })
    const before = shop.count()
    for (const wanted of name === 'together' ? [[1, 2, 3]] : [[1], [2], [3]]) {
      const arrivals = wanted.map(() => shop.arrival())
      if (wanted.includes(1)) await gate.must(billCode, 'pay')
      await Promise.all(arrivals)
      t.equal(shop.count() - before, wanted.at(-1), `${name}: ${wanted.length} unanswered at once`)
      shop.release()
    }
    await gate.settle()
    t.equal(shop.count() - before, 3)
  }
})
