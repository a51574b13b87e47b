// A merchant of a test's own: its clock, its scenario, its reset. Whatever one does, the others notice nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startApp } from '../src/app.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { startMerchantEndpoint, startSandbox } from '../src/index.ts'
import { application, body as json, demo, directory, NOW, object, open, send, sign, type Answer, type Gate, type Json, type Options } from './helpers/blackbox.ts'
import { fatedFiles, type Fate } from './helpers/fated-files.ts'
import { apply, call, problem, receiver, start } from './helpers/kit.ts'

/** Fewer where the same is run again, on another Node.js. */
const RUNS = process.env['TEST_BRIEF'] === undefined ? 20 : 5

await t.test('a merchant\'s own clock moves for it alone, and the sandbox\'s for all others', async (t) => {
  const sandbox = await start(t)
  const endpoint = await receiver(t, { answer: 500 })
  const own = await sandbox.merchant({ endpoint, clock: 'manual' })
  const other = await sandbox.merchant({ endpoint })
  t.match(await own.get(), { clock: 'manual' })
  const [a, b] = [await apply(own), await apply(other)]
  await own.bill(a).pay()
  await other.bill(b).pay()
  await endpoint.next({ billCode: a })
  await endpoint.next({ billCode: b })

  t.match(await own.clock.advance('45s'), { now: '2025-08-04T13:46:06.000+08:00', ran: { attempts: 2 } })
  t.same(endpoint.received.map(({ billCode }) => billCode), [a, b, a, a])
  t.match(await sandbox.clock.get(), { now: '2025-08-04T13:45:21.000+08:00' }, 'the sandbox\'s clock stands where it stood')
  t.match(await sandbox.clock.advance('15s'), { ran: { attempts: 1 } })
  t.same(endpoint.received.map(({ billCode }) => billCode), [a, b, a, a, b])
  t.match(await own.clock.now(), '2025-08-04T13:46:06.000+08:00', 'and so does its own')

  const c = await apply(own)
  t.match(await own.bill(c).get(), { createdAt: '2025-08-04T13:46:06.000+08:00', timeline: [{ at: '2025-08-04T13:46:06.000+08:00' }] })
  t.match(await own.requests.last(), { at: '2025-08-04T13:46:06.000+08:00', response: { headers: { date: 'Mon, 04 Aug 2025 05:46:06 GMT' } } })
  t.equal((await call(own, 'getPayStatus', { billCodeList: [c] })).headers.date, 'Mon, 04 Aug 2025 05:46:06 GMT')
  await sandbox.clock.advance('3d')
  t.equal((await own.bill(c).get()).status, 'PAY_WAIT', 'the sandbox\'s clock does not let it expire')
  await own.clock.advance({ to: '2025-08-06 13:46:06' })
  t.match(await own.bill(c).get(), { status: 'PAY_FAIL', errorCode: 'PAYMENT_REQUEST_EXPIRED' })

  t.match(await own.clock.set({ mode: 'real', rate: 60 }), { mode: 'real', rate: 60 })
  t.match(await sandbox.clock.get(), { mode: 'manual' })
  await t.rejects(own.clock.set({ mode: 'manual', now: NOW }), problem({ status: 409 }))
  await t.rejects(other.clock.advance('1s'), { message: `merchant ${other.appKey} goes by the sandbox's clock; only one that was made with {"clock":"manual"} has its own` })
  const bare = (path: string, method = 'GET', content?: Json): Promise<Answer> => send(`${sandbox.controlUrl}${path}`, { method, headers: { 'content-type': 'application/json' }, body: content === undefined ? '' : JSON.stringify(content) })
  t.equal((await bare('/clock?appKey=nobody')).status, 404)
  t.match(json(await bare(`/merchants/${own.appKey}`, 'PATCH', { clock: 'manual' })), { status: 400, detail: /^clock is chosen when the merchant is made and cannot be changed; make another/ })
  t.match(json(await bare('/merchants', 'POST', { clock: 'real' })), { status: 400, detail: 'clock must be manual, or left out, but is "real"' })
  t.match(json(await bare('/merchants', 'POST', { clock: null })), { status: 400, detail: 'clock must be manual, or left out, but is null' })
  for (const [path, method, content] of [['/clock', 'PUT', { mode: 'manual' }], ['/clock/advance', 'POST', { by: '1s' }]] as const) {
    t.equal((await bare(`${path}?appKey=nobody`, method, content)).status, 404)
    t.equal((await bare(`${path}?appKey=${other.appKey}`, method, content)).status, 409)
  }
  t.same((json(await bare('/merchants'))['items'] as Json[]).map(({ clock }) => clock), [undefined, 'manual', undefined])
})

await t.test('a wait in vain tells of the clock that has to be advanced', async (t) => {
  const sandbox = await start(t, { clock: 'real', now: undefined })
  const endpoint = await receiver(t, { answer: 500 })
  const own = await sandbox.merchant({ endpoint, clock: 'manual' })
  const billCode = await apply(own)
  await own.bill(billCode).pay()
  await endpoint.next()
  await own.notifications.wait({ state: 'pending' })
  await t.rejects(own.notifications.next({ timeout: '1ms' }), { message: new RegExp(`advance\\?appKey=${own.appKey}`) })
})

await t.test('own clocks survive a restart, and trouble the sandbox\'s clock neither then nor before', async (t) => {
  const data = join(directory(t), 'data.json')
  const fixtures = directory(t)
  writeFileSync(join(fixtures, 'merchants.json'), JSON.stringify([{ ...demo, name: 'Demo', notifyUrl: null, payAccounts: [], clock: 'manual' }]))
  const first = await startSandbox({ data, clock: 'manual', now: NOW, fixtures })
  const account = { payAccount: 'account1', methods: [{ type: 'PAY_TYPE', code: 'ONLINE', name: 'x' }] }
  const own = await first.merchant({ clock: 'manual', payAccounts: [account] as never })
  t.match(await first.clock.get(), { mode: 'manual' })
  t.equal((await send(`${first.controlUrl}/clock?appKey=${demo.appKey}`, { method: 'GET' })).status, 200, 'fixtures may have it too')
  await own.clock.advance('300d')
  const billCode = await apply(own, { payChannelCode: '' })
  await first.clock.set({ mode: 'manual', now: '2025-08-04 13:45:30' })
  await first.close()

  const second = await startSandbox({ data, clock: 'manual', now: NOW, fixtures })
  t.teardown(() => second.close())
  t.match(await second.clock.now(), '2025-08-04T13:45:21.000+08:00')
  const clock = async (method: string, path: string, content = ''): Promise<Json> =>
    object(JSON.parse((await send(`${second.controlUrl}${path}?appKey=${own.appKey}`, { method, headers: { 'content-type': 'application/json' }, body: content })).text))
  t.match(await clock('GET', '/clock'), { mode: 'manual', now: '2026-05-31T13:45:21.000+08:00' }, 'it goes on where its records end')
  t.match(await clock('POST', '/clock/advance', '{"by":"48h"}'), { ran: { expiries: 1 } })
  t.match(await second.bill(billCode).get(), { errorCode: 'PAYMENT_REQUEST_EXPIRED' })
})

await t.test('what is wrong with an own clock is put right by calls about it, whatever the appKey', async (t) => {
  const sandbox = await start(t)
  const own = await sandbox.merchant({ appKey: 'a b&c', clock: 'manual' })
  await own.clock.advance('1d')
  await apply(own)
  const about = /clock cannot go back .*POST \/_sandbox\/reset\?appKey=a%20b%26c first$/
  await t.rejects(own.clock.set({ mode: 'manual', now: NOW }), problem({ status: 409, message: about as never }))
  await t.rejects(own.bills.wait({ status: 'PAY_FAIL', timeout: '1ms' }), { message: /POST \/_sandbox\/clock\/advance\?appKey=a%20b%26c/ })
  await own.clock.set({ mode: 'real', rate: 60 })
  await t.rejects(own.clock.advance('1s'), { message: /PUT \/_sandbox\/clock\?appKey=a%20b%26c \{"mode":"manual"\} first$/ })
})

await t.test('with a seed, what is due on an own clock goes one by one', async (t) => {
  const sandbox = await start(t, { seed: 'one by one' })
  let [underWay, most] = [0, 0]
  const endpoint = await receiver(t, { answer: async () => {
    most = Math.max(most, ++underWay)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    underWay--
    return 200
  } })
  const own = await sandbox.merchant({ endpoint, clock: 'manual', scenario: { timeline: [{ after: '5s', become: 'PAY_SUCCESS' }] } })
  const made: string[] = []
  for (let number = 0; number < 6; number++) made.push(await apply(own, { tradeUuid: `trade-${String(number)}` }))
  t.match(await own.clock.advance('5s'), { ran: { steps: 6, attempts: 6 } })
  t.same(endpoint.received.map(({ billCode }) => billCode), made)
  t.equal(most, 1)
})

/** A sandbox that keeps its bills in a file, and what becomes of each write. */
const withFate = async (t: Test, options: Options = {}, dir = directory(t)): Promise<{ gate: Gate; fate: Fate }> => {
  const { fate, files } = fatedFiles()
  const gate = await open(t, { data: join(dir, 'data.json'), durability: 'fsync', logLevel: 'silent', ...options }, async (given) =>
    startApp(await resolveSettings({ given: { port: 0, ...given }, spell: (name) => name, env: {} }), { files }))
  return { gate, fate }
}
const stands = async (gate: Gate, appKey: string): Promise<unknown> => json(await gate.control('GET', `/clock?appKey=${appKey}`))['now']
const full = { open: new Error('full'), write: new Error('full'), sync: new Error('full') }

await t.test('an own clock goes with its merchant, and what is due with it', async (t) => {
  const { gate, fate } = await withFate(t)
  const shop = await receiver(t, { answer: 500 })
  const make = (): Promise<Answer> => gate.control('POST', '/merchants', { appKey: 'own', clock: 'manual', notifyUrl: shop.url })
  const keys = { appKey: 'own', appSecret: String(json(await make())['appSecret']) }
  await gate.control('POST', '/clock/advance?appKey=own', { by: '9d' })
  await gate.must((await gate.bill(keys)).billCode, 'pay')
  await gate.control('POST', '/clock/advance?appKey=own', { by: '0s' })

  fate.fail = full
  t.equal((await gate.control('DELETE', '/merchants/own')).status, 503)
  fate.fail = {}
  t.equal(await stands(gate, 'own'), '2025-08-13T13:45:21.000+08:00', 'where it cannot be deleted, its clock stands where it stood')
  t.match(json(await gate.control('POST', '/clock/advance?appKey=own', { by: '15s' })), { ran: { attempts: 1 } }, 'and has due what it had due')

  // The deletion is on its way to the disk when a merchant of the same name comes.
  let goOn: () => void = () => undefined
  const isHeld = new Promise<void>((held) => {
    fate.held = () => new Promise((resolve) => {
      goOn = resolve
      held()
    })
  })
  const deleting = gate.control('DELETE', '/merchants/own')
  await isHeld
  delete fate.held
  const making = make()
  for (let number = 0; number < 5; number++) await gate.health()
  goOn()
  t.same([(await deleting).status, (await making).status], [204, 201])
  t.equal(await stands(gate, 'own'), '2025-08-04T13:45:21.000+08:00', 'its clock is a new one')
  t.match(json(await gate.control('POST', '/clock/advance?appKey=own', { by: '30d' })), { ran: { attempts: 0, expiries: 0 } })
  t.equal((await gate.control('DELETE', '/merchants/own')).status, 204)
  t.equal((await gate.control('GET', '/clock?appKey=own')).status, 404)
  await gate.advance('1h')
  t.equal((await gate.control('POST', '/merchants', { appKey: 'own' })).status, 201)
  t.equal((await gate.control('GET', '/clock?appKey=own')).status, 409, 'made without one, it has none')
  t.equal(shop.received.length, 2)
})

await t.test('a reset puts own clocks back too, or where it fails leaves them as they were', async (t) => {
  const fixtures = directory(t)
  writeFileSync(join(fixtures, 'merchants.json'), JSON.stringify([{ ...demo, name: 'Demo', notifyUrl: null, payAccounts: [{ payAccount: 'account1', methods: [{ type: 'PAY_TYPE', code: 'ONLINE', name: 'x' }] }], clock: 'manual' }]))
  const { gate, fate } = await withFate(t, { fixtures }, fixtures)
  const shop = await receiver(t, { answer: 500 })
  await gate.advance('1h')
  const keys = await gate.merchant({ clock: 'manual', notifyUrl: shop.url })
  const advance = async (by: string): Promise<Json> => json(await gate.control('POST', `/clock/advance?appKey=${keys.appKey}`, { by }))
  await advance('1d')
  await gate.must((await gate.bill(keys, { payChannelCode: '' })).billCode, 'pay')
  await advance('0s')
  await gate.control('DELETE', `/merchants/${demo.appKey}`)

  let wait = 14
  for (const path of ['/reset', `/reset?appKey=${keys.appKey}`]) {
    fate.fail = full
    t.equal((await gate.control('POST', path, {})).status, 503)
    fate.fail = {}
    t.match(await advance(`${String(wait)}s`), { ran: { attempts: 0 } }, 'the clock goes on where it stood')
    t.match(await advance('1s'), { ran: { attempts: 1 } }, 'and has due what it had due')
    wait = 29
  }
  fate.fail = full
  t.equal((await gate.control('POST', '/reset', { merchants: true })).status, 503)
  fate.fail = {}
  t.equal((await gate.control('GET', `/clock?appKey=${demo.appKey}`)).status, 404)
  t.equal(await stands(gate, keys.appKey), '2025-08-05T14:46:06.000+08:00')
  await gate.advance('1h')
  await gate.merchant({ appKey: demo.appKey, clock: 'manual' })
  t.equal(await stands(gate, demo.appKey), '2025-08-04T15:45:21.000+08:00', 'nothing is left of what the reset would have brought back')
  await gate.control('DELETE', `/merchants/${demo.appKey}`)

  t.equal((await gate.control('POST', '/reset', {})).status, 204)
  t.equal(await stands(gate, keys.appKey), '2025-08-04T14:45:21.000+08:00', 'it is back where it began')
  t.match(await advance('30d'), { ran: { attempts: 0 } }, 'and has nothing due')
  t.equal((await gate.control('POST', '/reset', { merchants: true })).status, 204)
  t.equal((await gate.control('GET', `/clock?appKey=${keys.appKey}`)).status, 404)
  await gate.advance('3d')
  t.equal(await stands(gate, demo.appKey), '2025-08-04T13:45:21.000+08:00', 'a merchant that the reset brings back has a clock that begins with it')
})

await t.test('one merchant is reset, and nobody else', async (t) => {
  const data = join(directory(t), 'data.json')
  const sandbox = await startSandbox({ data, clock: 'manual', now: NOW })
  t.teardown(() => sandbox.close())
  const endpoint = await receiver(t, { answer: 500 })
  await sandbox.scenarios.put({ name: 'second-works', on: { apply: [{ refuse: 'not yet' }, {}] } })
  const [a, b] = [await sandbox.merchant({ endpoint, clock: 'manual', scenario: 'second-works' }), await sandbox.merchant({ endpoint, scenario: 'second-works' })]
  for (const merchant of [a, b]) {
    t.match(json(await call(merchant, 'apply', application({ tradeUuid: 'once' }))), { success: false, message: 'not yet' })
    await merchant.bill(await apply(merchant, { tradeUuid: 'once' })).pay()
    t.match(json(await call(merchant, 'apply', application({ tradeUuid: 'again' }))), { success: false })
    await endpoint.next()
  }
  await a.clock.advance('15s')
  await a.reset()
  t.same([await a.bills.list(), await a.notifications.list(), await a.requests.list()], [[], [], []])
  t.equal(await a.clock.now(), '2025-08-04T13:45:21.000+08:00', 'its clock is back at its start')
  t.match(await a.clock.set({ mode: 'manual', now: NOW }), { now: '2025-08-04T13:45:21.000+08:00' }, 'and nothing that is recorded holds it')
  t.match(await a.get(), { scenario: 'second-works', clock: 'manual' }, 'its fields stay')
  t.same([await b.bills.list(), await b.notifications.list(), await b.requests.list()].map(({ length }) => length), [1, 1, 3])
  t.match(json(await call(a, 'apply', application({ tradeUuid: 'again' }))), { success: false, message: 'not yet' }, 'its attempts are counted anew')
  t.match(json(await call(b, 'apply', application({ tradeUuid: 'again' }))), { success: true }, 'and no others')
  t.match(await a.clock.advance('10m'), { ran: { attempts: 0 } }, 'what it had due is gone')
  t.match(await sandbox.clock.advance('15s'), { ran: { attempts: 1 } }, 'what others have due is not')

  const reset = (query: string, content: Json): Promise<Answer> => send(`${sandbox.controlUrl}/reset${query}`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) })
  t.equal((await reset('?appKey=nobody', {})).status, 404)
  t.match(json(await reset(`?appKey=${a.appKey}`, { merchants: true })), { status: 400, detail: /reset of everything/ })
  const kept = await apply(a, { tradeUuid: 'again' })
  await b.reset()
  await sandbox.close()
  const after = await startSandbox({ data, clock: 'manual', now: NOW })
  t.teardown(() => after.close())
  t.same((await after.bills.list()).map(({ billCode }) => billCode), [kept], 'it is so after a restart too')
})

await t.test('an attempt under way when its merchant is reset brings nothing back', async (t) => {
  const sandbox = await start(t)
  let answer: (status: number) => void = () => undefined
  const endpoint = await receiver(t, { answer: () => new Promise<number>((resolve) => { answer = resolve }) })
  const merchant = await sandbox.merchant({ endpoint })
  const paid = async (times: number): Promise<string> => {
    const billCode = await apply(merchant, { tradeUuid: 'same' })
    await merchant.bill(billCode).pay()
    while (endpoint.received.length < times) await new Promise(setImmediate)
    return billCode
  }
  const first = await paid(1)
  await merchant.reset()
  answer(200)
  await sandbox.clock.advance('0s')
  t.same(await merchant.bills.list(), [])

  // A bill in its place, with the same code, has an attempt of its own.
  t.equal(await paid(2), first)
  await merchant.reset()
  const billCode = await apply(merchant, { tradeUuid: 'same' })
  await merchant.bill(billCode).pay()
  t.equal(billCode, first)
  answer(500)
  while (endpoint.received.length < 3) await new Promise(setImmediate)
  answer(200)
  t.same((await merchant.notifications.next()).attempts.map(({ acknowledged }) => acknowledged), [true])
})

await t.test('a merchant\'s own scenario is written out among its fields, and is its alone', async (t) => {
  const data = join(directory(t), 'data.json')
  const sandbox = await startSandbox({ data, clock: 'manual', now: NOW })
  t.teardown(() => sandbox.close())
  const [a, b, c] = [
    await sandbox.merchant({ scenario: { timeline: [{ after: '1s', become: 'PAY_SUCCESS' }] } }),
    await sandbox.merchant({ scenario: { name: 'declines', on: { apply: [{ decline: 'INSUFFICIENT_BALANCE' }] } } }),
    await sandbox.merchant(),
  ]
  const codes = await Promise.all([a, b, c].map((merchant) => apply(merchant)))
  await sandbox.clock.advance('2s')
  t.match(await Promise.all([a, b, c].map((merchant, index) => merchant.bill(String(codes[index])).get())), [
    { status: 'PAY_SUCCESS', scenario: 'own' }, { status: 'PAY_FAIL', scenario: 'declines' }, { status: 'PAY_WAIT', scenario: 'wait-for-customer' },
  ])
  t.match(await a.get(), { scenario: { name: 'own', timeline: [{ after: '1s', become: 'PAY_SUCCESS' }] } })
  t.match(await a.change({ scenario: 'pay-after-3s' }), { scenario: 'pay-after-3s' })
  t.equal((await a.bill(await apply(a)).get()).scenario, 'pay-after-3s')
  const wrong = async (scenario: unknown, message: RegExp): Promise<void> => { await t.rejects(sandbox.merchant({ scenario: scenario as never }), { message }) }
  await wrong({ timeline: [{ after: '1s', become: 'PAY_FAIL' }] }, /^scenario\.timeline\[0\]\.errorCode is missing/)
  await wrong({ timelin: [] }, /^scenario\.timelin is not known here; did you mean timeline\?/)
  await wrong({ match: { orderCode: 'x' } }, /^scenario\.match goes with scenarios of files/)
  await wrong({ match: 7 }, /^scenario\.match goes with scenarios of files/)
  await wrong(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key${String(index)}`, 1])), /^scenario\.key0 .*; scenario: and 980 more$/)
  await wrong({ timeline: [{ after: '1s', become: 'PAY_SUCCESS' }, { after: '2s', become: 'PAY_SUCCESS' }] }, /^scenario\.timeline\[1\]/)
  await wrong(7, /^scenario must be a scenario’s name, or a scenario written out/)
  await wrong('nothing-of-the-kind', /^scenario names "nothing-of-the-kind"/)
  await t.rejects(b.change({ scenario: { timeline: [{ after: 'soon', become: 'PAY_SUCCESS' }] } }), { message: /^scenario\.timeline\[0\]\.after must be a duration/ })
  t.match(await b.get(), { scenario: { name: 'declines' } }, 'what is refused changes nothing')
  await a.change({ scenario: { on: { apply: [{ decline: 'USER_DECLINED_PAYMENT' }] } } })
  t.match((await send(`${sandbox.url}/openapi.json`, { method: 'GET' })).text, /"scenario":\s*\{\s*"anyOf":\s*\[\s*\{\s*"type":\s*"string"[^}]*\},\s*\{\s*"type":\s*"object"[^}]*schemas\/scenario\.json/, 'both forms are described')
  await sandbox.close()
  // As one who writes merchants into the data file would: without a name.
  writeFileSync(data, JSON.stringify({ ...JSON.parse(readFileSync(data, 'utf8').replace('"name":"own",', '')), checksum: undefined }))
  const again = await start(t, { data })
  for (const [merchant, errorCode] of [[a, 'USER_DECLINED_PAYMENT'], [b, 'INSUFFICIENT_BALANCE']] as const) {
    t.match(json(await call({ ...merchant, baseUrl: again.baseUrl }, 'apply', application())), { success: true, errorCode }, 'it is so after a restart too')
  }
  t.same((await again.bills.list()).slice(0, 2).map(({ scenario }) => scenario), ['declines', 'own'])
  const fixtures = directory(t)
  const withScenario = (scenario: unknown): void => { writeFileSync(join(fixtures, 'merchants.json'), JSON.stringify([{ ...demo, name: 'Demo', notifyUrl: null, payAccounts: [{ payAccount: 'account1', methods: [{ type: 'PAY_TYPE', code: 'ONLINE', name: 'x' }, { type: 'PAY_CHANNEL', code: 'QRIS', name: 'x' }] }], scenario }])) }
  withScenario({ timeline: [{ after: 'soon', become: 'PAY_SUCCESS' }] })
  await t.rejects(startSandbox({ fixtures }), { message: /merchants\.json: \[0\]\.scenario\.timeline\[0\]\.after/ })
  withScenario({ on: { apply: [{ refuse: 'from the fixtures' }] } })
  const { url, baseUrl } = await start(t, { fixtures })
  t.match(object(JSON.parse((await send(`${url}/_sandbox/merchants/${demo.appKey}`, { method: 'GET' })).text)), { scenario: { on: { apply: [{ refuse: 'from the fixtures' }] } } })
  const asDemo = { baseUrl, headersFor: (text: string) => ({ 'content-type': 'application/json', appKey: demo.appKey, sign: sign(demo, text) }) }
  t.match(json(await call(asDemo, 'apply', application())), { message: 'from the fixtures' })
})

await t.test('fifty tests at once on one sandbox cannot see one another, many times in a row', async (t) => {
  const sandbox = await start(t, { clock: 'real', now: undefined, seed: undefined })
  const test = async (number: number): Promise<string[]> => {
    const failures = number % 4
    const endpoint = await startMerchantEndpoint({ answer: [...Array<number>(failures).fill(500), 200], verify: true })
    const merchant = await sandbox.merchant({ endpoint, clock: 'manual', scenario: number % 2 === 0 ? { timeline: [{ after: `${number + 1}m`, become: 'PAY_SUCCESS' }] } : 'wait-for-customer' })
    // All use the same ids: they are a merchant's own.
    const billCode = await apply(merchant, { tradeUuid: 'same', orderCode: 'same' })
    if (number % 2 === 0) await merchant.clock.advance(`${number + 1}m`)
    else await merchant.bill('tradeUuid:same').pay()
    await endpoint.next()
    for (const wait of ['15s', '30s', '3m'].slice(0, failures)) await merchant.clock.advance(wait)
    const told = await merchant.notifications.next()
    const seen = [
      ...endpoint.received.map((one) => `${one.signature} ${one.billCode === billCode ? 'own' : 'another\'s'} ${one.status}`),
      `${told.attempts.length} ${told.billCode === billCode ? 'own' : 'another\'s'}`,
      ...(await merchant.requests.list()).map(({ operation, appKey }) => `${String(operation)} ${appKey === merchant.appKey ? 'own' : 'another\'s'}`),
      `${(await merchant.bills.list()).length} ${(await merchant.bill(billCode).get()).status}`,
    ]
    await endpoint.close()
    await merchant.remove()
    return seen
  }
  for (let run = 1; run <= RUNS; run++) {
    const results = await Promise.all(Array.from({ length: 50 }, (_, number) => test(number)))
    t.same(results, Array.from({ length: 50 }, (_, number) => [...Array<string>(number % 4 + 1).fill('valid own PAY_SUCCESS'), `${number % 4 + 1} own`, 'apply own', '1 PAY_SUCCESS']), `run ${String(run)}`)
  }
})
