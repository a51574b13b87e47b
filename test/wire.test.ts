// What a client on a raw socket sees of each fault, and what the fault leaves behind.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import t from 'tap'
import { application, body, demo, endpoint, list, object, open, parsed, payload, refused, sign, string, unique, type Gate, type Json, type Keys } from './helpers/blackbox.ts'

interface Seen { bytes: string; error: string | undefined; ended: boolean }

/** A signed request as bytes. */
const requestBytes = (gate: Gate, operation: string, content: Json, headers: Record<string, string> = {}, keys: Keys = demo): string => {
  const text = JSON.stringify(content)
  const all = { host: 'sandbox', appKey: keys.appKey, sign: sign(keys, text), 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)), ...headers }
  const path = new URL(`${gate.baseUrl}/${operation}`).pathname
  return `POST ${path} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`
}

/** Writes bytes to a socket and tells what came until it closed. */
const onSocket = (gate: Gate, bytes: string, use: (socket: ReturnType<typeof connect>) => void = () => undefined): Promise<Seen> =>
  new Promise((resolve) => {
    const seen: Seen = { bytes: '', error: undefined, ended: false }
    const socket = connect(Number(new URL(gate.url).port), '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => { seen.bytes += chunk.toString() })
    socket.on('end', () => { seen.ended = true })
    socket.on('error', (error: NodeJS.ErrnoException) => { seen.error = error.code })
    socket.on('close', () => { resolve(seen) })
    socket.write(bytes, () => { use(socket) })
  })

const parts = (seen: Seen): { status: string; headers: string; body: string } => {
  const [head = '', ...rest] = seen.bytes.split('\r\n\r\n')
  const [status = '', ...headers] = head.split('\r\n')
  return { status, headers: headers.join('\n').toLowerCase(), body: rest.join('\r\n\r\n') }
}

const isThere = async (gate: Gate, tradeUuid: string): Promise<boolean> =>
  list(parsed(await gate.call('getPayStatus', { tradeUuidList: [tradeUuid] }))).length === 1

const looks: Record<string, (t: Tap, seen: Seen) => void> = {
  'connection-reset': (t, seen) => t.strictSame(seen, { bytes: '', error: 'ECONNRESET', ended: false }),
  'empty-response': (t, seen) => t.strictSame(seen, { bytes: '', error: undefined, ended: true }),
  'truncated-json': (t, seen) => {
    const { status, headers, body } = parts(seen)
    const length = Number(/^content-length: (\d+)$/m.exec(headers)?.[1])
    t.match(status, /^HTTP\/1\.1 200 /)
    t.ok(body.length > 0 && body.length < length, `${body.length} of ${length} bytes came`)
    t.ok(seen.ended)
    t.match(body, /^\{"success":(true|false)/, 'it is the answer’s beginning')
    t.throws(() => { JSON.parse(body) })
  },
  'garbage': (t, seen) => {
    t.ok(seen.bytes.length > 0)
    t.notMatch(seen.bytes, /^HTTP/)
  },
  'not-json': (t, seen) => {
    t.match(parts(seen).status, /^HTTP\/1\.1 200 /)
    t.match(parts(seen).headers, /^content-type: text\/html/m)
  },
  ...Object.fromEntries([429, 500, 501, 502, 503, 504].map((code) => [`http-${code}`, (t: Tap, seen: Seen): void => {
    const { status, headers, body } = parts(seen)
    t.match(status, new RegExp(`^HTTP/1\\.1 ${code} `))
    t.match(headers, new RegExp(`^x-qlink-sandbox-fault: http-${code}$`, 'm'))
    t.equal(body.length, Number(/^content-length: (\d+)$/m.exec(headers)?.[1]), 'the body is whole')
    if (code < 502 && code >= 500) t.equal(object(JSON.parse(body))['success'], false, 'QLink’s own server answers in JSON')
    else t.match(body, /^<html>/, 'a gateway answers with a page')
  }])),
}
type Tap = typeof t

await t.test('each fault as it is described, with either effect', async (t) => {
  const gate = await open(t)
  for (const [fault, look] of Object.entries(looks)) {
    for (const effect of ['kept', 'none'] as const) {
      const name = `${fault}-${effect}`
      await gate.scenario(name, { on: { apply: [{ fault, effect }, {}] } })
      const fields = application({ metadata: { qlinkScenario: name } })
      look(t as never, await onSocket(gate, requestBytes(gate, 'apply', fields, { connection: 'close' })))
      const tradeUuid = string(fields['tradeUuid'])
      t.equal(await isThere(gate, tradeUuid), effect === 'kept', `${name}: the bill is ${effect === 'kept' ? '' : 'not '}there`)
      const again = await gate.call('apply', fields)
      if (effect === 'kept') refused(t, again, 'TRADE_UUID_TAKEN')
      else t.equal(body(again)['success'], true, `${name}: the second attempt is as usual`)
    }
  }
})

await t.test('a hang lasts until the client gives up, either way it does so', async (t) => {
  const gate = await open(t)
  await gate.scenario('hangs', { on: { apply: [{ fault: 'hang' }] } })
  for (const give of ['end', 'destroy'] as const) {
    const fields = application({ metadata: { qlinkScenario: 'hangs' } })
    const tradeUuid = string(fields['tradeUuid'])
    const seen = await onSocket(gate, requestBytes(gate, 'apply', fields), (socket) => {
      const whenThere = async (): Promise<void> => {
        while (!(await isThere(gate, tradeUuid))) await new Promise((resolve) => setImmediate(resolve))
        socket[give]()
      }
      void whenThere()
    })
    t.equal(seen.bytes, '', 'nothing came')
  }
})

await t.test('what hangs or waits does not keep the sandbox from closing', async (t) => {
  const closing: (() => unknown)[] = []
  const gate = await open({ teardown: (close) => closing.push(close) })
  await gate.scenario('hangs', { on: { apply: [{ fault: 'hang' }] } })
  await gate.scenario('slow', { on: { apply: [{ delay: '20s' }] } })
  const [hanging, slow] = ['hangs', 'slow'].map((name) => {
    const fields = application({ metadata: { qlinkScenario: name } })
    return { tradeUuid: string(fields['tradeUuid']), seen: onSocket(gate, requestBytes(gate, 'apply', fields, { connection: 'close' })) }
  })
  for (const one of [hanging, slow]) while (!(await isThere(gate, one?.tradeUuid ?? ''))) await new Promise((resolve) => setImmediate(resolve))
  for (const close of closing) await close()
  t.equal((await hanging?.seen)?.bytes, '')
  t.match((await slow?.seen)?.bytes, /"success":true/, 'what was late is answered at once')
})

await t.test('other requests on the connection are not harmed by a delay', async (t) => {
  const gate = await open(t)
  await gate.scenario('late', { on: { apply: [{ delay: { min: '10ms', max: '30ms' } }] } })
  const late = requestBytes(gate, 'apply', application({ metadata: { qlinkScenario: 'late' } }))
  const account = requestBytes(gate, 'queryPayAccount', { payAccount: 'account1' }, { connection: 'close' })
  const { bytes } = await onSocket(gate, late + account)
  t.match(bytes, /^HTTP\/1\.1 200 [^]*billCode[^]*HTTP\/1\.1 200 [^]*QRIS/, 'both are answered, in order')
})

/* Connections that carry more than one request. */

/** The whole answers in the bytes; `length` is that of all an answer's bytes. */
const answersIn = (bytes: string): { status: number; headers: string; body: string; length: number }[] => {
  const [, status, headers = '', after = ''] = /^HTTP\/1\.1 (\d+) [^\r]*\r\n([^]*?)\r\n\r\n([^]*)$/.exec(bytes) ?? []
  const length = Number(/^content-length: (\d+)\r?$/im.exec(headers)?.[1])
  if (status === undefined || !(after.length >= length)) return []
  const rest = after.slice(length)
  return [{ status: Number(status), headers: headers.toLowerCase(), body: after.slice(0, length), length: bytes.length - rest.length }, ...answersIn(rest)]
}
const billsOf = async (gate: Gate, { tradeUuid }: Json): Promise<Json[]> => list(parsed(await gate.call('getPayStatus', { tradeUuidList: [tradeUuid] })))

await t.test('a fault waits for the answers to what was asked before it on the connection', async (t) => {
  const gate = await open(t)
  await gate.scenario('late', { on: { apply: [{ delay: '20ms' }] } })
  for (const fault of ['connection-reset', 'empty-response', 'truncated-json', 'garbage', 'not-json', 'http-503']) {
    const name = unique('behind')
    await gate.scenario(name, { on: { apply: [{ fault }] } })
    const [late, quick, bad] = [application({ metadata: { qlinkScenario: 'late' } }), application(), application({ metadata: { qlinkScenario: name } })]
    const seen = await onSocket(gate, requestBytes(gate, 'apply', late) + requestBytes(gate, 'apply', quick) + requestBytes(gate, 'apply', bad, { connection: 'close' }))
    const answers = answersIn(seen.bytes)
    for (const [at, fields] of [late, quick].entries()) {
      t.match(answers[at], { status: 200, body: string((await billsOf(gate, fields))[0]?.['billCode']) }, `${fault}: answer ${at} is whole, and in order`)
    }
    const behind = { ...seen, bytes: seen.bytes.slice((answers[0]?.length ?? 0) + (answers[1]?.length ?? 0)) }
    // A reset that comes together with bytes is told by Node's client as an end; where it comes alone is tested elsewhere.
    if (fault === 'connection-reset') t.equal(behind.bytes, '', 'nothing more comes')
    else looks[fault]?.(t as never, behind)
    t.equal((await billsOf(gate, bad)).length, 1)
  }
})

await t.test('a fault on the wire comes alone, after what was answered before on the connection', async (t) => {
  const gate = await open(t)
  for (const fault of ['connection-reset', 'empty-response', 'truncated-json', 'garbage']) {
    const name = unique('after')
    await gate.scenario(name, { on: { apply: [{ fault }] } })
    let before = ''
    const seen = await onSocket(gate, requestBytes(gate, 'apply', application()), (socket) => {
      const listen = (chunk: string | Buffer): void => {
        before += chunk.toString()
        if (answersIn(before).length === 0) return
        socket.off('data', listen)
        socket.write(requestBytes(gate, 'apply', application({ metadata: { qlinkScenario: name } })))
      }
      socket.on('data', listen)
    })
    t.match(before, /^HTTP\/1\.1 200 [^]*billCode/)
    looks[fault]?.(t as never, { ...seen, bytes: seen.bytes.slice(before.length) })
  }
})

await t.test('what was asked behind a fault that is HTTP is answered, or has not happened', async (t) => {
  const gate = await open(t)
  for (const fault of ['not-json', 'http-429', 'http-500', 'http-503']) {
    const name = unique('goes-on')
    await gate.scenario(name, { on: { apply: [{ fault }] } })
    const usual = application()
    const seen = await onSocket(gate, requestBytes(gate, 'apply', application({ metadata: { qlinkScenario: name } })) + requestBytes(gate, 'apply', usual, { connection: 'close' }))
    const [first, second] = answersIn(seen.bytes)
    t.equal(first?.status, fault === 'not-json' ? 200 : Number(fault.slice(5)))
    if (second === undefined) t.match(first?.headers, /^connection: close$/m, 'the client knows that nothing more comes')
    t.equal((await billsOf(gate, usual)).length, second?.status === 200 ? 1 : 0, fault)
  }
})

await t.test('a client that goes away while its answer is late harms nobody', async (t) => {
  const gate = await open(t)
  await gate.scenario('far', { on: { apply: [{ delay: '1h' }, {}], cancel: [{ delay: '1h' }, {}] } })
  for (const leave of ['end', 'destroy'] as const) {
    const fields = application({ metadata: { qlinkScenario: 'far' } })
    const go = (operation: string, content: Json, happened: (status: unknown) => boolean): Promise<Seen> =>
      onSocket(gate, requestBytes(gate, operation, content), (socket) => {
        const whenDone = async (): Promise<void> => {
          while (!happened((await billsOf(gate, fields))[0]?.['status'])) await new Promise((resolve) => setImmediate(resolve))
          socket[leave]()
        }
        void whenDone()
      })
    t.equal((await go('apply', fields, (status) => status === 'PAY_WAIT')).bytes, '')
    refused(t, await gate.call('apply', fields), 'TRADE_UUID_TAKEN')
    const billCode = string((await billsOf(gate, fields))[0]?.['billCode'])
    t.equal((await go('cancel', { billCode }, (status) => status === 'PAY_CANCEL')).bytes, '')
    t.hasStrict(await gate.cancel(demo, billCode), { status: 'SUCCESS' })
  }
})

await t.test('a hang lasts, however late it gets and at whichever endpoint, until the sandbox closes', async (t) => {
  const closing: (() => unknown)[] = []
  const gate = await open({ teardown: (close) => closing.push(close) })
  const stuck = [{ fault: 'hang' }, { delay: '1h', fault: 'hang' }]
  const hanging: Promise<Seen>[] = []
  let gone = 0
  for (const [at, entry] of stuck.entries()) {
    await gate.scenario(`stuck-${at}`, { on: { queryPayAccount: [entry], apply: [entry] } })
    await gate.scenario(`stuck-later-${at}`, { on: { cancel: [entry], getPayStatus: [entry] } })
    const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: `stuck-later-${at}` } })
    for (const bytes of [
      requestBytes(gate, 'queryPayAccount', { payAccount: 'account1' }, { 'x-qlink-sandbox-scenario': `stuck-${at}` }),
      requestBytes(gate, 'apply', application({ metadata: { qlinkScenario: `stuck-${at}` } })),
      requestBytes(gate, 'cancel', { billCode }), requestBytes(gate, 'getPayStatus', { billCodeList: [billCode] }),
    ]) {
      await new Promise<void>((sent) => {
        const seen = onSocket(gate, bytes, () => { sent() })
        void seen.then(() => { gone += 1 })
        hanging.push(seen)
      })
    }
  }
  // Asked on connections made later: those before have been read meanwhile.
  for (let other = 0; other < 5; other += 1) await gate.bill(demo)
  await gate.advance('72h')
  t.equal(gone, 0, 'nothing ended')
  for (const close of closing) await close()
  for (const seen of await Promise.all(hanging)) t.equal(seen.bytes, '', 'and nothing came')
})

/* Effects and attempts. */

await t.test('a query whose answer was lost was a query, unless it was without effect', async (t) => {
  const gate = await open(t)
  for (const fault of ['connection-reset', 'truncated-json', 'http-503']) for (const effect of ['kept', 'none', undefined]) {
    const name = unique('query')
    await gate.scenario(name, { on: { getPayStatus: [{ fault, ...(effect !== undefined && { effect }) }, {}] }, timeline: [{ afterQueries: 2, become: 'PAY_SUCCESS' }] })
    const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: name } })
    await onSocket(gate, requestBytes(gate, 'getPayStatus', { billCodeList: [billCode] }, { connection: 'close' }))
    t.equal((await gate.status(demo, billCode))['status'], effect === 'none' ? 'PAY_WAIT' : 'PAY_SUCCESS', `${fault} ${String(effect)}`)
    t.equal((await gate.status(demo, billCode))['status'], 'PAY_SUCCESS')
  }
})

await t.test('a lost answer to cancel cancelled at its own time, or left the bill where it was', async (t) => {
  const gate = await open(t)
  const reset = async (billCode: string): Promise<void> => {
    looks['connection-reset']?.(t as never, await onSocket(gate, requestBytes(gate, 'cancel', { billCode })))
  }
  await gate.scenario('gone', { on: { cancel: [{ fault: 'connection-reset' }, {}] } })
  await gate.scenario('lost', { on: { cancel: [{ answer: 'WAIT', fault: 'http-504' }, {}, { fault: 'connection-reset', effect: 'none' }, { answer: 'SUCCESS', fault: 'connection-reset' }, {}] } })
  const [gone, lost] = [await gate.bill(demo, { metadata: { qlinkScenario: 'gone' } }), await gate.bill(demo, { metadata: { qlinkScenario: 'lost' } })]
  await reset(gone.billCode)
  t.equal((await gate.call('cancel', { billCode: lost.billCode })).status, 504)
  await gate.advance('1m')
  t.hasStrict(await gate.cancel(demo, gone.billCode), { status: 'SUCCESS', cancelTime: '2025-08-04 13:45:21' }, 'at the first attempt')
  t.hasStrict(await gate.cancel(demo, lost.billCode), { status: 'WAIT', cancelTime: '' }, 'kept: it is being cancelled')
  await reset(lost.billCode)
  t.equal((await gate.status(demo, lost.billCode))['status'], 'PAY_WAIT', 'none: not settled')
  await reset(lost.billCode)
  t.equal((await gate.status(demo, lost.billCode))['status'], 'PAY_CANCEL', 'kept: settled')
})

await t.test('with duplicate: replay, the answer that was lost is given again', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant({ duplicate: 'replay' })
  for (const fault of ['connection-reset', 'truncated-json', 'http-502']) {
    const name = unique('replay')
    await gate.scenario(name, { on: { apply: [{ fault }, {}] } })
    const fields = application({ metadata: { qlinkScenario: name } })
    const seen = await onSocket(gate, requestBytes(gate, 'apply', fields, { connection: 'close' }, keys))
    const { billCode, paymentRequestId } = list(parsed(await gate.call('getPayStatus', { tradeUuidList: [fields['tradeUuid']] }, { keys })))[0] ?? {}
    const again = await gate.call('apply', fields, { keys })
    t.hasStrict(body(again), { success: true, billCode, paymentRequestId, errorCode: '' }, fault)
    if (fault !== 'truncated-json') continue
    t.match(parts(seen).headers, new RegExp(`^content-length: ${Buffer.byteLength(again.text)}$`, 'm'), 'the length was that of the whole answer')
    t.ok(Buffer.from(again.text).toString('latin1').startsWith(parts(seen).body), 'and the body its beginning')
  }
})

await t.test('attempts are counted for each bill and endpoint; other merchants and wrong signatures make none', async (t) => {
  const gate = await open(t)
  const [keys, other] = [await gate.merchant(), await gate.merchant()]
  await gate.scenario('first-fails', { on: { getPayStatus: [{ fault: 'http-503' }, {}], cancel: [{ fault: 'http-504', effect: 'none' }, {}] } })
  const first = { metadata: { qlinkScenario: 'first-fails' } }
  const bills = [await gate.bill(keys, first), await gate.bill(keys, first)]
  for (const { billCode } of bills) {
    t.strictSame(parsed(await gate.call('getPayStatus', { billCodeList: [billCode] }, { keys: other })), [])
    refused(t, await gate.call('cancel', { billCode }, { keys: other }), 'BILL_UNKNOWN')
    refused(t, await gate.call('cancel', { billCode }, { keys, sign: 'wrong' }), 'SIGN_MISMATCH')
    t.equal((await gate.call('getPayStatus', { billCodeList: [billCode] }, { keys })).status, 503)
    t.equal((await gate.call('cancel', { billCode }, { keys })).status, 504)
    t.equal((await gate.status(keys, billCode))['status'], 'PAY_WAIT')
    t.hasStrict(await gate.cancel(keys, billCode), { status: 'SUCCESS' })
  }
})

await t.test('a delay passes in real time, before an answer, a refusal and a fault, and the clock stands still', async (t) => {
  const gate = await open(t)
  await gate.scenario('slow', {
    on: { apply: [{ delay: '30ms', fault: 'connection-reset', effect: 'none' }, { delay: 'PT0.03S', refuse: 'no' }, { delay: { min: '30ms', max: '40ms' } }], cancel: [{ delay: '30ms' }], getPayStatus: [{ delay: '30ms' }] },
  })
  const slow = async <Value>(work: Promise<Value>): Promise<Value> => {
    const from = performance.now()
    const value = await work
    const took = performance.now() - from
    // A timer may be early by the part of a millisecond that it does not count.
    t.ok(took >= 29, `took ${took} ms`)
    return value
  }
  const fields = application({ metadata: { qlinkScenario: 'slow' } })
  looks['connection-reset']?.(t as never, await slow(onSocket(gate, requestBytes(gate, 'apply', fields))))
  refused(t, await slow(gate.call('apply', fields)), 'REFUSED_BY_SCENARIO')
  const billCode = string(body(await slow(gate.call('apply', fields)))['billCode'])
  t.equal((await slow(gate.status(demo, billCode)))['status'], 'PAY_WAIT')
  t.hasStrict(await slow(gate.cancel(demo, billCode)), { status: 'SUCCESS', cancelTime: '2025-08-04 13:45:21' })
})

await t.test('cancel, query and account have faults too, attempt by attempt', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  await gate.scenario('all', {
    on: {
      queryPayAccount: [{ refuse: 'busy' }, { fault: 'http-503' }, {}],
      getPayStatus: [{ fault: 'http-502' }, { refuse: 'later' }, {}],
      cancel: [{ fault: 'http-504', effect: 'none' }, { fault: 'http-504', effect: 'kept' }, {}],
    },
  })
  const headers = { 'x-qlink-sandbox-scenario': 'all' }
  const account = () => gate.call('queryPayAccount', { payAccount: 'account1' }, { keys, headers })
  refused(t, await account(), 'REFUSED_BY_SCENARIO', { names: 'busy' })
  t.equal((await account()).status, 503)
  t.equal(list(parsed(await account())).length, 3)
  t.equal(list(parsed(await account())).length, 3, 'the last entry stays')
  const { billCode } = await gate.bill(keys, { metadata: { qlinkScenario: 'all' } })
  t.equal((await gate.call('getPayStatus', { billCodeList: [billCode] }, { keys })).status, 502)
  refused(t, await gate.call('getPayStatus', { billCodeList: [billCode] }, { keys }), 'REFUSED_BY_SCENARIO', { names: 'later' })
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_WAIT')
  t.equal((await gate.call('cancel', { billCode }, { keys })).status, 504)
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_WAIT', 'none: it was not cancelled')
  t.equal((await gate.call('cancel', { billCode }, { keys })).status, 504)
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_CANCEL', 'kept: it was')
  t.hasStrict(await gate.cancel(keys, billCode), { status: 'SUCCESS' })
})

await t.test('in the place of an exact amount, which takes a writer of its own, a fault is the same, and a late answer whole', async (t) => {
  const gate = await open(t)
  const of = async (amount: string, answer: Json): Promise<{ status: number; type: unknown; text: string }> => {
    const name = unique('exact')
    await gate.scenario(name, { on: { getPayStatus: [answer] } })
    const { billCode } = await gate.bill(demo, { amount, metadata: { qlinkScenario: name } })
    await gate.must(billCode, 'pay')
    const { status, headers, text } = await gate.call('getPayStatus', { billCodeList: [billCode] })
    return { status, type: headers['content-type'], text }
  }
  for (const fault of ['not-json', 'http-429', 'http-500', 'http-501', 'http-502', 'http-503', 'http-504']) {
    t.strictSame(await of('1.10', { fault }), await of('1.1', { fault }), fault)
  }
  t.match(await of('1.10', { delay: '1ms' }), { status: 200, type: 'application/json; charset=utf-8', text: /"amount":1\.10,/ })
})

await t.test('WAIT, then the next attempt settles it', async (t) => {
  const gate = await open(t)
  await gate.scenario('settles', { on: { cancel: [{ answer: 'WAIT' }, { answer: 'SUCCESS' }] } })
  const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: 'settles' } })
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'WAIT' })
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'SUCCESS' })
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'SUCCESS' })
})

await t.test('decline comes when its attempt does', async (t) => {
  const gate = await open(t)
  await gate.scenario('later-declined', { on: { apply: [{ fault: 'http-500', effect: 'none' }, { refuse: 'maintenance' }, { decline: 'SUSPECTED_FRAUDULENT' }] } })
  const fields = application({ metadata: { qlinkScenario: 'later-declined' } })
  t.equal((await gate.call('apply', fields)).status, 500)
  refused(t, await gate.call('apply', fields), 'REFUSED_BY_SCENARIO', { names: 'maintenance' })
  t.hasStrict(body(await gate.call('apply', fields)), { success: true, errorCode: 'SUSPECTED_FRAUDULENT', actionValue: '' })
})

/* Queries. */

await t.test('a step after so many queries, each of which counts a bill once', async (t) => {
  const gate = await open(t)
  const other = await gate.merchant()
  await gate.scenario('third', { timeline: [{ afterQueries: 3, become: 'PAY_SUCCESS', amount: '0.70' }] })
  const { billCode, tradeUuid } = await gate.bill(demo, { metadata: { qlinkScenario: 'third' } })
  t.hasStrict(body(await gate.control('GET', `/bills/${billCode}`))['due'], [{ what: 'expire' }, { what: 'query-step', queriesLeft: 3 }])
  t.strictSame(parsed(await gate.call('getPayStatus', { billCodeList: [billCode] }, { keys: other })), [], 'another merchant’s does not count')
  const both = { tradeUuidList: [tradeUuid], billCodeList: [billCode] }
  for (const status of ['PAY_WAIT', 'PAY_WAIT', 'PAY_SUCCESS']) t.hasStrict(parsed(await gate.call('getPayStatus', both)), [{ status }])
  t.hasStrict(await gate.status(demo, billCode), { status: 'PAY_SUCCESS', amount: 0.7 })
})

await t.test('answers that lag behind, and are ahead of nothing', async (t) => {
  const shop = await endpoint(t)
  const gate = await open(t, { notifyUrl: shop.url })
  await gate.scenario('lags', { on: { getPayStatus: [{ lag: '5s' }] }, timeline: [{ after: '10s', become: 'PAY_SUCCESS' }] })
  const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: 'lags' } })
  const ask = async () => list(parsed(await gate.call('getPayStatus', { billCodeList: [billCode] })))
  t.strictSame(await ask(), [], 'not there yet')
  await gate.advance('10s')
  t.strictSame(shop.statuses(), ['PAY_SUCCESS'])
  t.hasStrict(await ask(), [{ status: 'PAY_WAIT', payTime: '', amount: null }])
  await gate.advance('5s')
  t.hasStrict(await ask(), [{ status: 'PAY_SUCCESS', payTime: '2025-08-04 13:45:31' }])
})

await t.test('early: the merchant is told, and has answered, before /apply answers', async (t) => {
  const gate = await open(t)
  let applied = false
  const shop = await endpoint(t, () => (t.equal(applied, false, 'told first'), { status: 204 }))
  const keys = await gate.merchant({ notifyUrl: shop.url })
  await gate.scenario('early', { timeline: [{ after: '0s', become: 'PAY_SUCCESS' }], notifications: [{ early: true }] })
  const fields = application({ tradeUuid: unique('early'), metadata: { qlinkScenario: 'early' } })
  t.equal(body(await gate.call('apply', fields, { keys }))['success'], true)
  applied = true
  t.equal(shop.told.length, 1)
  t.equal(payload(shop.told[0])['tradeUuid'], fields['tradeUuid'])
  await gate.settle()
  t.equal(shop.told.length, 1, 'and only once')
})
