// The command as a whole process: what it prints, how it ends, and what survives when it is killed.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { application, body, demo, directory, endpoint, list, NOW, payload, send, sign, type Answer, type Json } from './helpers/blackbox.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CLI = join(ROOT, 'dist', 'cli.js')
// What runs is what is shipped: the build of the source as it is now.
execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--build', join(ROOT, 'tsconfig.build.json')])

const VERSION = /^\d+\.\d+\.\d+$/

interface Ended { code: number | null; stdout: string; stderr: string }

const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QLINK_') && !['PORT', 'HOST', 'NODE_OPTIONS', 'NODE_V8_COVERAGE'].includes(name)))

const start = (args: string[], env: Record<string, string> = {}): ChildProcess =>
  spawn(process.execPath, [CLI, ...args], { env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })

const collect = (child: ChildProcess): { stdout: () => string; stderr: () => string } => {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return { stdout: () => stdout, stderr: () => stderr }
}

const run = async (args: string[], env: Record<string, string> = {}): Promise<Ended> => {
  const child = start(args, env)
  const output = collect(child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: output.stdout(), stderr: output.stderr() }
}

/** Starts a sandbox and waits for its one line; killed with the test if it is still there. */
const serve = async (t: { teardown: (end: () => unknown) => unknown }, args: string[], env: Record<string, string> = {}) => {
  const child = start(['--port', '0', ...args], env)
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    // Gone before its directory is taken away.
    await once(child, 'close')
  })
  const output = collect(child)
  const [line] = (await Promise.race([
    once(child.stdout ?? child, 'data'),
    once(child, 'close').then(() => {
      throw new Error(`it ended at once: ${output.stderr()}`)
    }),
  ])) as [Buffer]
  const url = /http:\/\/[^/\s]+/.exec(line.toString())?.[0] ?? ''
  const post = (path: string, content: Json = {}): Promise<Answer> =>
    send(url + path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) })
  const call = (operation: string, content: Json): Promise<Answer> => {
    const text = JSON.stringify(content)
    return send(`${url}/open-platform-api/pay/${operation}`, { headers: { 'content-type': 'application/json', appKey: demo.appKey, sign: sign(demo, text) }, body: text })
  }
  return { child, output, url, post, call, get: (path: string): Promise<Answer> => send(url + path, { method: 'GET' }) }
}

/* What it says before it serves. */

/** What is refused is refused alike on every Node.js: where all is run again on another, once is enough. */
const onceIsEnough = { skip: process.env['TEST_BRIEF'] !== undefined }

await t.test('--version and --help', async (t) => {
  const version = await run(['--version'])
  t.match(version.stdout.trim(), VERSION)
  t.equal(version.code, 0)
  const help = await run(['--help'])
  t.equal(help.code, 0)
  for (const word of ['serve', '--port', '--clock', 'QLINK_NOTIFY_URL', '--config', 'default 4800']) t.ok(help.stdout.includes(word), word)
})

await t.test('everything that is wrong is said at once, each in one line, and the exit code is 2', onceIsEnough, async (t) => {
  const dir = directory(t, { 'config.yaml': 'prot: 1\nclock: sometimes\nhttp-status: semantic\nbody-limit: lots\n' })
  const { code, stdout, stderr } = await run(
    ['serve', '--prot', '5', '--port', 'many', '--now', 'soon', '--notify-url', 'shop', '--seed', '--config', join(dir, 'config.yaml')],
    { QLINK_TIMEZONE: 'UTC', QLINK_TIME_ZONE: 'Asia/Nowhere', QLINK_RESPONSE_FORMAT: 'xml', QLINK_BASE_URL: 'set by exec, and fine' },
  )
  t.equal(code, 2)
  t.equal(stdout, '')
  const lines = stderr.trim().split('\n')
  const expected = [
    /^qlink-sandbox: the option --prot is not known; did you mean --port\?$/,
    /^qlink-sandbox: the environment variable QLINK_TIMEZONE is not known; did you mean QLINK_TIME_ZONE\?$/,
    /^qlink-sandbox: the configuration file .*config\.yaml has an unknown setting prot; did you mean port\?$/,
    /^qlink-sandbox: --port must be a whole number from 0 to 65535, but is "many"$/,
    /^qlink-sandbox: --now must be a time such as 2026-01-01 00:00:00 or .*, but is "soon"$/,
    /^qlink-sandbox: --notify-url must be an http or https URL such as .*, but is "shop"$/,
    /^qlink-sandbox: --seed needs a value$/,
    /^qlink-sandbox: clock in the configuration file must be real, manual or a rate from 0\.001x to 1000000x such as 60x, but is "sometimes"$/,
    /^qlink-sandbox: body-limit in the configuration file must be a whole number .*, but is "lots"$/,
    /^qlink-sandbox: QLINK_TIME_ZONE must be a time zone such as Asia\/Shanghai, but is "Asia\/Nowhere"$/,
    /^qlink-sandbox: QLINK_RESPONSE_FORMAT must be documented or envelope, but is "xml"$/,
  ]
  for (const line of expected) t.ok(lines.some((one) => line.test(one)), String(line))
  t.equal(lines.length, expected.length, stderr)
})

await t.test('schedule shows the retry presets, and the plan of one', onceIsEnough, async (t) => {
  const presets = await run(['schedule'])
  t.equal(presets.code, 0)
  t.equal(presets.stderr, '')
  t.match(presets.stdout, /^preset +attempts .*\nqlink +11 /)
  t.match(presets.stdout, /^standard-webhooks +10 +3d 3h 35m 5s +410: no retry; .* https:/m)
  const plan = await run(['schedule', '15s,3m', '--from', '2026-01-01 00:00:00', '--time-zone', 'UTC'])
  t.equal(plan.stdout, [
    'attempt  wait  since the first  UTC',
    '1              0s               2026-01-01 00:00:00',
    '2        15s   15s              2026-01-01 00:00:15',
    '3        3m    3m 15s           2026-01-01 00:03:15',
    '',
  ].join('\n'))
  const json = await run(['schedule', 'once', '--json'], { QLINK_TIME_ZONE: 'UTC' })
  t.match(JSON.parse(json.stdout), { name: 'once', attempts: 1, plan: [{ number: 1, at: /\+00:00$/ }] })
  t.match((await run(['--help'])).stdout, /^ +schedule /m)
})

await t.test('scenarios check and record, as commands', onceIsEnough, async (t) => {
  const dir = directory(t, { 'bad.yaml': 'name: bad\ntimelime: []\n' })
  const good = await run(['scenarios', 'check'])
  t.match(good.stdout, /^\d+ scenarios are in order\n$/)
  t.equal(good.code, 0)
  const bad = await run(['scenarios', 'check', '--scenarios', dir])
  t.equal(bad.stdout, `${join(dir, 'bad.yaml')}:2:1: timelime is not known here; did you mean timeline?\n`)
  t.equal(bad.code, 1)
  const sandbox = await serve(t, ['--data', 'memory'])
  await sandbox.call('apply', application({ tradeUuid: 'one' }))
  const recorded = await run(['scenarios', 'record', 'tradeUuid:one', '--url', sandbox.url, '--name', 'mine'])
  t.match(recorded.stdout, /^# yaml-language-server: .*\nname: mine\n/)
  t.equal(recorded.code, 0)
  t.equal((await run(['scenarios', 'record', 'two', '--url', sandbox.url])).code, 1)
})

const unusable: Record<string, [string[], RegExp]> = {
  'a retry preset that does not exist': [['schedule', 'standard-webhook'], /^qlink-sandbox: the schedule must be a retry preset \(did you mean standard-webhooks\?\)/],
  'an option of schedule that does not exist': [['schedule', '--form', 'now'], /^qlink-sandbox: unknown option '--form' \(Did you mean --from\?\)/],
  'an option of schedule without its value': [['schedule', '--from'], /^qlink-sandbox: option '--from <time>' argument missing/],
  'a schedule in two words': [['schedule', '1s', '5s'], /^qlink-sandbox: too many arguments/],
  'a schedule for serve that does not exist': [['--notify-schedule', 'svxi'], /^qlink-sandbox: --notify-schedule must be a retry preset \(did you mean svix\?\), .*, but is "svxi"/],
  ...Object.fromEntries(['0x', '-1x', '60', 'x', '1e9x', '1000001x'].map((clock) => [
    `a clock ${clock}`,
    [['--clock', clock], new RegExp(`^qlink-sandbox: --clock must be real, manual or a rate from 0\\.001x to 1000000x such as 60x, but is "${clock}"\\n$`)],
  ])),
  'a command that does not exist': [['serv'], /"serv" is no command/],
  'a command behind options': [['--port', '0', 'exec'], /^qlink-sandbox: exec must stand first, before all options: qlink-sandbox exec\n$/],
  'a command of scenarios that does not exist': [['scenarios', 'chek'], /^qlink-sandbox: unknown command 'chek' \(Did you mean check\?\)/],
  'an option of check that does not exist': [['scenarios', 'check', '--jsno'], /^qlink-sandbox: unknown option '--jsno'/],
  'a scenario file that is not there': [['scenarios', 'check', 'nowhere.yaml'], /nowhere\.yaml: it does not exist/],
  'a bill that is not named': [['scenarios', 'record'], /^qlink-sandbox: missing required argument 'bill'/],
  'a config file that is not there': [['--config', 'nowhere.yaml'], /nowhere\.yaml cannot be read: it does not exist/],
  'fixtures that are not there': [['--fixtures', 'nowhere'], /cannot be read from nowhere\/merchants\.json: it does not exist; name a directory/],
  'a host that is not ours': [['--host', '203.0.113.7', '--data', 'memory', '--port', '0'], /203\.0\.113\.7 is no address of this machine; choose another by --host/],
}
for (const [name, [args, expected]] of Object.entries(unusable)) {
  await t.test(name, onceIsEnough, async (t) => {
    const { code, stderr } = await run(args)
    t.equal(code, 2)
    t.match(stderr, expected)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  })
}

await t.test('a port that is in use', onceIsEnough, async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const { code, stderr } = await run(['--port', String(port), '--data', 'memory', '--log-level', 'silent'])
  t.equal(code, 2)
  t.equal(stderr.trim(), `qlink-sandbox: port ${port} on 127.0.0.1 is in use; choose another by --port, or --port 0 for a free one`)
})

await t.test('bad fixtures: the file, the place inside and what was expected, all at once', onceIsEnough, async (t) => {
  const merchant = { appKey: 'k', appSecret: 's', name: 'n', notifyUrl: 'ftp://x', payAccounts: [], scenario: 'nothing', notification: { timeout: 'long' } }
  const dir = directory(t, { 'merchants.json': JSON.stringify([merchant, { ...merchant, notifyUrl: null, scenario: undefined, notification: undefined }]) })
  const { code, stderr } = await run(['--fixtures', dir])
  t.equal(code, 2)
  for (const line of ['[0].notifyUrl must be an http or https URL', '[0].scenario names "nothing"', '[0].notification.timeout must be a duration', '[1].appKey "k" is there twice']) {
    t.ok(stderr.includes(`${join(dir, 'merchants.json')}: ${line}`), line)
  }
  const other = directory(t, { 'merchants.json': '[{"appKey":"k","appSecrte":"s"}]' })
  const second = await run(['--fixtures', other])
  t.match(second.stderr, /merchants\.json: \[0\]\.appSecret is missing/)
  t.match(second.stderr, /merchants\.json: \[0\]\.appSecrte is not known here; did you mean appSecret\?/)
})

/* Serving. */

await t.test('flags beat environment beats file', onceIsEnough, async (t) => {
  const dir = directory(t, { 'config.yaml': 'time-zone: UTC\nresponseFormat: envelope\nresult-key: data\nnotify-schedule: [1s, 2s]\n' })
  const env = { QLINK_CONFIG: join(dir, 'config.yaml'), QLINK_RESULT_KEY: 'content', QLINK_DATA: 'memory', QLINK_CLOCK: 'manual' }
  const { call, get } = await serve(t, ['--result-key', 'answer', '--now', NOW], env)
  const answer = body(await call('cancel', { billCode: 'none' }))
  t.equal(answer['success'], false)
  t.strictSame(Object.keys(body(await call('queryPayAccount', { payAccount: 'account1' }))), ['success', 'message', 'answer'])
  const { clock } = body(await get('/health')) as { clock: Json }
  t.strictSame(clock, { mode: 'manual', now: '2025-08-04T13:45:21.000+00:00', rate: 0, timeZone: 'UTC' })
})

await t.test('ready is one line with the address; SIGTERM ends it with 0, and the data file is whole', async (t) => {
  const data = join(directory(t), 'qlink.json')
  const { child, output, call, url } = await serve(t, ['--data', data])
  t.match(output.stdout(), /^qlink-sandbox \d+\.\d+\.\d+ is ready: http:\/\/127\.0\.0\.1:\d+\/open-platform-api\/pay .*\n$/)
  const made = body(await call('apply', application()))
  t.equal(made['success'], true)
  child.kill('SIGTERM')
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  t.strictSame([code, signal], [0, null])
  t.notOk(output.stderr().includes(demo.appSecret), 'no secret in the log')
  t.notMatch(output.stderr(), /[0-9a-f]{40}/, 'no signature in the log')
  await t.rejects(send(`${url}/health`, { method: 'GET' }), /ECONNREFUSED/)
  const again = await serve(t, ['--data', data])
  t.equal(list(JSON.parse((await again.call('getPayStatus', { billCodeList: [String(made['billCode'])] })).text)).length, 1)
  again.child.kill('SIGINT')
  t.strictSame(await once(again.child, 'close'), [0, null])
})

await t.test('a clock with a rate says so when it is ready; the log is JSON, or lines to read where they are asked for', async (t) => {
  for (const [format, expected] of [
    ['auto', /^\{"level":30,.*"at":"20\d\d-[^"]+","billCode":"\w+",.*"event":"apply".*"msg":"bill applied: 1\.1 IDR, scenario wait-for-customer"\}$/m],
    ['pretty', /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d {2}bill applied: 1\.1 IDR, scenario wait-for-customer {2}billCode=\w+ tradeUuid=[\w-]+ appKey=demo-app-key$/m],
  ] as const) {
    const { child, output, call } = await serve(t, ['--data', 'memory', '--clock', '60.0x', '--log-format', format])
    t.match(output.stdout(), / · clock: 60x, 20\d\d-\d\d-\d\dT[\d:.]+\+08:00\n$/)
    await call('apply', application())
    child.kill('SIGTERM')
    await once(child, 'close')
    t.match(output.stderr(), expected)
  }
})

await t.test('SIGTERM while a merchant hangs: it ends in time, and delivers after the next start', async (t) => {
  const data = join(directory(t), 'qlink.json')
  let arrived: () => void = () => undefined
  const asked = new Promise<void>((resolve) => (arrived = resolve))
  const hanging = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      arrived()
    })
  }).listen(0, '127.0.0.1')
  await once(hanging, 'listening')
  const { port } = hanging.address() as { port: number }
  const first = await serve(t, ['--data', data, '--notify-url', `http://127.0.0.1:${port}`])
  const { billCode } = body(await first.call('apply', application()))
  await first.post(`/_sandbox/bills/${String(billCode)}/pay`)
  await asked
  first.child.kill('SIGTERM')
  t.strictSame(await once(first.child, 'close'), [0, null])
  hanging.close()
  const stored = JSON.parse(readFileSync(data, 'utf8')) as { bills: Record<string, { notifications: { attempts: unknown[] }[] }> }
  t.strictSame(stored.bills[String(billCode)]?.notifications[0]?.attempts, [], 'what was broken off is no attempt')
  const shop = await endpoint(t)
  await serve(t, ['--data', data, '--notify-url', shop.url])
  t.hasStrict(payload(await shop.next()), { billCode, status: 'PAY_SUCCESS' })
})

await t.test('kill -9 while deliveries are due: the next start sends them, and bills are as they were answered', async (t) => {
  const data = join(directory(t), 'qlink.json')
  const down = await endpoint(t, { status: 503 })
  const first = await serve(t, ['--data', data, '--notify-url', down.url])
  const bills = await Promise.all(Array.from({ length: 5 }, async () => body(await first.call('apply', application()))))
  const codes = bills.map((bill) => String(bill['billCode']))
  for (const code of codes.slice(0, 3)) await first.post(`/_sandbox/bills/${code}/pay`)
  for (let told = 0; told < 3; told++) await down.next()
  first.child.kill('SIGKILL')
  await once(first.child, 'close')
  const shop = await endpoint(t)
  // The manual clock stands at the last record, with the second attempts 15 seconds ahead.
  const second = await serve(t, ['--data', data, '--notify-url', shop.url, '--clock', 'manual'])
  const states = list(JSON.parse((await second.call('getPayStatus', { billCodeList: codes })).text)).map((one) => one['status'])
  t.strictSame(states, ['PAY_SUCCESS', 'PAY_SUCCESS', 'PAY_SUCCESS', 'PAY_WAIT', 'PAY_WAIT'])
  await second.post('/_sandbox/clock/advance', { by: '1m' })
  t.strictSame(shop.told.map((one) => String(payload(one)['billCode'])).sort(), codes.slice(0, 3).sort())
})

await t.test('a second process on the same data file is refused in a sentence, and has its turn when the first is gone', async (t) => {
  const data = join(directory(t), 'qlink.json')
  const first = await serve(t, ['--data', data])
  const made = body(await first.call('apply', application()))
  const { code, stdout, stderr } = await run(['--port', '0', '--data', data])
  t.equal(code, 2)
  t.equal(stdout, '')
  t.equal(stderr.trim(), `qlink-sandbox: the data file ${data} is in use by process ${first.child.pid}; stop that one, or choose another file by --data (if nothing runs, remove ${data}.lock)`)
  first.child.kill('SIGKILL')
  await once(first.child, 'close')
  const second = await serve(t, ['--data', data])
  t.equal(list(JSON.parse((await second.call('getPayStatus', { billCodeList: [String(made['billCode'])] })).text)).length, 1)
})
