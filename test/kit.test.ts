// The library: a sandbox in this process or elsewhere, a merchant of a test's own, and a merchant's server for callbacks.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { connectSandbox, SandboxError, startMerchantEndpoint, startSandbox, UsageError } from '../src/index.ts'
import { application, send, type Answer } from './helpers/blackbox.ts'
import { apply, call, problem, receiver, start } from './helpers/kit.ts'

await t.test('a test in a few lines: apply, pay, be told, on a clock of one\'s own', async (t) => {
  const sandbox = await start(t)
  const endpoint = await receiver(t, { answer: [500, 200], verify: true })
  const merchant = await sandbox.merchant({ endpoint, clock: 'manual' })
  const billCode = await apply(merchant)
  t.match(await merchant.bill(billCode).pay(), { status: 'PAY_SUCCESS', appKey: merchant.appKey })
  t.match(await endpoint.next(), { status: 'PAY_SUCCESS', signature: 'valid', billCode, appKey: merchant.appKey, attempt: 1 })
  t.match(await merchant.clock.advance('15s'), { ran: { attempts: 1 } })
  const again = await endpoint.next({ billCode, status: 'PAY_SUCCESS' })
  t.equal(again.attempt, 2)
  t.same(again.bytes, endpoint.received[0]?.bytes)
  t.match(await merchant.notifications.next({ timeout: '1s' }), { state: 'acknowledged', attempts: [{ status: 500 }, { status: 200 }] })
  t.match(await merchant.requests.last(), { operation: 'apply', outcome: 'accepted' })
  t.match(await merchant.bills.list(), [{ billCode, status: 'PAY_SUCCESS' }])
})

await t.test('what the control API refuses is a SandboxError with its sentence', async (t) => {
  const sandbox = await start(t, { clock: 'real', now: undefined })
  const merchant = await sandbox.merchant()
  const billCode = await apply(merchant)
  await merchant.bill(billCode).cancel()
  await t.rejects(merchant.bill(billCode).pay(), { name: 'SandboxError', status: 409, message: /PAY_CANCEL.*late/, details: { allowedMoves: ['pay with {"late":true}'] } })
  t.match(await merchant.bill(billCode).pay({ late: true }), { status: 'PAY_SUCCESS' })
  await t.rejects(sandbox.bill('QL0').get(), { status: 404, message: 'there is no bill QL0' })
  await t.rejects(sandbox.merchant({ name: '' }), { status: 400, message: /name/ })
  await t.rejects(merchant.notifications.next({ timeout: '1ms' }), problem({ status: 408, details: { seen: [{ state: 'unaddressed' }, { state: 'unaddressed' }] } }))
  await t.rejects(merchant.clock.advance('1s'), { status: 409, message: /goes by the sandbox's clock/ })
  await t.rejects(sandbox.clock.advance('1s'), { status: 409, message: /real/ })
  await t.rejects(startSandbox({ clock: 'backwards' as never }), UsageError)
  t.equal(new SandboxError(404, 'x').status, 404)
})

await t.test('next gives each once, in order, also to those who ask at once', async (t) => {
  const sandbox = await start(t)
  const endpoint = await receiver(t)
  const merchant = await sandbox.merchant({ endpoint, clock: 'manual' })
  const waiting = [merchant.notifications.next(), merchant.notifications.next()]
  const codes = [await apply(merchant), await apply(merchant), await apply(merchant)]
  for (const code of codes) {
    await merchant.bill(code).pay()
    await endpoint.next({ billCode: code })
  }
  t.same((await Promise.all([...waiting, merchant.notifications.next()])).map((one) => one.billCode), codes)
  await call(merchant, 'getPayStatus', { billCodeList: codes })
  t.same([await merchant.requests.next(), await merchant.requests.next({ operation: 'getPayStatus' })].map(({ operation }) => operation), ['apply', 'getPayStatus'])
  const late = merchant.requests.next({ operation: 'cancel' })
  await call(merchant, 'cancel', { billCode: String(codes[0]) })
  t.match(await late, { outcome: 'accepted', response: { body: /BILL_ALREADY_PAID/ } })
})

await t.test('everything that the control API can do', async (t) => {
  const sandbox = await start(t, { clock: 'manual', controlToken: 'secret-token' })
  const merchant = await sandbox.merchant({ notifyUrl: 'http://127.0.0.1:9' })
  const [one = '', two = '', three = '', four = ''] = await Promise.all([1, 2, 3, 4].map((n) => apply(merchant, { tradeUuid: `t-${String(n)}` })))
  t.match(await merchant.bill(one).fail({ errorCode: 'USER_DECLINED_PAYMENT' }), { status: 'PAY_FAIL', errorCode: 'USER_DECLINED_PAYMENT' })
  t.match(await merchant.bill('tradeUuid:t-2').expire(), { billCode: two, errorCode: 'PAYMENT_REQUEST_EXPIRED' })
  const reached = merchant.bill(three).reaches('PAY_CANCEL')
  await merchant.bill(three).cancel()
  t.match(await reached, { status: 'PAY_CANCEL' })
  t.match(await sandbox.bill('tradeUuid:t-4', merchant.appKey).notify({ status: 'PAY_SUCCESS', sign: 'wrong' }), { status: 'PAY_SUCCESS', attempts: [{ acknowledged: false, error: /refused/ }] })
  t.match(await merchant.bill(one).recorded('my-own'), /^# yaml.*\nname: my-own/)
  const [told] = await merchant.notifications.list({ billCode: four })
  t.equal((await merchant.notifications.resend(String(told?.id))).attempts.length, 2)
  t.match(await merchant.notifications.get(String(told?.id)), { billCode: four })
  t.match(await sandbox.notifications.wait({ billCode: four, state: 'given-up' }), { billCode: four })
  t.match(await sandbox.bills.wait({ tradeUuid: 't-1' }), { billCode: one })
  t.equal((await merchant.bills.list({ status: 'PAY_FAIL' })).length, 2)

  t.match(await sandbox.scenarios.put({ name: 'quick', timeline: [{ after: '1s', become: 'PAY_SUCCESS' }] }), { name: 'quick' })
  t.match(await sandbox.scenarios.put('name: slow\ntimeline: [{ after: 1h, become: PAY_SUCCESS }]', 'slow'), { name: 'slow' })
  t.ok((await sandbox.scenarios.list()).some(({ name }) => name === 'slow'))
  t.match(await sandbox.scenarios.get('slow'), { timeline: [{ after: '1h' }] })
  await sandbox.scenarios.remove('slow')
  await t.rejects(sandbox.scenarios.get('slow'), problem({ status: 404 }))
  t.match(await merchant.change({ scenario: 'quick' }), { scenario: 'quick' })
  const five = await apply(merchant)
  t.match(await sandbox.clock.advance({ to: '2025-08-04 13:45:22' }), { now: '2025-08-04T13:45:22.000+08:00', ran: { steps: 1 } })
  t.equal((await merchant.bill(five).get()).status, 'PAY_SUCCESS')
  t.equal(await sandbox.clock.now(), '2025-08-04T13:45:22.000+08:00')
  t.match(await sandbox.clock.set({ mode: 'manual', now: '2026-01-01 00:00:00' }), { mode: 'manual' })

  t.ok((await sandbox.requests.list()).length >= 5)
  t.match(await sandbox.requests.get(String((await sandbox.requests.last())?.id)), { operation: 'apply' })
  t.match(await sandbox.requests.wait({ tradeUuid: 't-3' }), { operation: 'apply' })
  await merchant.requests.clear()
  t.equal(await merchant.requests.last(), undefined)
  await merchant.reset()
  t.same(await merchant.bills.list(), [])
  await merchant.remove()
  await t.rejects(merchant.get(), problem({ status: 404 }))
  await sandbox.reset({ merchants: true })
})

await t.test('lists have everything, however many pages it takes', async (t) => {
  const sandbox = await start(t)
  const merchant = await sandbox.merchant()
  for (let round = 0; round < 6; round++) await Promise.all(Array.from({ length: 100 }, () => apply(merchant)))
  t.equal(new Set((await merchant.bills.list()).map(({ billCode }) => billCode)).size, 600)
})

await t.test('a sandbox that runs elsewhere has the same face', async (t) => {
  const here = await start(t, { controlToken: 'secret-token' })
  const sandbox = connectSandbox({ url: `${here.controlUrl}/`, token: 'secret-token' })
  const endpoint = await receiver(t)
  const merchant = await sandbox.merchant({ endpoint, clock: 'manual' })
  t.equal(merchant.baseUrl, here.baseUrl)
  const billCode = await apply(merchant)
  await merchant.bill(billCode).pay()
  t.match(await endpoint.next({ billCode }), { signature: 'valid' })
  t.match(await merchant.notifications.next(), { billCode })
  t.equal((await here.bill(billCode).get()).status, 'PAY_SUCCESS')
  await sandbox.close()
  t.equal((await here.bill(billCode).get()).status, 'PAY_SUCCESS', 'closing it lets it run')
  await t.rejects(connectSandbox({ url: here.controlUrl }).clock.now(), problem({ status: 401 }))
  await t.rejects(connectSandbox({ url: 'http://127.0.0.1:1/_sandbox' }).clock.now(), { name: 'SandboxError', message: /no sandbox answers at http:\/\/127\.0\.0\.1:1\/_sandbox: / })
  t.throws(() => connectSandbox({}, {}), { message: /QLINK_CONTROL_URL/ })
  t.throws(() => connectSandbox({ url: 'localhost:4800' }), { message: /must be an http or https URL/ })
  t.match(connectSandbox({}, { QLINK_CONTROL_URL: 'http://h:1/_sandbox', QLINK_BASE_URL: 'http://h:1/pay/' }), { url: 'http://h:1', baseUrl: 'http://h:1/pay', controlUrl: 'http://h:1/_sandbox' })
})

await t.test('the endpoint answers as told', async (t) => {
  const endpoint = await receiver(t)
  const post = (content = '{}', headers = {}): Promise<Answer> => send(`${endpoint.url}/payNotification`, { body: content, headers })
  t.equal((await post()).status, 200)
  endpoint.answer([500, { status: 202, body: { success: true }, headers: { 'x-a': 'b' } }, 204])
  t.strictSame([(await post()).status, (await post()).text, (await post()).status, (await post()).status], [500, '{"success":true}', 204, 204])
  endpoint.answer(async ({ attempt, body }) => ({ status: 200, body: `${body} ${String(attempt)}` }))
  t.strictSame([(await post('{"a":1}')).text, (await post('{"a":1}')).text, (await post('{"a":2}')).text], ['{"a":1} 1', '{"a":1} 2', '{"a":2} 1'])
  for (const [answer, error] of [['reset', /ECONNRESET/], ['close', /hang up/]] as const) {
    endpoint.answer(answer)
    await t.rejects(post(), { message: error })
  }
  endpoint.answer({ status: 200, after: '20ms' })
  t.equal((await post()).status, 200)
  endpoint.answer(({ number }) => ({ body: String(number) }))
  t.equal((await post()).text, String(endpoint.received.length), 'a function is given what came, as it is in the list')
  t.equal(endpoint.received.at(-1)?.number, endpoint.received.length)
  endpoint.answer(() => { throw new Error('a slip in the test') })
  t.match(await post(), { status: 500, text: 'the endpoint\'s answer failed: a slip in the test' })
  const before = endpoint.received.length
  endpoint.answer('hang')
  const hanging = post()
  while (endpoint.received.length < before + 1) await new Promise(setImmediate)
  endpoint.answer({ after: '1h' })
  const slow = post()
  await t.rejects(endpoint.next({ tradeUuid: 'x', timeout: '1ms' }), { message: /POST \/payNotification without a tradeUuid, signature missing, not answered yet/ })
  const gone = [t.rejects(hanging), t.rejects(slow), t.rejects(endpoint.next({ tradeUuid: 'x' }), { message: /no callback with tradeUuid x came before the endpoint closed; the last that came: / })]
  while (endpoint.received.length < before + 2) await new Promise(setImmediate)
  await endpoint.close()
  await Promise.all(gone)
  await t.rejects(endpoint.next({ tradeUuid: 'x', timeout: '1h' }), { message: /before the endpoint closed/ }, 'and at once when it is closed already')
  for (const wrong of [{ hang: true }, { statuss: 500 }, { headers: { 'a b': 'c' } }, [[500]], 99, 700, { after: 'soon' }, 'later', [200, null]]) t.throws(() => { endpoint.answer(wrong as never) }, UsageError, JSON.stringify(wrong))
})

await t.test('the endpoint verifies, waits, and knows two secrets of one merchant', async (t) => {
  const sandbox = await start(t)
  const endpoint = await receiver(t, { verify: true })
  const merchant = await sandbox.merchant({ notifyUrl: endpoint.url })
  const bill = merchant.bill(await apply(merchant, { tradeUuid: 'rotating' }))
  const signatures = async (...signs: ('valid' | 'wrong' | 'missing')[]): Promise<string[]> => {
    const told = []
    for (const sign of signs) told.push((await bill.notify({ sign })).attempts[0]?.status, (await endpoint.next()).signature)
    return told.map(String)
  }
  t.same(await signatures('valid', 'missing'), ['401', 'unknown', '401', 'missing'])
  endpoint.trust(merchant)
  t.same(await signatures('valid', 'wrong', 'missing'), ['200', 'valid', '401', 'wrong', '401', 'missing'])
  await merchant.change({ appSecret: 'the-next-secret' })
  t.same(await signatures('valid'), ['200', 'wrong'].map((_, index) => ['401', 'wrong'][index]))
  endpoint.trust({ appKey: merchant.appKey, appSecret: 'the-next-secret' })
  t.same(await signatures('valid'), ['200', 'valid'])

  await t.rejects(endpoint.next({ tradeUuid: 'other', timeout: '1ms' }), { message: 'no callback with tradeUuid other came within 1ms; the last that came: rotating PAY_WAIT, signature missing; rotating PAY_WAIT, signature valid; rotating PAY_WAIT, signature wrong; rotating PAY_WAIT, signature missing; rotating PAY_WAIT, signature wrong; rotating PAY_WAIT, signature valid'.replace('rotating PAY_WAIT, signature missing; ', '') })
  endpoint.clear()
  t.same(endpoint.received, [])
  await t.rejects(endpoint.next({ timeout: '1ms' }), { message: 'no callback came within 1ms; none has come at all' })
  await t.rejects(endpoint.next({ timeout: 'soon' }), UsageError)
  for (const port of [99999, -1, 'x']) await t.rejects(startMerchantEndpoint({ port: port as never }), UsageError)
  t.throws(() => { endpoint.trust([merchant] as never) }, UsageError)
  await t.rejects(startMerchantEndpoint({ port: endpoint.port }), { message: /the endpoint cannot listen on port \d+: .*EADDRINUSE/ })
})

await t.test('what is forgotten while it is being answered is not the next', async (t) => {
  const endpoint = await receiver(t)
  const holding = new Promise<() => void>((held) => {
    endpoint.answer(() => new Promise((reply) => {
      held(() => { reply(200) })
    }))
  })
  const old = send(endpoint.url, { body: '{"tradeUuid":"old"}' })
  const release = await holding
  endpoint.clear()
  const next = endpoint.next()
  release()
  await old
  endpoint.answer(200)
  await send(endpoint.url, { body: '{"tradeUuid":"new"}' })
  t.equal((await next).tradeUuid, 'new')
})

await t.test('nothing stays behind: a program that used the kit comes to its end', async (t) => {
  const program = `
    import { startSandbox, startMerchantEndpoint } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
    const sandbox = await startSandbox()
    const endpoint = await startMerchantEndpoint({ answer: 'hang' })
    const merchant = await sandbox.merchant({ endpoint, notification: { timeout: '10m' } })
    const body = ${JSON.stringify(JSON.stringify(application()))}
    await fetch(merchant.baseUrl + '/apply', { method: 'POST', headers: merchant.headersFor(body), body })
    const [bill] = await merchant.bills.list()
    await merchant.bill(bill.billCode).pay()
    while (endpoint.received.length === 0) await new Promise(setImmediate)
    sandbox.notifications.next({ timeout: '10m' }).catch(() => undefined)
    for (const one of [merchant, endpoint, sandbox]) await one[Symbol.asyncDispose]()
    console.log('done')`
  const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', program], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { said += chunk })
  t.equal(await new Promise((resolve) => { child.on('close', resolve) }), 0)
  t.match(said, /done/)
})
