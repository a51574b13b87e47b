// `qlink-sandbox exec`: a sandbox beside a command; and the life-cycle coverage that it tells of at the end.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { demo, directory, object } from './helpers/blackbox.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CLI = join(ROOT, 'dist', 'cli.js')
execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--build', join(ROOT, 'tsconfig.build.json')])

const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QLINK_') && !['PORT', 'HOST', 'NODE_OPTIONS', 'NODE_V8_COVERAGE'].includes(name)))

const start = (args: string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [CLI, 'exec', ...args], { env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { said.stdout += chunk })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { said.stderr += chunk })
  // It closes when nobody holds its output any more: the command's own children neither.
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, ...said }))
  const says = async (word: string): Promise<void> => { while (!said.stdout.includes(word)) await once(child.stdout, 'data') }
  return { child, ended, says }
}
const run = (args: string[], env?: Record<string, string>) => start(args, env).ended
const node = (code: string): string[] => ['--', process.execPath, '--input-type=module', '-e', code]

/** What is refused is refused alike on every Node.js: where all is run again on another, once is enough. */
const onceIsEnough = { skip: process.env['TEST_BRIEF'] !== undefined }

const CALL = `
  import { createHash } from 'node:crypto'
  const { QLINK_BASE_URL, QLINK_APP_KEY, QLINK_APP_SECRET } = process.env
  const call = async (operation, content) => {
    const body = JSON.stringify(content)
    const sign = createHash('sha1').update(JSON.stringify({ appKey: QLINK_APP_KEY, content: body }) + QLINK_APP_SECRET).digest('hex')
    const answer = await fetch(QLINK_BASE_URL + '/' + operation, { method: 'POST', headers: { 'content-type': 'application/json', appKey: QLINK_APP_KEY, sign }, body })
    return answer.json()
  }`

await t.test('the command finds the sandbox in its environment, and standard output is its alone', async (t) => {
  const ended = await run(node(`${CALL}
    const methods = await call('queryPayAccount', { payAccount: 'account1' })
    const clock = await (await fetch(process.env.QLINK_CONTROL_URL + '/clock')).json()
    console.log(JSON.stringify({ methods: methods.length, mode: clock.mode, port: process.env.PORT, data: process.env.QLINK_DATA, argv: process.argv.slice(1) }))
  `).concat('--', '--port', '-x', '--'), { PORT: '77777', QLINK_DATA: '/nowhere/at/all.json', QLINK_LOG_LEVEL: '' })
  t.match(ended, { code: 0, signal: null })
  t.strictSame(JSON.parse(ended.stdout), { methods: 3, mode: 'real', port: '77777', data: '/nowhere/at/all.json', argv: ['--port', '-x', '--'] })
  t.match(ended.stderr, /^\nLife-cycle coverage: 2\.4 % \(2 of 82\)\n/)
})

await t.test('settings are those of serve; the keys are the demo merchant\'s, or the first of the fixtures', onceIsEnough, async (t) => {
  const fixtures = directory(t)
  writeFileSync(join(fixtures, 'merchants.json'), JSON.stringify([{ ...demo, appKey: 'first', name: 'F', notifyUrl: null, payAccounts: [] }]))
  const ended = await run(['--clock', 'manual', '--control-token', 'sesame-sesame', '--fixtures', fixtures, '--no-coverage', ...node(`
    const { QLINK_CONTROL_URL, QLINK_CONTROL_TOKEN, QLINK_APP_KEY } = process.env
    const answer = await fetch(QLINK_CONTROL_URL + '/clock', { headers: { authorization: 'Bearer ' + QLINK_CONTROL_TOKEN } })
    console.log((await answer.json()).mode, QLINK_APP_KEY)`)])
  t.match(ended, { code: 0, stdout: 'manual first\n', stderr: /^$/ })
  // A file says how the log is to be; where this sandbox is, and what it keeps, only flags say.
  const config = join(fixtures, 'config.yaml')
  writeFileSync(config, 'logLevel: info\nport: 77\ndata: /nowhere/at/all.json\n')
  t.match(await run(['--config', config, '--no-coverage', ...node('')]), { code: 0, stdout: /^$/, stderr: /^\{"level":30,.*Server listening.*\}\n$/ })
  t.match((await run(['--help'])).stdout.replace(/\s+/g, ' '), /^Usage: qlink-sandbox exec \[options\] -- COMMAND .* takes a free one \(default 0\) .* \(QLINK_LOG_LEVEL; default warn\) .*--no-coverage/)
})

await t.test('the command\'s end is exec\'s', async (t) => {
  t.match(await run(['--no-coverage', ...node('process.exit(3)')]), { code: 3, signal: null, stderr: /^$/ })
  t.match(await run(['--no-coverage', ...node('process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)')]), { code: null, signal: 'SIGTERM', stderr: /^$/ })
  t.match(await run(['--no-coverage', '--', 'no-such-command']), { code: 127, stdout: /^$/, stderr: /^qlink-sandbox: the command no-such-command is not found; .*\n$/ })
  t.match(await run(['--no-coverage', '--', join(ROOT, 'package.json')]), { code: 126, stderr: /^qlink-sandbox: the command \S+ cannot be run: it may not be executed\n$/ })
  t.match(await run(['--no-coverage', '--', join(ROOT, 'package.json', 'x')]), { code: 126, stderr: /^qlink-sandbox: the command \S+ cannot be run: its path leads through what is not a directory\n$/ })
  t.match(await run(['--no-coverage', '--', 'sh', '-c', 'kill -USR1 $$']), { code: 128 + constants.signals.SIGUSR1, stderr: /^$/ })
  const unheard = start(node('process.exit(5)'))
  unheard.child.stderr.destroy()
  t.match(await unheard.ended, { code: 5, signal: null }, 'where nobody hears of the coverage')
})

await t.test('what cannot be used is said, and the command is not run', onceIsEnough, async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /^qlink-sandbox: exec needs a command behind --, such as: qlink-sandbox exec -- npm test\n$/],
    [['--'], /^qlink-sandbox: exec needs a command behind --/],
    [['--', ''], /^qlink-sandbox: exec needs a command behind --/],
    [['npm', 'test'], /^qlink-sandbox: exec needs a command behind --/],
    [['--prot', '1', ...node('console.log(1)')], /^qlink-sandbox: the option --prot is not known; did you mean --port\?\n$/],
    [['stray', ...node('console.log(1)')], /^qlink-sandbox: "stray" is no command/],
    [['--clock', 'soon', '--coverage-threshold', '101', '--report', 'x.txt', ...node('console.log(1)')], /--coverage-threshold must be a percentage from 0 to 100, but is "101"\nqlink-sandbox: --report must name a file that ends in \.xml \(JUnit\) or \.json, but is "x\.txt"\nqlink-sandbox: --clock must be/],
    [['--coverage-threshold', ...node('console.log(1)')], /^qlink-sandbox: option '--coverage-threshold <percent>' argument missing\n$/],
    [['--scenario', 'nonesuch', ...node('console.log(1)')], /^qlink-sandbox: there is no scenario "nonesuch"/],
  ]
  for (const [args, message] of cases) t.match(await run(args), { code: 2, stdout: /^$/, stderr: message }, args.join(' '))
})

const FAMILY = `
  import { spawn } from 'node:child_process'
  const grandchild = spawn(process.execPath, ['-e', 'process.on("SIGINT", () => {}); process.stdout.write("grandchild "); setInterval(() => {}, 1000)'], { stdio: 'inherit' })
  setInterval(() => {}, 1000)`

await t.test('a signal reaches the command, and leaves no process behind', async () => {
  const { child, ended, says } = start(node(`${FAMILY}; process.on('SIGINT', () => { process.stdout.write('interrupted '); process.exit(7) })`))
  await says('grandchild')
  child.kill('SIGINT')
  const { code, stdout } = await ended
  t.equal(code, 7)
  t.equal(stdout, 'grandchild interrupted ')
})

await t.test('a signal in the command\'s first moment is for both of them', async (t) => {
  const preload = `import { ChildProcess } from 'node:child_process'
    const { spawn } = ChildProcess.prototype
    ChildProcess.prototype.spawn = function (options) { const result = spawn.call(this, options); process.kill(process.pid, 'SIGHUP'); return result }`
  const ended = await run(['--no-coverage', ...node('setTimeout(() => console.log("lived on"), 3000)')], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` })
  t.match(ended, { code: null, signal: 'SIGHUP', stdout: /^$/ })
})

await t.test('who asks twice has waited long enough', async (t) => {
  const { child, ended, says } = start(['--no-coverage', ...node(`${FAMILY}; process.on('SIGINT', () => process.stdout.write('never '))`)])
  await says('grandchild')
  child.kill('SIGINT')
  await says('never')
  child.kill('SIGINT')
  t.match(await ended, { signal: 'SIGKILL', stdout: 'grandchild never ' })
})

await t.test('coverage can be demanded, and written down', onceIsEnough, async (t) => {
  const reports = join(directory(t), 'new')
  const [junit, json] = [join(reports, 'coverage.xml'), join(reports, 'coverage.json')]
  // A suite that resets the sandbox between its tests has exercised what it has exercised.
  const suite = node(`${CALL}
    await call('apply', { payAccount: 'account1' })
    await fetch(process.env.QLINK_CONTROL_URL + '/reset', { method: 'POST' })
    await call('cancel', { billCode: 'x' })`)
  t.match(await run(['--coverage-threshold', '4.8', '--no-coverage', '--report', junit, '--report', json, ...suite]), { code: 0, stderr: /^$/ })
  const report = object(JSON.parse(readFileSync(json, 'utf8')))
  t.match(report, { covered: 4, total: 82, percent: 4.8 })
  const xml = readFileSync(junit, 'utf8')
  t.match(xml, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="qlink life-cycle coverage" tests="83" failures="0" skipped="78">\n/)
  t.equal(xml.match(/<testcase /g)?.length, 83)
  t.equal(xml.match(/<skipped /g)?.length, 78)
  t.match(xml, '<testcase classname="qlink.outcomes" name="BILL_UNKNOWN"/>')
  t.match(xml, '<skipped message="not exercised: answer 200 with {&#34;success&#34;:false}"/>')

  const short = await run(['--coverage-threshold', '50', '--report', junit, ...suite])
  t.match(short, { code: 1, stderr: /Not exercised yet, and how to:\n[^]*qlink-sandbox: the life-cycle coverage is 4\.8 % \(4 of 82\), and 50 % were asked for\n$/ })
  t.match(readFileSync(junit, 'utf8'), /<failure message="the life-cycle coverage is 4\.8 %/)
  t.match(await run(['--coverage-threshold', '50', '--no-coverage', ...node('process.exit(3)')]), { code: 3 }, 'the command\'s own failure stands')
  t.match(await run(['--no-coverage', '--report', join(CLI, 'x.json'), ...node('')]), { code: 1, stderr: /^qlink-sandbox: the report \S+ cannot be written: / })
  t.notOk(existsSync(join(ROOT, 'data')), 'nothing is kept')
})
