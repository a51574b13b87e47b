// A clock with a rate, from outside: what happens on it, what does not, and what one can watch of it in the log.
import { Writable } from 'node:stream'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { startApp } from '../src/app.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { readable } from '../src/log/readable.ts'
import { body, demo, directory, endpoint, list, object, open, payload, string, type Gate, type Json, type Options } from './helpers/blackbox.ts'

const H48 = 48 * 3_600_000
const ms = (text: unknown): number => Date.parse(string(text))
const detail = async (gate: Gate, billCode: string): Promise<Json> => body(await gate.control('GET', `/bills/${billCode}`))
const clockOf = async (gate: Gate): Promise<Json> => body(await gate.control('GET', '/clock'))

/** A sandbox whose log can be read, and awaited. */
const openLogged = async (t: Test, options: Options = {}, level = 'info') => {
  const lines: Json[] = []
  const waiting: (() => void)[] = []
  const logger = pino({ level }, new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(object(JSON.parse(chunk.toString())))
      for (const wake of waiting.splice(0)) wake()
      done()
    },
  }))
  const gate = await open(t, options, async (given) =>
    startApp(await resolveSettings({ given: { port: 0, data: 'memory', ...given }, spell: (name) => name, env: {} }), { logger }))
  /** The first line that fits, when it is there. */
  const line = async (fits: (line: Json) => boolean): Promise<Json> => {
    for (;;) {
      const found = lines.find(fits)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return { gate, lines, line }
}

await t.test('a million times as fast: steps, expiry and what is told of them follow the clock; a merchant has its real time', async (t) => {
  const shop = await endpoint(t)
  const gate = await open(t, { clock: '1000000x', notifyUrl: shop.url, notifyTimeout: '10s' })
  const paid = await gate.bill(demo, { metadata: { qlinkScenario: 'pay-after-3s' } })
  t.hasStrict(payload(await shop.next()), { billCode: paid.billCode, status: 'PAY_SUCCESS' })
  const late = await gate.bill(demo, { metadata: { qlinkScenario: 'pay-then-late-success' } })
  t.hasStrict([payload(await shop.next()), payload(await shop.next())], [{ billCode: late.billCode, status: 'PAY_FAIL' }, { billCode: late.billCode, status: 'PAY_SUCCESS' }])
  const expired = await gate.bill(demo)
  t.hasStrict(payload(await shop.next()), { billCode: expired.billCode, status: 'PAY_FAIL', errorCode: 'PAYMENT_REQUEST_EXPIRED' })

  const first = await detail(gate, paid.billCode)
  t.ok(ms(first['payTime']) >= ms(first['createdAt']) + 3000, 'not paid before it was due')
  const chain = list((await detail(gate, late.billCode))['timeline'])
  t.strictSame(chain.map(({ what }) => what), ['apply', 'fail', 'payLate'])
  t.ok(ms(chain[1]?.['at']) >= ms(chain[0]?.['at']) + 3000)
  t.ok(ms(chain[2]?.['at']) >= ms(chain[1]?.['at']) + 10_000, 'a step counts from when the one before was taken')
  const last = list((await detail(gate, expired.billCode))['timeline'])
  t.ok(ms(last[1]?.['at']) >= ms(last[0]?.['at']) + H48)
  t.ok(ms((await clockOf(gate))['now']) >= ms(last[1]?.['at']), 'nothing is recorded ahead of the clock')
  // Ten seconds on this clock are ten real microseconds: no merchant answers within.
  t.strictSame(list(first['notifications']).flatMap(({ attempts }) => list(attempts).map(({ acknowledged }) => acknowledged)), [true])
})

await t.test('retries wait from attempt to attempt, and all can be watched in the log', async (t) => {
  const shop = await endpoint(t, { status: 503 })
  const { gate, lines, line } = await openLogged(t, { clock: '1000000x', notifyUrl: shop.url, notifySchedule: ['15s', '30m', '6h'] })
  const { billCode, tradeUuid } = await gate.bill(demo)
  await gate.must(billCode, 'pay')
  await line(({ givenUp }) => givenUp === true)

  const about = lines.filter((one) => one['billCode'] === billCode)
  const whose = { billCode, tradeUuid, appKey: demo.appKey }
  t.hasStrict(about, [
    { ...whose, event: 'apply', msg: 'bill applied: 1.1 IDR, scenario wait-for-customer' },
    { ...whose, event: 'pay', by: 'control', from: 'PAY_WAIT', to: 'PAY_SUCCESS', msg: 'PAY_WAIT → PAY_SUCCESS, by the control API' },
    ...[1, 2, 3, 4].map((attempt) => ({ ...whose, event: 'attempt', notification: `${billCode}-1`, status: 'PAY_SUCCESS', attempt, acknowledged: false, answered: 503, givenUp: attempt === 4 })),
  ])
  t.equal(about.length, 6)
  const tries = about.slice(2)
  for (const [index, wait] of [15_000, 1_800_000, 21_600_000].entries()) {
    t.equal(ms(tries[index]?.['nextAttemptAt']), ms(tries[index]?.['at']) + wait)
    t.ok(ms(tries[index + 1]?.['at']) >= ms(tries[index]?.['nextAttemptAt']), 'at its time or later')
    t.match(tries[index]?.['msg'], /^told of PAY_SUCCESS \(attempt \d\): not acknowledged, answered 503; only 2xx is an acknowledgement; next at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$/)
  }
  t.match(tries[3]?.['msg'], /given up$/)
  t.strictSame(list((await gate.notifications(demo))[0]?.['attempts']).map(({ at }) => at), tries.map(({ at }) => at), 'the times are the record\'s')
  const all = JSON.stringify(lines)
  for (const secret of [demo.appSecret, String(shop.told[0]?.headers['sign'])]) t.notOk(all.includes(secret))
  t.notMatch(all, /[0-9a-f]{40}/, 'no signature')
})

await t.test('a log without info says nothing of bills; with it, of those that nobody is told of, of copies and of steps not taken', async (t) => {
  const quiet = await openLogged(t, {}, 'warn')
  await quiet.gate.must((await quiet.gate.bill(demo)).billCode, 'pay')
  t.strictSame(quiet.lines, [])

  const shop = await endpoint(t)
  const { gate, lines } = await openLogged(t)
  const said = (billCode: string): unknown[] => lines.filter((one) => one['billCode'] === billCode).map(({ msg }) => msg)
  const untold = await gate.bill(demo)
  await gate.cancel(demo, untold.billCode)
  t.strictSame(said(untold.billCode).slice(1), ['PAY_WAIT → PAY_CANCEL, by the merchant', 'nobody is told of PAY_CANCEL: the merchant has no notifyUrl'])

  await gate.scenario('twice', { timeline: [{ after: '1s', become: 'PAY_SUCCESS' }], notifications: [{ copies: 2, gap: '5s' }] })
  const keys = await gate.merchant({ notifyUrl: shop.url })
  const bill = () => gate.bill(keys, { metadata: { qlinkScenario: 'twice' } })
  const paid = await bill()
  t.strictSame(body(await gate.advance('1m'))['ran'], { expiries: 0, steps: 1, attempts: 2 }, 'an advance counts copies too')
  t.strictSame(said(paid.billCode).slice(1), [
    'PAY_WAIT → PAY_SUCCESS, by the scenario',
    'told of PAY_SUCCESS (attempt 1): acknowledged',
    'told of PAY_SUCCESS (attempt 2, a copy): acknowledged',
  ])

  const failed = await bill()
  await gate.must(failed.billCode, 'fail', { errorCode: 'X' })
  await gate.settle()
  await gate.advance('1s')
  t.strictSame(said(failed.billCode).slice(1), [
    'PAY_WAIT → PAY_FAIL, by the control API: X',
    'told of PAY_FAIL (attempt 1): acknowledged',
    'step skipped, by the scenario: timeline[0] (PAY_SUCCESS): the bill was already PAY_FAIL by the control',
  ])
})

await t.test('a thousand times as slow: what passes on sockets still passes in real time', { timeout: 20_000 }, async (t) => {
  // On the clock either tenth of a second would take a hundred.
  const { gate, line } = await openLogged(t, { clock: '0.001x', notifyTimeout: '100ms' })
  await gate.scenario('slow', { on: { apply: [{ delay: '100ms' }] } })
  const hanging = await endpoint(t, () => ({ status: 200, headers: { 'content-length': '100' } }))
  const keys = await gate.merchant({ notifyUrl: hanging.url })
  const { billCode } = await gate.bill(keys, { metadata: { qlinkScenario: 'slow' } })
  await gate.must(billCode, 'pay')
  t.hasStrict(await line(({ event }) => event === 'attempt'), { acknowledged: false, error: 'no whole answer within 100 ms' })
})

await t.test('the rate is shown, set and changed without a jump', async (t) => {
  const gate = await open(t)
  t.hasStrict(await clockOf(gate), { mode: 'manual', rate: 0 })
  const put = async (content: Json): Promise<Json> => body(await gate.control('PUT', '/clock', content))
  t.hasStrict(await put({ mode: 'real' }), { mode: 'real', rate: 1 })
  const before = await clockOf(gate)
  const faster = await put({ mode: 'real', rate: 60 })
  t.hasStrict(faster, { mode: 'real', rate: 60 })
  t.hasStrict(object(body(await gate.health())['clock']), { mode: 'real', rate: 60 })
  const slower = await put({ mode: 'real', rate: 0.001 })
  t.ok(ms(before['now']) <= ms(faster['now']) && ms(faster['now']) <= ms(slower['now']), 'it never goes back')
  t.ok(ms(slower['now']) - ms(before['now']) < 3_600_000)
  t.match((await put({ mode: 'real', rate: 0.001, now: '2031-01-01 00:00:00' }))['now'], /^2031-01-01T00:00:00/)
  const ahead = await put({ mode: 'real' })
  t.hasStrict(ahead, { mode: 'real', rate: 1 })
  t.match(ahead['now'], /^2031-01-01T00:/, 'at a rate of 1, it goes on from there')
  const advance = await gate.control('POST', '/clock/advance', { by: '1h' })
  t.equal(advance.status, 409)
  t.match(body(advance)['detail'], /the clock is real and passes by itself/)
  await gate.bill(demo)
  for (const content of [{ mode: 'manual', now: '2030-01-01 00:00:00' }, { mode: 'real', rate: 2, now: '2030-01-01 00:00:00' }]) {
    t.equal((await gate.control('PUT', '/clock', content)).status, 409)
  }
  t.equal((await gate.control('PUT', '/clock', { mode: 'manual' })).status, 200)
  t.equal((await gate.control('PUT', '/clock', { mode: 'real', rate: 60 })).status, 409, 'from manual to real it would go back to the time of day')
  t.equal((await gate.control('POST', '/reset', {})).status, 204)
  t.equal((await gate.control('PUT', '/clock', { mode: 'real', rate: 60 })).status, 200)
})

await t.test('rates that are none', async (t) => {
  const gate = await open(t)
  const cases: [Json, string][] = [
    ...([0, -1, 1e9, 0.0001] as const).map((rate): [Json, string] => [{ mode: 'real', rate }, `rate must be a number from 0.001 to 1000000, but is ${rate}`]),
    ...(['60', 'x', '60x', '0x'] as const).map((rate): [Json, string] => [{ mode: 'real', rate }, `rate must be a number from 0.001 to 1000000, but is "${rate}"`]),
    [{ mode: 'manual', rate: 60 }, 'rate goes with mode real; a manual clock stands still until it is advanced'],
    [{ mode: 'real', now: '2030-01-01 00:00:00' }, 'now goes with mode manual, or with a rate that is not 1; a real clock has the time of day'],
  ]
  for (const [content, expected] of cases) {
    const answer = await gate.control('PUT', '/clock', content)
    t.equal(answer.status, 400, JSON.stringify(content))
    t.equal(body(answer)['detail'], expected)
  }
  t.hasStrict(await clockOf(gate), { mode: 'manual', rate: 0 })
})

await t.test('a data file whose records lie in the future', async (t) => {
  const data = join(directory(t), 'qlink.json')
  const warnings = (lines: Json[]): unknown[] => lines.filter(({ level }) => level === 40).map(({ msg }) => msg)
  const closing: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0)) await end()
  }
  const start = (options: Options) => openLogged({ teardown: (end: () => unknown) => closing.push(end) } as unknown as Test, { data, ...options })
  t.teardown(close)

  const { billCode } = await (await start({ clock: '60x', now: '2099-01-01 00:00:00' })).gate.bill(demo)
  await close()
  const fast = await start({ clock: '60x', now: undefined })
  t.match((await clockOf(fast.gate))['now'], /^2099-01-01T/, 'a clock with a rate goes on where the records end')
  t.strictSame(warnings(fast.lines), [])
  await close()
  const told = await start({ clock: '60x', now: '2050-01-01 00:00:00' })
  t.match(warnings(told.lines), [/^the clock starts at 2099-01-01T.*, where the records of the data file end, and not at 2050-01-01 00:00:00$/])
  await close()

  const plain = await start({ clock: 'real', now: undefined })
  t.match(warnings(plain.lines), [/^the records of the data file end at 2099-01-01T.*, after the time of day: what is due then waits for it; --clock manual, or a rate such as --clock 60x, goes on from there/])
  t.notMatch((await clockOf(plain.gate))['now'], /^2099/)
  const { status, due } = await detail(plain.gate, billCode)
  t.equal(status, 'PAY_WAIT')
  t.match(list(due)[0]?.['at'], /^2099-01-03/)
  t.equal((await plain.gate.act(billCode, 'pay')).status, 200, 'and it serves')
})

await t.test('lines to read', async (t) => {
  const reading = { now: () => Date.UTC(2026, 0, 1), timeZone: 'UTC', colours: false }
  const read = (line: Json, colours = false): string => readable({ ...reading, colours })(JSON.stringify(line))
  const about = { level: 30, time: 1, at: '2026-01-02T03:04:05.678+08:00', billCode: 'QL1', tradeUuid: 'a b', appKey: 'k', event: 'pay', to: 'PAY_SUCCESS', msg: 'paid' }
  t.equal(read(about), '2026-01-01 19:04:05  paid  billCode=QL1 tradeUuid="a b" appKey=k\n')
  t.equal(read(about, true), '\x1b[2m2026-01-01 19:04:05\x1b[0m  \x1b[32mpaid\x1b[0m  \x1b[2mbillCode=QL1 tradeUuid="a b" appKey=k\x1b[0m\n')
  t.ok(read({ ...about, to: 'PAY_FAIL' }, true).includes('\x1b[31mpaid'))
  t.equal(read({ level: 30, time: 1, operation: 'apply', status: 200, ms: 1.5, msg: 'request' }), '2026-01-01 00:00:00  request  operation=apply status=200 ms=1.5\n')
  t.equal(read({ level: 40, msg: 'beware' }), '2026-01-01 00:00:00  warning: beware\n')
  t.match(read({ level: 50, err: { message: 'disk full', stack: 'at x' }, msg: 'failed', billCode: 'QL1' }), /error: failed: disk full {2}billCode=QL1\n$/)
  const nasty = read({ ...about, tradeUuid: '\x1b[2J\u202e', msg: 'a\nb\x1b[1m' })
  for (const character of ['\x1b', '\u202e']) t.notOk(nasty.includes(character), 'what others chose does not move the cursor')
  t.equal(nasty.split('\n').length, 2, 'nor begin a line')
})
