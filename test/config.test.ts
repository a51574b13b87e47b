import { join } from 'node:path'
import t from 'tap'
import { directory } from './helpers/blackbox.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { startSandbox, UsageError } from '../src/index.ts'
import { closest } from '../src/nearest.ts'

const problemsOf = async (work: Promise<unknown>): Promise<readonly string[]> => {
  const error = await work.then(() => undefined, (reason: unknown) => reason)
  return error instanceof UsageError ? error.problems : [`no UsageError, but ${String(error)}`]
}
const resolve = (given: Record<string, unknown>, env: Record<string, string> = {}, config?: string) =>
  resolveSettings({ given, spell: (name) => name, env, config })

await t.test('defaults, and what stands over what', async (t) => {
  const { config } = { config: join(directory(t, { 'c.yaml': 'port: 1\nhost: file\ntime-zone: UTC\nnotifySchedule: [1s, 2s]\nbody-limit: 10\n' }), 'c.yaml') }
  t.hasStrict(await resolve({}), { port: 4800, host: '127.0.0.1', scenario: 'wait-for-customer', clock: 'real', expireAfter: '48h', notifyUrl: undefined })
  const mixed = await resolve({ port: 3 }, { PORT: '2', HOST: 'env' }, config)
  t.hasStrict(mixed, { port: 3, host: 'env', timeZone: 'UTC', notifySchedule: ['1s', '2s'], bodyLimit: 10 })
  t.hasStrict(await resolve({}, { QLINK_CONFIG: config }), { port: 1 })
  t.hasStrict(await resolve({}, { PORT: '', QLINK_NOTIFY_URL: '', QLINK_CONFIG: '' }), { port: 4800, notifyUrl: undefined }, 'an empty variable is not set')
})

await t.test('values that are read', async (t) => {
  t.hasStrict(await resolve({ basePath: '/', notifySchedule: 'none', port: '0' }), { basePath: '', notifySchedule: [], port: 0 })
  for (const [given, read] of Object.entries({ '60x': '60x', '0.50x': '0.5x', '1.0x': 'real', '1000000x': '1000000x', '0.001x': '0.001x' })) t.hasStrict(await resolve({ clock: given }), { clock: read })
  t.hasStrict(await resolve({ basePath: '/pay/v1', now: '2026-01-01T00:00:00Z', notifySchedule: '1s, PT1M' }), { basePath: '/pay/v1', notifySchedule: ['1s', 'PT1M'] })
})

const bad: Record<string, unknown[]> = {
  port: ['-1', '65536', '1.5', '', 'x', true, {}, null],
  basePath: ['pay', '/pay/', '//', '/a b', '/a?b', '/_sandbox', '/docs/pay'],
  controlToken: ['', ' x', 'täst', 'a\nb'],
  resultKey: ['', 'a b', 'success', '__proto__', '1a'],
  notifySchedule: ['1s,,2s', 'soon', [['1s'], 'x']],
  notifyTimeout: ['0s', '1', '', '11m', '100d'],
  notifyUrl: ['localhost:8080', 'ftp://x', 'http://user:pass@x/'],
  timeZone: ['', 'Nowhere', 'Asia'],
  clock: ['fast', '0x', '-1x', '60', 60, 'x', '1e9x', '1000000.1x', '0.0001x', '60X', '', ' 60x'],
  logFormat: ['xml'],
  now: ['', '2026-02-30 00:00:00', 'now'],
  host: [''],
  logLevel: ['loud'],
}
for (const [name, values] of Object.entries(bad)) {
  await t.test(`${name} that cannot be used`, async (t) => {
    for (const value of values) {
      const problems = await problemsOf(resolve({ [name]: value }))
      t.equal(problems.length, 1, JSON.stringify(value))
      t.match(problems[0], new RegExp(`^${name} (must|needs) `), JSON.stringify(value))
    }
  })
}

await t.test('secrets are not repeated', async (t) => {
  const problems = await problemsOf(resolve({ controlToken: 'geheim ', publicUrl: 'http://user:geheim@host' }))
  t.equal(problems.length, 2)
  t.notMatch(problems.join(), /geheim/)
})

await t.test('configuration files that cannot be used', async (t) => {
  const dir = directory(t, { 'list.yaml': '- port', 'broken.yaml': 'port: [', 'unknown.yaml': 'prot: 1\n', 'empty.yaml': '', 'proto.yaml': '__proto__: { port: 1 }\n' })
  const said = (file: string): Promise<readonly string[]> => problemsOf(resolve({}, {}, join(dir, file)))
  t.match((await said('list.yaml'))[0], /list\.yaml must hold settings by name/)
  t.match((await said('broken.yaml'))[0], /broken\.yaml is not YAML: /)
  t.match((await said('unknown.yaml'))[0], /unknown setting prot; did you mean port\?/)
  t.match((await said('nowhere.yaml'))[0], /nowhere\.yaml cannot be read: it does not exist/)
  t.match((await said('proto.yaml'))[0], /unknown setting __proto__/)
  t.match((await said('.'))[0], /cannot be read: it is a directory/)
  t.hasStrict(await resolve({}, {}, join(dir, 'empty.yaml')), { port: 4800 })
})

await t.test('the library says the same, by its own names', async (t) => {
  const problems = await problemsOf(startSandbox({ port: -1, httpStatus: 'sometimes' as never, clockk: 'manual' } as never))
  t.strictSame(problems, [
    'clockk is not known; did you mean clock?',
    'port must be a whole number from 0 to 65535, but is -1',
    'httpStatus must be always-200 or semantic, but is "sometimes"',
  ])
})

await t.test('the nearest name', async (t) => {
  const known = ['port', 'host', 'notifyUrl', 'tradeUuid']
  for (const [slip, meant] of Object.entries({ prot: 'port', PORT: 'port', notifyURL: 'notifyUrl', tradeUUID: 'tradeUuid', tradeUuids: 'tradeUuid', xyz: undefined, '': undefined })) {
    t.equal(closest(slip, known), meant, slip)
  }
  t.equal(closest('anything', []), undefined)
  t.equal(closest('x'.repeat(10_000), known), undefined)
})
