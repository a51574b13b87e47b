// INTERFACE.md §4, `notifications` and `timeline`, from the merchant's side: what arrives, when, how often, and signed how.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import t from 'tap'
import type { Test } from 'tap'
import { application, body, demo, endpoint, keysOf, list, object, open, parsed, payload, refused, sign, string } from './helpers/blackbox.ts'
import type { Answer, Gate, Json, Keys, Made, Reply, Told } from './helpers/blackbox.ts'

const FIELDS = ['billCode', 'errorCode', 'orderCode', 'payTime', 'paymentRequestId', 'status', 'tradeUuid']
const PAID = [{ after: '1s', become: 'PAY_SUCCESS' }]
const FAILED_THEN_PAID = [{ after: '1s', become: 'PAY_FAIL', errorCode: 'TIMEOUT_ERROR' }, { after: '5s', become: 'PAY_SUCCESS' }]
const NO: Reply = { status: 500 }
const YES: Reply = { status: 204 }

const verifies = (keys: Keys, { headers, body: bytes }: Told): boolean =>
  headers['appkey'] === keys.appKey && headers['sign'] === sign(keys, bytes.toString('utf8'))

/** A sandbox with one scenario, a merchant's server, and the merchant; `bill()` makes a bill of that scenario. */
const stage = async (t: Test, parts: Json, { rule = YES, merchant = {} }: { rule?: Reply | ((told: Told[]) => Reply); merchant?: Json } = {}) => {
  const shop = await endpoint(t, rule)
  const gate = await open(t)
  const keys = await gate.merchant({ notifyUrl: shop.url, ...merchant })
  await gate.scenario('scripted', parts)
  return {
    shop,
    gate,
    keys,
    bill: (over: Json = {}): Promise<Made> => gate.bill(keys, { ...over, metadata: { qlinkScenario: 'scripted' } }),
    /** Advances step by step, and tells what had arrived in all after each. */
    counts: async (...steps: string[]): Promise<number[]> => {
      const counted: number[] = []
      for (const by of steps) {
        await gate.advance(by)
        counted.push(shop.told.length)
      }
      return counted
    },
  }
}
const ask = async (gate: Gate, keys: Keys, ...billCodeList: string[]): Promise<unknown[]> =>
  list(parsed(await gate.call('getPayStatus', { billCodeList }, { keys }))).map(({ status }) => status)

/** A merchant's server whose handler is the test's. */
const server = async (t: Test, handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<string> => {
  const made = createServer(handle)
  made.listen(0, '127.0.0.1')
  await once(made, 'listening')
  t.teardown(() => {
    made.close()
    made.closeAllConnections()
  })
  const address = made.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port ?? 0 : 0}`
}

/* When. */

await t.test('a delay passes on the sandbox’s clock, after the change', async (t) => {
  for (const delay of ['3s', 'PT3S', '3000ms']) {
    const { shop, gate, keys, bill, counts } = await stage(t, { timeline: PAID, notifications: [{ delay }] })
    const { billCode } = await bill()
    t.strictSame(await counts('1s', '2999ms', '1ms', '48h'), [0, 0, 1, 1], delay)
    t.hasStrict(payload(shop.told[0]), { billCode, status: 'PAY_SUCCESS', payTime: '2025-08-04 13:45:22' }, 'paid when it was paid, not when it was told')
    t.ok(shop.told.every((told) => verifies(keys, told)))
    t.equal((await gate.status(keys, billCode))['payTime'], '2025-08-04 13:45:22')
  }
})

await t.test('a delay between two bounds: the seed chooses', async (t) => {
  const { bill, counts, shop } = await stage(t, { timeline: PAID, notifications: [{ delay: { min: '10s', max: '20s' } }] })
  for (let number = 0; number < 10; number++) await bill()
  const arrived = await counts('1s', '9999ms', ...Array.from({ length: 10 }, () => '1s'), '1ms', '1h')
  t.strictSame(arrived.slice(0, 2), [0, 0], 'none before the least')
  t.strictSame(arrived.slice(-2), [10, 10], 'all by the most')
  t.ok(new Set(arrived).size > 3, 'at different times', { arrived })
  t.equal(new Set(shop.told.map((told) => payload(told)['billCode'])).size, 10)
})

await t.test('steps count from apply, cancel or the step before; after may have bounds', async (t) => {
  const { bill, gate, keys } = await stage(t, {
    on: { cancel: [{ answer: 'WAIT' }, {}] },
    timeline: [{ after: '10s', become: 'PAY_FAIL', errorCode: 'X' }, { after: { min: '5s', max: '5s' }, from: 'previous', become: 'PAY_SUCCESS' }, { after: '2s', from: 'cancel', become: 'PAY_CANCEL' }],
  })
  const [left, cancelled] = [await bill(), await bill()]
  await gate.advance('7s')
  t.hasStrict(await gate.cancel(keys, cancelled.billCode), { status: 'WAIT' })
  const seen: unknown[] = []
  for (const by of ['1999ms', '1ms', '999ms', '1ms', '4999ms', '1ms']) {
    await gate.advance(by)
    seen.push(await ask(gate, keys, left.billCode, cancelled.billCode))
  }
  t.strictSame(seen.slice(0, 4), [['PAY_WAIT', 'PAY_WAIT'], ['PAY_WAIT', 'PAY_CANCEL'], ['PAY_WAIT', 'PAY_CANCEL'], ['PAY_FAIL', 'PAY_CANCEL']])
  t.strictSame(seen.slice(4).map((both) => (both as unknown[])[0]), ['PAY_FAIL', 'PAY_SUCCESS'])
})

await t.test('a step that is due at once has happened when the next request is answered', async (t) => {
  const { bill, gate, keys, shop } = await stage(t, { timeline: [{ after: '0s', become: 'PAY_SUCCESS', amount: '0.4' }] })
  const { billCode } = await bill()
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS', amount: 0.4, payTime: '2025-08-04 13:45:21' })
  await gate.settle()
  t.strictSame(shop.statuses(), ['PAY_SUCCESS'])
})

/* How often. */

await t.test('copies, one directly after the other', async (t) => {
  const flying = { now: 0, most: 0 }
  const bodies: string[] = []
  const url = await server(t, (incoming, outgoing) => {
    flying.now += 1
    flying.most = Math.max(flying.most, flying.now)
    let text = ''
    incoming.on('data', (chunk: Buffer) => { text += chunk.toString() })
    incoming.on('end', () => {
      bodies.push(`${String(incoming.headers['sign'])} ${text}`)
      setImmediate(() => {
        flying.now -= 1
        outgoing.writeHead(204).end()
      })
    })
  })
  const { bill, gate } = await stage(t, { timeline: PAID, notifications: [{ copies: 3 }] }, { merchant: { notifyUrl: url } })
  await bill()
  await gate.advance('1s')
  t.equal(bodies.length, 3)
  t.equal(new Set(bodies).size, 1, 'the same, byte for byte')
  t.equal(flying.most, 1, 'each after the one before was answered')
  await gate.advance('48h')
  t.equal(bodies.length, 3)
})

await t.test('copies with a gap', async (t) => {
  const { shop, bill, keys, counts } = await stage(t, { timeline: PAID, notifications: [{ copies: 3, gap: '5s' }] })
  await bill()
  t.strictSame(await counts('1s', '4999ms', '1ms', '4999ms', '1ms', '48h'), [1, 1, 2, 2, 3, 3])
  t.equal(new Set(shop.told.map((told) => told.body.toString('utf8'))).size, 1)
  t.ok(shop.told.every((told) => verifies(keys, told)))
})

await t.test('copies together: all are there before one is answered', async (t) => {
  for (const count of [2, 3, 5]) {
    const held: ServerResponse[] = []
    const url = await server(t, (incoming, outgoing) => {
      incoming.resume().on('end', () => {
        held.push(outgoing)
        if (held.length === count) for (const one of held) one.writeHead(204).end()
      })
    })
    const { bill, gate } = await stage(t, { timeline: PAID, notifications: [{ copies: count, together: true }] }, { merchant: { notifyUrl: url } })
    await bill()
    await gate.advance('1s')
    t.equal(held.length, count)
    await gate.advance('48h')
    t.equal(held.length, count)
  }
})

/* Lost and repeated. */

for (const [lose, seconds] of [[1, 15], [2, 45], [3, 225], [4, 825]] as const) {
  await t.test(`the first ${lose} lost: told after ${seconds} s`, async (t) => {
    const { shop, bill, gate, keys, counts } = await stage(t, { timeline: PAID, notifications: [{ lose }] })
    await bill()
    t.strictSame(await counts('1s', `${seconds * 1000 - 1}ms`, '1ms', '48h'), [0, 0, 1, 1])
    t.ok(shop.told.every((told) => verifies(keys, told)))
    const [notification] = await gate.notifications(keys)
    const times = list(notification?.['attempts']).map(({ at }) => Date.parse(string(at)))
    t.equal(times.length, lose + 1, 'lost attempts are attempts')
    t.equal(((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000, seconds)
  })
}

await t.test('lost, then refused: one schedule for both', async (t) => {
  const { bill, counts } = await stage(t, { timeline: PAID, notifications: [{ lose: 1 }] }, { rule: (told) => told.length < 3 ? NO : YES })
  await bill()
  t.strictSame(await counts('1s', '14999ms', '1ms', '29999ms', '1ms', '179999ms', '1ms', '48h'), [0, 0, 1, 1, 2, 2, 3, 3])
})

await t.test('all lost, with and without a schedule of its own', async (t) => {
  for (const retry of [undefined, [], ['1s', '2s']]) {
    const { bill, gate, keys, counts } = await stage(t, { timeline: PAID, notifications: [{ lose: 'all', ...(retry !== undefined && { retry }) }] })
    const { billCode } = await bill()
    t.strictSame(await counts('1s', '1h', '12h', '48h'), [0, 0, 0, 0])
    const [notification] = await gate.notifications(keys)
    t.equal(list(notification?.['attempts']).length, retry === undefined ? 11 : retry.length + 1)
    t.equal((await gate.status(keys, billCode))['status'], 'PAY_SUCCESS', 'the bill is paid all the same')
  }
})

await t.test('a list of waits, each counted from the attempt before, then given up', async (t) => {
  const { bill, counts } = await stage(t, { timeline: PAID, notifications: [{ retry: ['1s', '2s', 'PT1M'] }] }, { rule: NO })
  await bill()
  t.strictSame(await counts('1s', '999ms', '1ms', '1999ms', '1ms', '59999ms', '1ms', '96h'), [1, 1, 2, 2, 3, 3, 4, 4])
})

await t.test('more lost than there are attempts', async (t) => {
  const { bill, counts } = await stage(t, { timeline: PAID, notifications: [{ lose: 3, retry: ['10s', '20s'] }] })
  await bill()
  t.strictSame(await counts('1s', '10s', '20s', '48h'), [0, 0, 0, 0])
  const two = await stage(t, { timeline: PAID, notifications: [{ lose: 2, retry: ['10s', '20s'] }] })
  await two.bill()
  t.strictSame(await two.counts('1s', '10s', '19999ms', '1ms'), [0, 0, 0, 1])
})

/* Signatures and bodies. */

const CHINESE = { orderCode: 'A/订单/é-1' }
for (const form of ['intact', 'pretty-printed', 'reordered', 'escaped', 'extra-fields', 'tampered', undefined]) {
  for (const signed of ['valid', 'wrong', 'missing', undefined]) {
    await t.test(`body ${form ?? 'left out'}, sign ${signed ?? 'left out'}`, async (t) => {
      const { shop, bill, gate, keys } = await stage(t, { timeline: [...PAID, { after: '2s', notify: {} }], notifications: [{ ...(form !== undefined && { body: form }), ...(signed !== undefined && { sign: signed }) }] })
      const made = await bill(CHINESE)
      await gate.advance('1s')
      await gate.advance('1s')
      const [told, intact] = shop.told
      if (told === undefined || intact === undefined || shop.told.length > 2) throw new Error(`not told twice but ${shop.told.length} times`)
      const text = told.body.toString('utf8')
      const usual = intact.body.toString('utf8')
      t.ok(verifies(keys, intact), 'one that a step sends is as usual')
      const truth = { ...made, status: 'PAY_SUCCESS', payTime: '2025-08-04 13:45:22', errorCode: '' }
      t.strictSame(payload(intact), truth)
      t.equal(verifies(keys, told), signed !== 'wrong' && signed !== 'missing' && form !== 'tampered', 'by its raw bytes')
      if (signed === 'missing') t.notOk('sign' in told.headers)
      else t.type(told.headers['sign'], 'string')
      t.equal(Number(told.headers['content-length']), told.body.length)
      t.match(told.headers['content-type'], /^application\/json/)
      const said = payload(told)
      if (form === 'extra-fields') {
        t.hasStrict(said, truth)
        t.ok(keysOf(said).length > FIELDS.length)
      } else {
        t.strictSame(keysOf(said), FIELDS)
        if (form === 'tampered') t.notSame(said, truth)
        else t.strictSame(said, truth)
      }
      if (form === 'intact' || form === undefined) t.equal(text, usual)
      else t.not(text, usual)
      if (form === 'pretty-printed') t.match(text, /^\{\n\s+"/)
      if (form === 'reordered') t.not(Object.keys(said).join(), Object.keys(payload(intact)).join())
      if (form === 'escaped') {
        t.match(text, /^[\x20-\x7e]+$/, 'ASCII alone')
        t.ok(text.includes('\\u8ba2') && text.includes('A\\/'))
      }
      if (form === 'tampered' && (signed === 'valid' || signed === undefined)) t.equal(told.headers['sign'], sign(keys, usual), 'signed, then changed')
    })
  }
}

await t.test('tampered: a failure is told as a payment', async (t) => {
  const { shop, bill, gate, keys } = await stage(t, { timeline: [{ after: '1s', become: 'PAY_FAIL', errorCode: 'X' }], notifications: [{ body: 'tampered' }] })
  const { billCode } = await bill()
  await gate.advance('1s')
  t.hasStrict(payload(shop.told[0]), { billCode, status: 'PAY_SUCCESS' })
  t.notOk(shop.told.some((told) => verifies(keys, told)))
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_FAIL')
})

await t.test('slow: the body trickles in real time, and is whole', async (t) => {
  const got: Told[] = []
  const marks = { chunks: 0, from: 0, took: 0 }
  const url = await server(t, (incoming, outgoing) => {
    marks.from = performance.now()
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    incoming.on('end', () => {
      marks.took = performance.now() - marks.from
      marks.chunks = chunks.length
      got.push({ method: '', path: '', headers: incoming.headers, body: Buffer.concat(chunks), status: 204 })
      outgoing.writeHead(204).end()
    })
  })
  const { bill, gate, keys } = await stage(t, { timeline: PAID, notifications: [{ slow: '300ms' }] }, { merchant: { notifyUrl: url } })
  const { billCode } = await bill()
  await gate.advance('1s')
  t.equal(got.length, 1, 'and the clock waited for it')
  t.ok(got[0] !== undefined && verifies(keys, got[0]))
  t.hasStrict(payload(got[0]), { billCode, status: 'PAY_SUCCESS' })
  t.ok(marks.chunks > 1, `in ${marks.chunks} pieces`)
  t.ok(marks.took > 200 && marks.took < 3000, `took ${marks.took} ms`)
})

/* Before the answer, in another order, once more. */

for (const [what, parts] of [
  ['as usual', {}], ['of three copies', { notifications: [{ early: true, copies: 3 }] }], ['signed wrongly', { notifications: [{ early: true, sign: 'wrong' }] }],
  ['when the answer is lost', { on: { apply: [{ fault: 'connection-reset', effect: 'kept' }, {}] } }],
] as const) {
  await t.test(`early, ${what}: answered before /apply is`, async (t) => {
    const steps: string[] = []
    const shared: { health?: Gate['health'] } = {}
    const url = await server(t, (incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => { chunks.push(chunk) })
      incoming.on('end', () => {
        steps.push(`told ${string(object(JSON.parse(Buffer.concat(chunks).toString('utf8')))['status'])}`)
        // Other work in between: an answer to /apply would have time to come.
        void shared.health?.().then(() => shared.health?.()).then(() => {
          steps.push('answered')
          outgoing.writeHead(204).end()
        })
      })
    })
    const { gate, keys } = await stage(t, { timeline: [{ after: '0s', become: 'PAY_SUCCESS' }], notifications: [{ early: true }], ...parts }, { merchant: { notifyUrl: url } })
    shared.health = gate.health
    const fields = application({ metadata: { qlinkScenario: 'scripted' } })
    const answer = await gate.call('apply', fields, { keys }).catch((error: unknown) => error as Error)
    steps.push('applied')
    t.equal(answer instanceof Error, what === 'when the answer is lost')
    const copies = what === 'of three copies' ? 3 : 1
    t.strictSame(steps.slice(0, 2), ['told PAY_SUCCESS', 'answered'], 'told first')
    t.ok(steps.indexOf('applied') > 1)
    await gate.settle()
    await gate.advance('24h')
    t.equal(steps.filter((step) => step.startsWith('told')).length, copies, 'and not again')
  })
}

await t.test('early, to a merchant that says no: apply is answered, and the schedule goes on', async (t) => {
  const { bill, shop, counts } = await stage(t, { timeline: [{ after: '0s', become: 'PAY_SUCCESS' }], notifications: [{ early: true }] }, { rule: (told) => told.length < 2 ? NO : YES })
  await bill()
  t.equal(shop.told.length, 1)
  t.strictSame(await counts('14999ms', '1ms', '24h'), [1, 2, 2])
})

await t.test('reversed: held back until the timeline is over, then the newest first', async (t) => {
  const { bill, shop, keys, counts } = await stage(t, { timeline: FAILED_THEN_PAID, notifications: [{ order: 'reversed' }] })
  const { billCode } = await bill()
  t.strictSame(await counts('1s', '3999ms', '1ms', '48h'), [0, 0, 2, 2])
  t.strictSame(shop.told.map((told) => [payload(told)['status'], payload(told)['payTime'], payload(told)['errorCode'], payload(told)['billCode']]), [
    ['PAY_SUCCESS', '2025-08-04 13:45:26', '', billCode], ['PAY_FAIL', '', 'TIMEOUT_ERROR', billCode],
  ])
  t.ok(shop.told.every((told) => verifies(keys, told)))
})

await t.test('the order of one bill is kept otherwise: what waits holds up what comes after', async (t) => {
  for (const [notifications, rule, told] of [
    [[{}], (told: Told[]) => told.length === 1 ? NO : YES, ['PAY_FAIL', 'PAY_FAIL', 'PAY_SUCCESS']],
    [[{ when: 'PAY_FAIL', lose: 1 }], () => YES, ['PAY_FAIL', 'PAY_SUCCESS']],
    [[{ when: 'PAY_FAIL', delay: '15s' }], () => YES, ['PAY_FAIL', 'PAY_SUCCESS']],
    [[{ when: 'PAY_FAIL', order: 'kept', delay: '15s' }], () => YES, ['PAY_FAIL', 'PAY_SUCCESS']],
  ] as const) {
    const { bill, shop, gate, keys } = await stage(t, { timeline: FAILED_THEN_PAID, notifications }, { rule })
    await bill()
    await gate.advance('14999ms')
    t.notOk(shop.statuses().includes('PAY_SUCCESS'), 'not before the failure was told', { notifications })
    await gate.bill(keys, { metadata: { qlinkScenario: 'pay-after-3s' } })
    await gate.advance('1s')
    await gate.advance('1ms')
    t.strictSame(shop.statuses(), told, JSON.stringify(notifications))
    await gate.advance('2s')
    t.strictSame(shop.statuses().slice(told.length), ['PAY_SUCCESS'], 'the other bill is told')
  }
})

await t.test('another bill of the merchant does not wait', async (t) => {
  const { bill, shop, gate } = await stage(t, { timeline: [{ after: '1s', become: 'PAY_SUCCESS' }] }, { rule: (told) => payload(told.at(-1))['orderCode'] === 'stuck' ? NO : YES })
  const stuck = await bill({ orderCode: 'stuck' })
  const free = await bill({ orderCode: 'free' })
  await gate.advance('1s')
  t.strictSame(shop.told.map((told) => payload(told)['billCode']).sort(), [stuck.billCode, free.billCode].sort())
})

await t.test('given up, it lets the next one go', async (t) => {
  const { bill, shop, counts } = await stage(t, { timeline: FAILED_THEN_PAID, notifications: [{ when: 'PAY_FAIL', lose: 'all', retry: [] }] })
  await bill()
  t.strictSame(await counts('1s', '3999ms', '1ms', '48h'), [0, 0, 1, 1])
  t.strictSame(shop.statuses(), ['PAY_SUCCESS'])
})

await t.test('a replay: the same once more, stale by then', async (t) => {
  const { bill, shop, gate, keys, counts } = await stage(t, { timeline: FAILED_THEN_PAID, notifications: [{ when: 'PAY_FAIL', delay: '1s', replay: '1h' }] })
  const { billCode } = await bill()
  t.strictSame(await counts('1s', '1s', '3s', '3596999ms', '1ms', '72h'), [0, 1, 2, 2, 3, 3])
  const [first, second, replayed] = shop.told
  t.strictSame(shop.statuses(), ['PAY_FAIL', 'PAY_SUCCESS', 'PAY_FAIL'])
  t.ok(first !== undefined && replayed !== undefined && first.body.equals(replayed.body), 'byte for byte')
  t.equal(replayed?.headers['sign'], first?.headers['sign'])
  t.ok(replayed !== undefined && verifies(keys, replayed), 'its signature is right, as ever')
  t.equal(second === undefined ? '' : payload(second)['billCode'], billCode)
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_SUCCESS')
})

/* Which entry. */

await t.test('the first entry that fits, for each state', async (t) => {
  const { bill, shop, gate, keys, counts } = await stage(t, {
    timeline: FAILED_THEN_PAID,
    notifications: [{ when: 'PAY_CANCEL', lose: 'all' }, { when: 'PAY_SUCCESS', copies: 2 }, { sign: 'missing' }],
  })
  await bill()
  t.strictSame(await counts('1s', '4s', '48h'), [1, 3, 3])
  t.strictSame(shop.told.map((told) => [payload(told)['status'], 'sign' in told.headers]), [['PAY_FAIL', false], ['PAY_SUCCESS', true], ['PAY_SUCCESS', true]])
  await gate.scenario('unfit', { timeline: PAID, notifications: [{ when: 'PAY_FAIL', lose: 'all' }, { when: 'PAY_CANCEL', sign: 'missing' }] })
  await gate.bill(keys, { metadata: { qlinkScenario: 'unfit' } })
  await gate.advance('1s')
  t.equal(shop.told.length, 4, 'where none fits it is told as usual')
  t.ok(shop.told[3] !== undefined && verifies(keys, shop.told[3]))
})

/* Notifications that the timeline sends: nothing changes. */

await t.test('a forged payment: sent once, and nothing is paid', async (t) => {
  for (const [notify, valid] of [[{ status: 'PAY_SUCCESS', sign: 'wrong' }, false], [{ status: 'PAY_SUCCESS', sign: 'missing' }, false], [{ status: 'PAY_SUCCESS' }, true], [{ status: 'PAY_SUCCESS', body: 'tampered' }, false]] as const) {
    const { bill, shop, gate, keys, counts } = await stage(t, { timeline: [{ after: '1s', notify }] }, { rule: NO })
    const { billCode, tradeUuid } = await bill()
    t.strictSame(await counts('999ms', '1ms', '24h'), [0, 1, 1], 'once, although the merchant says no')
    if (!('body' in notify)) t.hasStrict(payload(shop.told[0]), { billCode, tradeUuid, status: 'PAY_SUCCESS' })
    t.equal(shop.told[0] !== undefined && verifies(keys, shop.told[0]), valid, JSON.stringify(notify))
    t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_WAIT', payTime: '', amount: null })
  }
})

await t.test('notify steps: the bill’s own state, codes, copies, and steps counted from them', async (t) => {
  const { bill, shop, gate, keys, counts } = await stage(t, {
    timeline: [
      { after: '1s', notify: {} },
      { after: '2s', from: 'previous', notify: { status: 'PAY_FAIL', errorCode: 'NOT_TRUE', copies: 2, gap: '10s' } },
      { after: '30s', become: 'PAY_SUCCESS' },
    ],
  })
  const { billCode } = await bill()
  t.strictSame(await counts('1s', '1999ms', '1ms', '9999ms', '1ms', '16999ms'), [1, 1, 2, 2, 3, 3])
  t.equal((await gate.status(keys, billCode))['status'], 'PAY_WAIT')
  await gate.advance('1ms')
  t.strictSame(shop.told.map((told) => [payload(told)['status'], payload(told)['errorCode']]), [['PAY_WAIT', ''], ['PAY_FAIL', 'NOT_TRUE'], ['PAY_FAIL', 'NOT_TRUE'], ['PAY_SUCCESS', '']])
  t.ok(shop.told.every((told) => verifies(keys, told)))
  t.hasStrict(await gate.status(keys, billCode), { status: 'PAY_SUCCESS', payTime: '2025-08-04 13:45:51' })
})

/* After so many queries. */

await t.test('after three queries: which count, and which do not', async (t) => {
  const { bill, shop, gate, keys } = await stage(t, { timeline: [{ afterQueries: 3, become: 'PAY_SUCCESS' }] })
  const other = await gate.merchant()
  const [one, two] = [await bill({ tradeUuid: 'shared' }), await bill()]
  const theirs = await gate.bill(other, { tradeUuid: 'shared', metadata: { qlinkScenario: 'scripted' } })
  const get = async (content: Json, by = keys, wrong = false): Promise<Answer> => gate.call('getPayStatus', content, { keys: by, ...(wrong && { sign: 'f'.repeat(40) }) })
  for (let time = 0; time < 4; time++) {
    t.strictSame(parsed(await get({ billCodeList: [one.billCode] }, other)), [], 'another merchant’s query')
    refused(t, await get({ billCodeList: [one.billCode] }, keys, true), 'SIGN_MISMATCH')
    refused(t, await get({ billCodeList: [] }), ['FIELD_MISSING', 'FIELD_INVALID'])
    await gate.control('GET', `/bills/${one.billCode}`)
    await gate.control('GET', `/bills?appKey=${keys.appKey}`)
    t.strictSame(await ask(gate, keys, 'unknown'), [])
  }
  t.strictSame(await ask(gate, keys, one.billCode, two.billCode), ['PAY_WAIT', 'PAY_WAIT'], 'first for both')
  t.strictSame(list(parsed(await get({ billCodeList: [one.billCode, one.billCode], tradeUuidList: ['shared', 'shared'] }))).map(({ status }) => status), ['PAY_WAIT'], 'named four times, asked once')
  await gate.advance('1h')
  t.equal(shop.told.length, 0)
  t.strictSame(list(parsed(await get({ tradeUuidList: ['shared'] }))).map(({ status, payTime }) => [status, payTime]), [['PAY_SUCCESS', '2025-08-04 14:45:21']], 'the third sees the change')
  await gate.settle()
  t.strictSame(shop.told.map((told) => [payload(told)['billCode'], payload(told)['status']]), [[one.billCode, 'PAY_SUCCESS']])
  t.strictSame(await ask(gate, keys, two.billCode), ['PAY_WAIT'], 'second for the other')
  t.strictSame(await ask(gate, keys, one.billCode, two.billCode), ['PAY_SUCCESS', 'PAY_SUCCESS'])
  t.strictSame([await ask(gate, other, theirs.billCode), await ask(gate, other, theirs.billCode), await ask(gate, other, theirs.billCode)], [['PAY_WAIT'], ['PAY_WAIT'], ['PAY_SUCCESS']], 'a bill of the same uuid counts its own')
})

await t.test('queries counted from the step before, from cancel, and for a notification', async (t) => {
  const { bill, shop, gate, keys } = await stage(t, {
    on: { cancel: [{ answer: 'WAIT' }] },
    timeline: [
      { afterQueries: 1, notify: { status: 'PAY_FAIL', errorCode: 'NO' } },
      { afterQueries: 2, from: 'previous', become: 'PAY_FAIL', errorCode: 'REALLY' },
      { afterQueries: 2, from: 'previous', become: 'PAY_SUCCESS' },
    ],
  })
  const { billCode } = await bill()
  const seen: unknown[] = []
  for (let time = 0; time < 5; time++) {
    const [status] = await ask(gate, keys, billCode)
    await gate.settle()
    seen.push([status, shop.told.length])
  }
  t.strictSame(seen, [['PAY_WAIT', 1], ['PAY_WAIT', 1], ['PAY_FAIL', 2], ['PAY_FAIL', 2], ['PAY_SUCCESS', 3]])
  t.strictSame(shop.statuses(), ['PAY_FAIL', 'PAY_FAIL', 'PAY_SUCCESS'])
  await gate.scenario('since-cancel', { on: { cancel: [{ answer: 'WAIT' }, {}] }, timeline: [{ afterQueries: 2, from: 'cancel', become: 'PAY_CANCEL' }] })
  const cancelled = await gate.bill(demo, { metadata: { qlinkScenario: 'since-cancel' } })
  for (let time = 0; time < 5; time++) t.strictSame(await ask(gate, demo, cancelled.billCode), ['PAY_WAIT'], 'before the cancel none counts')
  t.hasStrict(await gate.cancel(demo, cancelled.billCode), { status: 'WAIT' })
  t.strictSame([await ask(gate, demo, cancelled.billCode), await ask(gate, demo, cancelled.billCode)], [['PAY_WAIT'], ['PAY_CANCEL']])
  t.hasStrict(body(await gate.call('cancel', { billCode: cancelled.billCode })), { status: 'SUCCESS', cancelTime: '2025-08-04 13:45:21' })
})
