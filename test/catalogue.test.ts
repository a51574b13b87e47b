// The files of scenarios: what is said of those that cannot be used, how changes are followed, and how a bill becomes one.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { pino } from 'pino'
import t from 'tap'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { startApp } from '../src/app.ts'
import { checkScenarios, recordBill } from '../src/commands/scenarios.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { startSandbox } from '../src/index.ts'
import { WatchedScenarios } from '../src/load/watched-scenarios.ts'
import { scenarioJsonSchemaText } from '../src/scenario/json-schema.ts'
import { parseScenario } from '../src/scenario/parse.ts'
import { application, body, demo, directory, endpoint, items, list, object, open, send, string, type Gate, type Json } from './helpers/blackbox.ts'

const said = (text: string): string => parseScenario(`name: x\n${text}\n`, 'x.yaml', 'x').problems?.join('\n') ?? 'in order'

/* What can never happen, and what can. */

const never: Record<string, [string, RegExp]> = {
  'a failure after a payment': ['timeline:\n- { after: 1s, become: PAY_SUCCESS }\n- { after: 2s, become: PAY_FAIL, errorCode: X }', /^x\.yaml:4:16: timeline\[1\]\.become can never happen: the bill is PAY_SUCCESS by then, which does not become PAY_FAIL$/],
  'the order of time counts, not that of lines': ['timeline:\n- { after: 2s, become: PAY_CANCEL }\n- { after: 1s, become: PAY_SUCCESS }', /:3:16: timeline\[0\]\.become can never happen/],
  'two steps to one state': ['timeline:\n- { after: 1s, become: PAY_SUCCESS }\n- { after: 1s, from: previous, become: PAY_SUCCESS }', /timeline\[1\]\.become can never happen/],
  'what follows is not reported again': ['timeline:\n- { after: 1s, become: PAY_CANCEL }\n- { after: 2s, become: PAY_CANCEL }\n- { after: 1s, from: previous, become: PAY_SUCCESS }', /^x\.yaml:4:16: .*$/],
  'by queries': ['timeline:\n- { afterQueries: 2, become: PAY_SUCCESS }\n- { afterQueries: 3, become: PAY_SUCCESS }', /timeline\[1\]\.become can never happen/],
  'queries that are all refused': ['on: { getPayStatus: [{ refuse: busy }] }\ntimeline: [{ afterQueries: 2, become: PAY_SUCCESS }]', /timeline\[0\]\.afterQueries can never be reached/],
  'a decline, then a cancel': ['on: { apply: [{ fault: hang, effect: none }, { decline: X }] }\ntimeline: [{ after: 1s, become: PAY_CANCEL }]', /:3:25: timeline\[0\]\.become can never happen: the bill is PAY_FAIL/],
  'a decline, then from cancel': ['on: { apply: [{ decline: X }] }\ntimeline: [{ after: 1s, from: cancel, become: PAY_SUCCESS }]', /timeline\[0\]\.from can never happen: the bill is declined at once/],
  'from a cancel that always fails': ['on: { cancel: [{ answer: FAIL, errorCode: X }, { refuse: no }] }\ntimeline: [{ after: 1s, from: cancel, become: PAY_SUCCESS }]', /timeline\[0\]\.from can never happen: no entry of on\.cancel takes the cancel/],
  'a failure after a cancel that was done at once': ['timeline: [{ after: 1s, from: cancel, become: PAY_FAIL, errorCode: X }]', /timeline\[0\]\.become can never happen: .*; let on\.cancel answer WAIT$/],
  'a life of what is never born': ['on: { apply: [{ refuse: no }] }\nnotifications: [{ copies: 2 }]\ntimeline: [{ after: 1s, become: PAY_SUCCESS }]', /:4:1: timeline can never happen: no entry of on\.apply makes a bill.*\n.*:3:1: notifications can never happen/],
  'a rule behind one for all': ['notifications: [{ delay: 1s }, { when: PAY_FAIL }]', /:2:34: notifications\[1\]\.when can never be reached: notifications\[0\] takes PAY_FAIL already/],
  'a rule for all behind one for each': ['notifications: [{ when: PAY_FAIL }, { when: PAY_SUCCESS }, { when: PAY_CANCEL }, {}]', /notifications\[3\] can never be reached/],
  'a decline without effect': ['on: { apply: [{ fault: hang, effect: none, decline: X }, {}] }', /on\.apply\[0\]\.decline does not go with effect: none/],
}
for (const [name, [text, expected]] of Object.entries(never)) {
  await t.test(`never: ${name}`, async (t) => {
    t.match(said(text), expected)
  })
}

await t.test('what can happen in some run is not refused', async (t) => {
  for (const text of [
    'timeline: [{ after: 3s, become: PAY_FAIL, errorCode: X }, { after: 1s, from: previous, become: PAY_SUCCESS }]',
    // The expiry may be set to come first, and late successes follow it.
    'timeline: [{ after: 49h, become: PAY_SUCCESS }]',
    'timeline: [{ after: 49h, become: PAY_FAIL, errorCode: X }]',
    // Whichever the seed has first.
    'timeline: [{ after: { min: 1s, max: 3s }, become: PAY_SUCCESS }, { after: { min: 2s, max: 4s }, become: PAY_CANCEL }]',
    'timeline: [{ after: 1s, become: PAY_SUCCESS }, { afterQueries: 1, become: PAY_CANCEL }]',
    // The merchant may cancel before the payment; what counts from the cancel comes all the same.
    'timeline: [{ after: 1s, become: PAY_SUCCESS }, { after: 1s, from: cancel, become: PAY_SUCCESS }]',
    'on: { cancel: [{ answer: FAIL, errorCode: X }, { answer: WAIT }] }\ntimeline: [{ after: 1s, from: cancel, become: PAY_FAIL, errorCode: X }, { after: 2s, from: cancel, become: PAY_SUCCESS }]',
    'on: { apply: [{ refuse: busy }, {}] }\ntimeline: [{ after: 1s, become: PAY_CANCEL }]',
    'on: { apply: [{ decline: X }] }\ntimeline: [{ after: 1s, become: PAY_SUCCESS }, { after: 2s, notify: { status: PAY_FAIL } }]',
    'on: { apply: [{ decline: X }, {}] }\ntimeline: [{ after: 1s, become: PAY_CANCEL }]',
    'timeline: [{ after: 1s, from: previous, become: PAY_SUCCESS }]',
    'notifications: [{ when: PAY_FAIL }, {}]',
  ]) t.equal(said(text), 'in order', text)
})

/* Matches. */

const unmatched: Record<string, RegExp> = {
  '{ amount: 0 }': /:2:10: match\.amount fits no request: an amount is more than 0, but this is 0/,
  '{ amount: [1, "0.00"] }': /match\.amount\[1\] fits no request/,
  '{ amount: -1 }': /more than 0, but this is -1/,
  '{ amount: { gt: 5, lt: 5 } }': /no amount lies between these bounds/,
  '{ amount: { lt: 0.01 }, currency: IDR }': /no amount lies between/,
  '{ amount: { gt: 1, lt: "1.00001" } }': /no amount lies between/,
  '{ amount: { lte: -3 } }': /no amount lies between/,
  '{ amount: 1.001, currency: [IDR, VND] }': /it has 3 fraction digits, and ISO 4217 gives IDR or VND at most 2/,
  '{ amount: "123456789012345678901" }': /has 21 digits before the point, and an amount at most 20/,
  '{ currency: idr }': /match\.currency fits no request: .* is "idr"; did you mean IDR\?/,
  '{ currency: "Q*" , amount: 1.00001 }': /1\.00001|has 5 fraction digits/,
  '{ country: IDN }': /match\.country fits no request/,
  '{ source: [QERP_CN, QERP] }': /match\.source\[1\] fits no request: it must be QERP_CN or QERP_ASIA/,
  '{ orderCode: "" }': /match\.orderCode fits no request: it is empty/,
  [`{ payAccount: "${'x'.repeat(65)}" }`]: /takes 65 characters, and the field has at most 64/,
  '{}': /:2:1: match is empty; leave it out, or give it appKey, /,
  '{ amount: { gle: 3 } }': /match\.amount\.gle is not known here; did you mean gte\?/,
  '{ amount: [1, x] }': /match\.amount\[1\] must be an amount such as 1\.10, but is "x"/,
}
await t.test('a match that no request fits', async (t) => {
  for (const [match, expected] of Object.entries(unmatched)) t.match(said(`match: ${match}`), expected, match)
  for (const match of [
    '{ amount: { lt: 0.02 }, currency: IDR }', '{ amount: "1.500" }', '{ amount: 5, currency: VND }', '{ amount: { gt: 0 } }', '{ amount: { gte: 1, lte: 1 } }', '{ amount: 1.0001 }',
    '{ currency: "I*", country: "?D" }', '{ source: "" }', '{ source: "*_CN" }', '{ description: "" }', `{ payAccount: "${'*'.repeat(70)}" }`,
  ]) t.equal(said(`match: ${match}`), 'in order', match)
})

await t.test('unknown keys at every depth, and what YAML can do', async (t) => {
  const cases: [string, RegExp][] = [
    ['on: {}', /:2:1: on is empty; leave it out, or give it queryPayAccount, apply, getPayStatus or cancel/],
    ['on: { aply: [{}] }', /:2:7: on\.aply is not known here; did you mean apply\?/],
    ['on: { apply: [{ delay: { mim: 1s, max: 2s } }] }', /:2:26: on\.apply\[0\]\.delay\.mim is not known here; did you mean min\?/],
    ['on: { apply: [{ delay: { min: 1s, max: soon } }] }', /on\.apply\[0\]\.delay\.max must be a duration/],
    ['timeline: [{ after: 1s, notify: { copeis: 2 } }]', /timeline\[0\]\.notify\.copeis is not known here; did you mean copies\?/],
    ['notifications: [{ lsoe: all }]', /notifications\[0\]\.lsoe is not known here; did you mean lose\?/],
    ['description: &a x', /:2:14: anchors and aliases \(& and \*\) are not allowed/],
    ['match: { orderCode: &a [b], tradeUuid: *a }', /:2:21: anchors.*\n.*:2:40: anchors/],
    ['description: !!js/function x', /:2:14: tags such as !!js\/function are not allowed/],
    ['description: !mine x', /tags such as !mine/],
    ['---\nname: y', /:2:1: a second document begins here/],
    ['? [a]\n: 1', /:2:3: a key must be a plain text/],
    ['a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]', /anchors and aliases/],
    ['__proto__: { a: 1 }', /__proto__ is not known here/],
  ]
  for (const [text, expected] of cases) t.match(said(text), expected, text)
  t.match(parseScenario('name: x\n', 'My File.yaml', 'My File').problems?.[0], /the file is called "My File", which is no scenario's name: use lower-case letters/)
})

/* The command. */

await t.test('scenarios check', async (t) => {
  const dir = directory(t, { 'good.yaml': 'name: good\n', 'bad.yaml': 'name: bad\ntimelime: []\nmatch: { amount: 0 }\n', 'latin.yaml': 'name: latin\ndescription: x\n', 'empty': {}, 'twice': { 'a.yaml': 'name: a\n', 'a.json': '{"name":"a"}' } })
  writeFileSync(join(dir, 'latin.yaml'), Buffer.concat([Buffer.from('name: latin\ndescription: '), Buffer.from([0xe9])]))
  const check = (paths: string[], options = {}, env = {}) => checkScenarios(paths, options, env)
  t.match(await check([]), { code: 0, stdout: /^\d+ scenarios are in order\n$/, stderr: '' })
  t.match(await check([], {}, { QLINK_SCENARIOS: join(dir, 'twice') }), { code: 1, stdout: /a\.json has the same name/ })
  t.match(await check([], { scenarios: join(dir, 'twice') }, { QLINK_SCENARIOS: 'nowhere' }), { code: 1 }, 'an option stands over its variable')
  t.strictSame(await check([join(dir, 'good.yaml')]), { code: 0, stdout: '1 scenario is in order\n', stderr: '' })
  const bad = await check([join(dir, 'bad.yaml'), join(dir, 'latin.yaml'), join(dir, 'good.yaml')])
  t.equal(bad.code, 1)
  t.strictSame(bad.stdout.trim().split('\n').map((line) => line.slice(dir.length + 1)), [
    'bad.yaml:2:1: timelime is not known here; did you mean timeline?',
    'latin.yaml:2:14: it is not UTF-8; save it as UTF-8',
  ])
  t.match(await check([join(dir, 'twice')]), { code: 1, stdout: /a\.yaml: a\.json has the same name; take one of the two away\n/ })
  t.equal((await check([join(dir, 'twice', 'a.yaml'), join(dir, 'twice', 'a.json')])).code, 0, 'files that are named one by one need not live together')
  const json = await check([join(dir, 'bad.yaml')], { json: true })
  t.match(JSON.parse(json.stdout), { ok: false, files: 1, problems: [/bad\.yaml:2:1: /] })
  t.equal(json.code, 1)
  const cases: [string, RegExp][] = [
    ['nowhere', /nowhere: it does not exist/],
    ['nowhere.yaml', /nowhere\.yaml: it does not exist/],
    ['empty', /there is no scenario file in .*empty; they end in \.yaml, \.yml or \.json/],
    ['link.yaml', /link\.yaml: it is a link to what does not exist/],
    ['.', /dir\.yaml: it is a directory/],
  ]
  symlinkSync('nothing', join(dir, 'link.yaml'))
  mkdirSync(join(dir, 'dir.yaml'))
  for (const [path, expected] of cases) t.match(await check([join(dir, path)]), { code: 2, stderr: expected }, path)
  writeFileSync(join(dir, 'big.yaml'), Buffer.alloc(10 * 1024 * 1024))
  t.match(await check([join(dir, 'big.yaml')]), { code: 1, stdout: /big\.yaml: it is 10485760 bytes long; at most 1048576 are read/ })
})

/* The JSON Schema. */

await t.test('the JSON Schema: shipped as the code has it, fitted by every shipped file, with a description of everything', async (t) => {
  const file = readFileSync(new URL('../schemas/scenario.json', import.meta.url), 'utf8')
  t.equal(file, scenarioJsonSchemaText(), 'npm run build writes it anew')
  const gate = await open(t)
  const served = await gate.control('GET', '/schemas/scenario.json')
  t.strictSame(body(served), JSON.parse(file))
  const fits = new Ajv({ strict: false }).compile(JSON.parse(file) as object)
  const folder = new URL('../scenarios/', import.meta.url)
  for (const name of readdirSync(folder)) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    t.ok(text.startsWith('# yaml-language-server: $schema=../schemas/scenario.json\n'), `${name} names the schema`)
    t.ok(fits(parse(text)), name)
  }
  for (const wrong of [{}, { name: 'A' }, { name: 'a', timelime: [] }, { name: 'a', timeline: [{ after: 'soon', become: 'PAY_SUCCESS' }] }, { name: 'a', on: { apply: [{ fault: 'rain' }] } }]) t.notOk(fits(wrong), JSON.stringify(wrong))
  const bare: string[] = []
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, entry] of Object.entries((value as { properties?: Record<string, Json> }).properties ?? {})) {
      if (typeof entry['description'] !== 'string') bare.push(`${path}.${key}`)
    }
    for (const [key, entry] of Object.entries(value)) walk(entry, `${path}/${key}`)
  }
  walk(JSON.parse(file), '')
  t.strictSame(bare, [])
  t.notOk(file.includes('x-expected'))
})

/* Through the control API. */

await t.test('scenarios are put as YAML or JSON, and what is wrong is said', async (t) => {
  const gate = await open(t)
  const put = (name: string, text: string, type = 'application/yaml') => gate.control('PUT', `/scenarios/${name}`, text, { 'content-type': type })
  t.equal((await put('one', 'name: one\ntimeline:\n  - { after: 1s, become: PAY_SUCCESS }\n')).status, 200)
  t.equal((await put('one', '{"name":"one"}', 'application/json')).status, 200)
  t.strictSame(body(await gate.control('GET', '/scenarios/one')), { name: 'one' }, 'the later in the place of the earlier')
  t.match(body(await put('two', 'name: one\n')), { status: 422, detail: 'the body:1:1: name must be "two", as the path says, but is "one"' })
  t.match(body(await put('TWO', 'name: two\n')), { status: 422, detail: /the path says "TWO", which is no scenario's name/ })
  t.match(body(await put('two', '')), { status: 422, errors: [/the scenario must be an object/] })
  t.equal((await gate.control('DELETE', '/scenarios/pay-after-3s')).status, 409)
  t.equal((await gate.control('DELETE', '/scenarios/nothing')).status, 404)
  t.equal((await gate.control('DELETE', '/scenarios/one')).status, 204)
  const { paths } = body(await send(`${gate.url}/openapi.json`, { method: 'GET' })) as { paths: Record<string, Record<string, { requestBody?: { content: object } }>> }
  t.strictSame(Object.keys(paths['/_sandbox/scenarios/{name}']?.['put']?.requestBody?.content ?? {}).sort(), ['application/json', 'application/yaml'])
  t.match(paths['/_sandbox/bills/{id}/scenario']?.['get'], { responses: { 200: { content: { 'application/yaml': {} } } } })
})

/* Files that change. */

await t.test('files are followed: new, changed, broken, mended, renamed over, gone', async (t) => {
  const dir = directory(t, { 'a.yaml': 'name: a\ndescription: first\n', 'pay-after-3s.yaml': 'name: pay-after-3s\ndescription: ours\n' })
  const lines: { level: number; msg: string }[] = []
  const logger = pino({ level: 'info', base: null }, { write: (line: string) => lines.push(JSON.parse(line) as { level: number; msg: string }) })
  const app = await startApp(await resolveSettings({ given: { port: 0, data: 'memory', clock: 'manual', scenarios: dir }, spell: (name) => name, env: {} }), { logger })
  t.teardown(() => app.close())
  const get = async (path: string): Promise<Json> => body(await send(`${app.url}/_sandbox${path}`, { method: 'GET' }))
  const now = async (): Promise<{ names: unknown[]; problems: unknown }> => {
    const { items: all, problems } = await get('/scenarios')
    return { names: list(all).map(({ name }) => name), problems }
  }
  const save = (name: string, text: string): void => {
    writeFileSync(join(dir, name), text)
  }
  const errors = (): string[] => lines.filter(({ level }) => level >= 50).map(({ msg }) => msg)
  const begun = await now()
  t.strictSame(begun.problems, [])

  save('b.yaml', 'name: b\n')
  save('.b.yaml.swp', 'not one')
  t.ok((await now()).names.includes('b'), 'a new one')
  save('a.yaml', 'name: a\ndescription: other\n')
  t.equal((await get('/scenarios/a'))['description'], 'other', 'a changed one, of the same length')
  save('a.yaml', 'name: a\ndescription: [\n')
  const broken = await now()
  t.match(broken.problems, [new RegExp(`^${join(dir, 'a.yaml')}:\\d+:\\d+: not YAML`)])
  t.equal((await get('/scenarios/a'))['description'], 'other', 'of a broken one the last good version stays')
  await now()
  t.equal(errors().length, 1, 'said once')
  t.match(errors()[0], /a\.yaml:\d+:\d+: not YAML.*what was good before stays/)

  save('a.yaml.tmp', 'name: a\ndescription: atomic\n')
  renameSync(join(dir, 'a.yaml.tmp'), join(dir, 'a.yaml'))
  t.equal((await get('/scenarios/a'))['description'], 'atomic', 'renamed over the old one, as editors do')
  t.strictSame((await now()).problems, [])
  save('a.json', '{"name":"a"}')
  t.match((await now()).problems, [/a\.yaml: a\.json has the same name/])
  unlinkSync(join(dir, 'a.json'))
  unlinkSync(join(dir, 'b.yaml'))
  unlinkSync(join(dir, 'pay-after-3s.yaml'))
  t.notOk((await now()).names.includes('b'), 'a file that is gone takes its scenario with it')
  t.match((await get('/scenarios/pay-after-3s'))['description'], /three seconds/, 'and the shipped one of its name is there again')

  rmSync(dir, { recursive: true })
  const gone = await now()
  t.ok(gone.names.includes('a'), 'the last good set stays')
  t.match(gone.problems, [/cannot be read from .*: it does not exist/])
  mkdirSync(dir)
  save('c.yaml', 'name: c\n')
  const back = await now()
  t.strictSame(back.problems, [])
  t.ok(back.names.includes('c') && !back.names.includes('a'))
})

await t.test('changes are seen without being asked for, and nothing is left when it closes', async (t) => {
  const dir = directory(t, { 'a.yaml': 'name: a\n' })
  const watched = await WatchedScenarios.open(dir)
  const seen = new Promise<readonly string[]>((resolve) => {
    watched.follow(({ scenarios }) => {
      resolve(scenarios.map(({ name }) => name))
    })
  })
  // The timer keeps no process alive; something else has to.
  const alive = setInterval(() => undefined, 1000)
  writeFileSync(join(dir, 'b.yaml'), 'name: b\n')
  t.strictSame(await seen, ['a', 'b'])
  clearInterval(alive)
  await watched.close()
  writeFileSync(join(dir, 'c.yaml'), 'name: c\n')
  await watched.look()
  t.equal(watched.found.scenarios.length, 2, 'it looks no more')
  t.notOk(process.getActiveResourcesInfo().includes('FSEventWrap'))
})

await t.test('a bill keeps the scenario that it was made with', async (t) => {
  const dir = directory(t, { 'mine.yaml': 'name: mine\ntimeline: [{ after: 2s, become: PAY_SUCCESS }]\n' })
  const gate = await open(t, { scenarios: dir })
  const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: 'mine' } })
  writeFileSync(join(dir, 'mine.yaml'), 'name: mine\ntimeline: [{ after: 2s, become: PAY_CANCEL }]\n')
  await gate.control('GET', '/scenarios')
  const later = await gate.bill(demo, { metadata: { qlinkScenario: 'mine' } })
  await gate.advance('2s')
  t.equal((await gate.status(demo, billCode))['status'], 'PAY_SUCCESS')
  t.equal((await gate.status(demo, later.billCode))['status'], 'PAY_CANCEL')
  unlinkSync(join(dir, 'mine.yaml'))
  await gate.control('GET', '/scenarios')
  const gone = body(await gate.call('apply', application({ metadata: { qlinkScenario: 'mine' } })))
  t.match(gone['message'], /names the scenario "mine", which does not exist/)
})

await t.test('a start does not begin with less than was asked for', async (t) => {
  await t.rejects(startSandbox({ scenarios: directory(t, { 'a.yaml': 'name: b\n' }) }), /a\.yaml:1:1: name must be "a"/)
})

/* Recording. */

/** What the merchant and others do with a bill, and when: milliseconds after its application. */
type Doing = (gate: Gate, billCode: string) => Promise<unknown>
interface Story { scenario?: Json; merchant?: [number, Doing][]; others?: [number, Doing][]; until?: number }

const cancels: Doing = (gate, billCode) => gate.cancel(demo, billCode)
const asks: Doing = (gate, billCode) => gate.status(demo, billCode)
const by = (move: string, content: Json = {}): Doing => (gate, billCode) => gate.must(billCode, move, content)

const stories: Record<string, Story> = {
  'paid by hand': { others: [[90_500, by('pay')]] },
  'failed by hand': { others: [[3000, by('fail', { errorCode: 'ISSUER_UNAVAILABLE' })]] },
  'a late success by hand': { others: [[3000, by('fail')], [7_200_000, by('pay', { late: true })]] },
  'expired': { until: 172_900_000 },
  'expired by hand, then paid': { others: [[1000, by('expire')], [2000, by('pay', { late: true })]] },
  'paid after the expiry': { others: [[172_800_500, by('pay', { late: true })]], until: 172_900_000 },
  'declined': { scenario: { on: { apply: [{ decline: 'INSUFFICIENT_BALANCE' }] } } },
  'declined, then paid': { scenario: { on: { apply: [{ decline: 'INSUFFICIENT_BALANCE' }] }, timeline: [{ after: '5s', become: 'PAY_SUCCESS' }] } },
  'cancelled by the provider': { others: [[1234, by('cancel')]] },
  'cancelled, waiting, then paid': { scenario: { on: { cancel: [{ answer: 'WAIT' }] }, timeline: [{ after: '2s', from: 'cancel', become: 'PAY_SUCCESS' }] }, merchant: [[1500, cancels]] },
  'cancelled, waiting, then paid by what counts from the application': { scenario: { on: { cancel: [{ answer: 'WAIT' }] }, timeline: [{ after: '9s', become: 'PAY_SUCCESS' }] }, merchant: [[1500, cancels]] },
  'cancelled, waiting, then asked again': { scenario: { on: { cancel: [{ answer: 'WAIT' }, { answer: 'SUCCESS' }] } }, merchant: [[1500, cancels], [4000, cancels]] },
  'cancelled, then a late success': { scenario: { timeline: [{ after: '2s', from: 'cancel', become: 'PAY_SUCCESS' }] }, merchant: [[1000, cancels]] },
  'cancelled, then a late success by hand': { merchant: [[1000, cancels]], others: [[61_000, by('pay', { late: true })]] },
  'a cancel that failed': { scenario: { on: { cancel: [{ answer: 'FAIL', errorCode: 'BUSY' }] }, timeline: [{ after: '5s', become: 'PAY_SUCCESS' }] }, merchant: [[1000, cancels]] },
  'steps at random': { scenario: { timeline: [{ after: { min: '1s', max: '9s' }, become: 'PAY_FAIL', errorCode: 'X' }, { after: { min: '1ms', max: '9s' }, from: 'previous', become: 'PAY_SUCCESS' }] } },
  'after queries': { scenario: { timeline: [{ afterQueries: 2, become: 'PAY_SUCCESS' }] }, merchant: [[1000, asks], [2500, asks]] },
  'another amount': { scenario: { timeline: [{ after: '1s', become: 'PAY_SUCCESS', amount: '1.00' }] } },
  'at once': { scenario: { timeline: [{ after: '0s', become: 'PAY_SUCCESS' }], notifications: [{ early: true, copies: 2 }] } },
  'told what is not so': { scenario: { timeline: [{ after: '2s', notify: { status: 'PAY_SUCCESS', sign: 'wrong', body: 'tampered' } }, { after: '3s', become: 'PAY_SUCCESS' }], notifications: [{ copies: 2, gap: '1s' }] } },
  'nothing': { until: 1000 },
}

const play = async (gate: Gate, scenario: string, { merchant = [], others = [], until = 0 }: Story): Promise<{ billCode: string; became: unknown[]; told: unknown[] }> => {
  const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: scenario } })
  let now = 0
  const doings = [...merchant, ...others].sort(([a], [b]) => a - b)
  for (const [at, does] of doings) {
    await gate.advance(`${at - now}ms`)
    now = at
    await does(gate, billCode)
  }
  await gate.advance(`${Math.max(until - now, 30_000)}ms`)
  const bill = body(await gate.control('GET', `/bills/${billCode}`))
  const since = (time: unknown): number => Date.parse(string(time)) - Date.parse(string(bill['createdAt']))
  const became = list(bill['timeline']).filter(({ to }) => to !== undefined).map(({ at, to, errorCode }) => [since(at), to, errorCode])
  const told = list(bill['notifications']).map((one) => [since(one['createdAt']), one['status'], list(one['attempts']).map(({ at, trigger, status }) => [since(at), trigger, status])])
  return { billCode, became: [...became, bill['status'], bill['errorCode'], bill['paidAmount']], told }
}

for (const [name, story] of Object.entries(stories)) {
  await t.test(`recorded: ${name}`, async (t: Test) => {
    const shop = await endpoint(t)
    const gate = await open(t, { notifyUrl: shop.url })
    await gate.scenario('first', story.scenario ?? {})
    const first = await play(gate, 'first', story)
    const recorded = await gate.control('GET', `/bills/${first.billCode}/scenario?name=again`)
    t.equal(recorded.status, 200)
    t.match(recorded.headers['content-type'], /yaml/)
    t.match(recorded.text, /^# yaml-language-server: \$schema=http:\S+\/_sandbox\/schemas\/scenario\.json\nname: again\ndescription: /)
    t.equal((await gate.control('PUT', '/scenarios/again', recorded.text)).status, 200, recorded.text)
    const { others: _done, ...merchantAlone } = story
    const again = await play(gate, 'again', { ...merchantAlone, until: Math.max(story.until ?? 0, ...(story.others ?? []).map(([at]) => at + 30_000)) })
    t.strictSame(again.became, first.became, recorded.text)
    t.strictSame(again.told, first.told, 'and the merchant is told the same at the same times')
  })
}

await t.test('scenarios record', async (t) => {
  const gate = await open(t, { controlToken: 'key' })
  const headers = { authorization: 'Bearer key' }
  const apply = async (): Promise<Json> => body(await gate.call('apply', application({ tradeUuid: 'mine' })))
  const { billCode } = await apply()
  const record = (bill: string, options: object = {}, env = {}) => recordBill(bill, { url: gate.url, token: 'key', ...options }, env)
  const made = await record('tradeUuid:mine', { name: 'mine' })
  t.match(made, { code: 0, stdout: /\nname: mine\n/ })
  t.match(await record(string(billCode)), { code: 0, stdout: /\nname: recorded-[a-z0-9-]+\n/ })
  t.match(await record('mine', { token: undefined }, { QLINK_CONTROL_TOKEN: 'key' }), { code: 1, stdout: '', stderr: 'qlink-sandbox: there is no bill mine\n' })
  await t.rejects(record('mine', { token: undefined }), /asks for a token: give it by --token/)
  await t.rejects(record('tradeUuid:mine', { name: 'MINE' }), /name must be a name of lower-case letters/)
  await t.rejects(record('mine', { url: 'nowhere' }), /--url must be an http or https URL/)
  const shop = await endpoint(t, { status: 200, body: 'hello' })
  await t.rejects(record('mine', { url: shop.url }), /is not a sandbox that can record \(status 200\)/)
  await shop.close()
  await t.rejects(record('mine', { url: shop.url }), new RegExp(`no sandbox answers at ${shop.url}: .*; start one, or say where it is by --url`))
  const other = object(JSON.parse((await gate.control('POST', '/merchants', {}, headers)).text)) as { appKey: string; appSecret: string }
  await gate.bill(other, { tradeUuid: 'mine' })
  await t.rejects(record('tradeUuid:mine'), /say whose by --app-key/)
  t.equal((await record('tradeUuid:mine', { appKey: other.appKey })).code, 0)
  t.equal(items(await gate.control('GET', '/bills', undefined, headers)).length, 2)
})
