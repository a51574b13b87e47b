import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startSandbox, UsageError } from '../src/index.ts'
import { Catalogue } from '../src/scenario/catalogue.ts'
import { parseScenario } from '../src/scenario/parse.ts'
import type { Scenario } from '../src/scenario/schema.ts'
import { application, body, demo, directory, list, open, refused, string } from './helpers/blackbox.ts'

const shipped = readdirSync(new URL('../scenarios', import.meta.url)).map((file) => file.replace('.yaml', ''))

await t.test('paid-after-cancel: the cancel waits, then the customer has paid', async (t) => {
  const gate = await open(t)
  const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: 'paid-after-cancel' } })
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'WAIT', cancelTime: '' })
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'WAIT' }, 'asked again it says the same')
  t.equal(body(await gate.control('GET', `/bills/${billCode}`))['cancelling'], true)
  await gate.advance('2s')
  t.equal((await gate.status(demo, billCode))['status'], 'PAY_SUCCESS')
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'FAIL', errorCode: 'BILL_ALREADY_PAID' })
})

await t.test('a step is void when the merchant has cancelled before it', async (t) => {
  const gate = await open(t)
  const { billCode } = await gate.bill(demo, { metadata: { qlinkScenario: 'pay-after-3s' } })
  await gate.advance('1s')
  t.hasStrict(await gate.cancel(demo, billCode), { status: 'SUCCESS' })
  await gate.advance('10s')
  t.equal((await gate.status(demo, billCode))['status'], 'PAY_CANCEL')
  const { timeline, due } = body(await gate.control('GET', `/bills/${billCode}`))
  t.strictSame(list(timeline).map((event) => event['what']), ['apply', 'cancel', 'step-skipped'])
  t.match(list(timeline)[2]?.['note'], /PAY_SUCCESS.*already PAY_CANCEL by the merchant/)
  t.strictSame(due, [])
})

await t.test('what a scenario may do after the end, and what not', async (t) => {
  const gate = await open(t)
  await gate.scenario('late', {
    timeline: [{ after: '49h', become: 'PAY_SUCCESS' }, { afterQueries: 1, become: 'PAY_FAIL', errorCode: 'X' }],
  })
  await gate.scenario('after-cancel', { timeline: [{ after: '2s', from: 'cancel', become: 'PAY_SUCCESS' }] })
  const late = await gate.bill(demo, { metadata: { qlinkScenario: 'late' } })
  const cancelled = await gate.bill(demo, { metadata: { qlinkScenario: 'after-cancel' } })
  t.hasStrict(await gate.cancel(demo, cancelled.billCode), { status: 'SUCCESS' })
  await gate.advance('2s')
  t.equal((await gate.status(demo, cancelled.billCode))['status'], 'PAY_SUCCESS', 'a late success after a cancel')
  await gate.advance('51h')
  t.equal((await gate.status(demo, late.billCode))['status'], 'PAY_SUCCESS', 'a late success after the expiry; nothing unmakes it')
  const { timeline } = body(await gate.control('GET', `/bills/${late.billCode}`))
  t.strictSame(list(timeline).map((event) => event['what']), ['apply', 'expire', 'payLate', 'step-skipped'])
})

/* Choosing. */

await t.test('which scenario a bill gets', async (t) => {
  const dir = directory(t, {
    'b-by-order.yaml': 'name: b-by-order\nmatch: { orderCode: "RACE-*" }\n',
    'c-by-amount.yaml': 'name: c-by-amount\nmatch:\n  amount: { gte: 100.01, lt: "200" }\n  currency: [IDR, CNY]\n',
    'd-later-by-name.json': '{"name":"d-later-by-name","match":{"orderCode":"RACE-1"}}',
    'pay-after-3s.yaml': 'name: pay-after-3s\ndescription: ours, over the shipped one\n',
    'notes.txt': 'not a scenario',
  })
  const gate = await open(t, { scenarios: dir, scenario: 'expire-quickly' })
  const own = await gate.merchant({ scenario: 'fail-after-3s' })
  const got = async (over: object, keys = demo, headers = {}): Promise<unknown> => {
    const answer = body(await gate.call('apply', application(over as never), { keys, headers }))
    return body(await gate.control('GET', `/bills/${string(answer['billCode'])}`))['scenario']
  }
  t.equal(await got({}), 'expire-quickly', 'the server’s')
  t.equal(await got({}, own), 'fail-after-3s', 'the merchant’s')
  t.equal(await got({ orderCode: 'RACE-1' }, own), 'b-by-order', 'the first whose match fits, in name order')
  t.equal(await got({ amount: 100.01 }), 'c-by-amount')
  t.equal(await got({ amount: 100 }), 'expire-quickly')
  t.equal(await got({ amount: '199.99' }), 'c-by-amount')
  t.equal(await got({ amount: 200 }), 'expire-quickly')
  t.equal(await got({ amount: 150, currency: 'USD' }), 'expire-quickly', 'every part of a match must fit')
  await gate.scenario('z-put-here', { match: { orderCode: 'RACE-?' } })
  t.equal(await got({ orderCode: 'RACE-1' }), 'z-put-here', 'those put through the control API first')
  t.equal(await got({ orderCode: 'RACE-1' }, demo, { 'x-qlink-sandbox-scenario': 'pay-after-3s' }), 'pay-after-3s', 'named in a header')
  t.equal(await got({ metadata: { qlinkScenario: 'wait-for-customer' } }, demo, { 'x-qlink-sandbox-scenario': 'pay-after-3s' }), 'wait-for-customer', 'named in the metadata')
  t.equal(await got({ metadata: '{"qlinkScenario":"wait-for-customer"}' }), 'wait-for-customer', 'in metadata that is a string')
  t.equal(await got({ metadata: 'qlinkScenario' }), 'expire-quickly', 'other strings name nothing')
  const unknown = await gate.call('apply', application({ metadata: { qlinkScenario: 'pay-after-3' } }))
  refused(t, unknown, 'FIELD_INVALID', { names: 'metadata.qlinkScenario' })
  t.match(body(unknown)['message'], /did you mean pay-after-3s\?/)
  t.equal(body(await gate.control('GET', '/scenarios/pay-after-3s'))['description'], 'ours, over the shipped one')
})

await t.test('a scenario is fixed when the bill is made', async (t) => {
  const gate = await open(t)
  await gate.scenario('mine', { timeline: [{ after: '2s', become: 'PAY_SUCCESS' }] })
  const before = await gate.bill(demo, { metadata: { qlinkScenario: 'mine' } })
  await gate.scenario('mine', { timeline: [{ after: '2s', become: 'PAY_FAIL', errorCode: 'X' }] })
  const after = await gate.bill(demo, { metadata: { qlinkScenario: 'mine' } })
  await gate.advance('2s')
  t.equal((await gate.status(demo, before.billCode))['status'], 'PAY_SUCCESS')
  t.equal((await gate.status(demo, after.billCode))['status'], 'PAY_FAIL')
})

await t.test('the catalogue keeps names in order and files under what was put', async (t) => {
  const one = (name: string, description = ''): Scenario => ({ name, description })
  const catalogue = new Catalogue([one('b'), one('a')])
  catalogue.put(one('c'))
  catalogue.put(one('a', 'put'))
  t.strictSame(catalogue.names(), ['a', 'b', 'c'])
  t.equal(catalogue.get('a')?.description, 'put')
  t.ok(catalogue.remove('a'))
  t.notOk(catalogue.remove('a'))
  t.equal(catalogue.get('a')?.description, '')
  catalogue.reset()
  t.strictSame(catalogue.names(), ['a', 'b'])
})

/* Bad files: which file, which line and column, where inside, what was expected. */

const bad: Record<string, [string, RegExp]> = {
  'a step that waits for what is no duration': ['name: bad\ntimeline:\n  - after: soon\n    become: PAY_SUCCESS\n', /bad\.yaml:3:5: timeline\[0\]\.after must be a duration .*, but is "soon"/],
  'a duration out of range': ['name: bad\ntimeline:\n  - after: PT\n    become: PAY_SUCCESS\n', /bad\.yaml:3:5: timeline\[0\]\.after must be a duration/],
  'a state that does not exist': ['name: bad\ntimeline:\n  - after: 1s\n    become: PAID\n', /bad\.yaml:4:5: timeline\[0\]\.become must be PAY_SUCCESS, PAY_FAIL or PAY_CANCEL, but is "PAID"/],
  'a missing part': ['name: bad\ntimeline:\n  - become: PAY_FAIL\n', /bad\.yaml:3:5: timeline\[0\]\.after is missing/],
  'an unknown key': ['name: bad\ntimelime: []\n', /bad\.yaml:2:1: timelime is not known here; did you mean timeline\?/],
  'another name': ['\nname: good\n', /bad\.yaml:2:1: name must be "bad", as the file is called, but is "good"/],
  'no name': ['description: x\n', /bad\.yaml:1:1: name is missing/],
  'not YAML': ['name: bad\n  timeline: ]\n', /bad\.yaml:2:\d+: not YAML/],
  'nothing': ['', /bad\.yaml:1:1: the scenario must be an object, but is null/],
  'a list': ['- name: bad\n', /bad\.yaml:1:1: the scenario must be an object, but is a list/],
  'an alias': ['name: bad\nmatch: &a { orderCode: x }\non: *a\n', /anchors and aliases/],
  'a name in capitals': ['name: BAD\n', /bad\.yaml:1:1: name must be a name of lower-case letters/],
  'an amount that is none': ['name: bad\nmatch:\n  amount: { above: 3 }\n', /bad\.yaml:3:13: match\.amount\.above is not known here; gt, gte, lt or lte would be/],
  'a key twice': ['name: bad\nname: bad\n', /bad\.yaml:2:1: name is there twice; take one of the two away/],
}
for (const [name, [text, expected]] of Object.entries(bad)) {
  await t.test(`a bad file: ${name}`, async (t) => {
    t.match(parseScenario(text, 'bad.yaml', 'bad').problems?.join('\n'), expected)
  })
}

await t.test('every bad file is reported before the start is given up', async (t) => {
  const dir = directory(t, {
    'one.yaml': 'name: one\ntimeline: 3\n',
    'two.yaml': 'name: three\n',
    'four.yaml': 'name: four\n',
    'four.json': '{"name":"four"}',
  })
  const failure = await startSandbox({ scenarios: dir }).then(() => undefined, (error: unknown) => error)
  t.ok(failure instanceof UsageError)
  const { problems } = failure as UsageError
  t.equal(problems.length, 3)
  t.ok(problems.some((problem) => problem.startsWith(`${join(dir, 'one.yaml')}:2:1: timeline must be a list, but is a number`)))
  t.ok(problems.some((problem) => problem.startsWith(`${join(dir, 'two.yaml')}:1:1: name must be "two"`)))
  t.ok(problems.some((problem) => problem.startsWith(join(dir, 'four.yaml')) && problem.includes('four.json has the same name')))
  await t.rejects(startSandbox({ scenarios: join(dir, 'nowhere') }), /cannot be read from .*nowhere: it does not exist; name a directory by --scenarios/)
  await t.rejects(startSandbox({ scenario: 'pay-after-3' }), /there is no scenario "pay-after-3"; did you mean pay-after-3s\?/)
})

await t.test('the shipped files say in both languages what they do', async (t) => {
  for (const name of shipped) {
    const text = readFileSync(new URL(`../scenarios/${name}.yaml`, import.meta.url), 'utf8')
    t.match(parseScenario(text, name, name).scenario?.description, /^[A-Z].*\. \/ .*[\u4e00-\u9fff].*。$/, name)
  }
})

await t.test('however many ask for an amount, the first in name order that fits is found', async (t) => {
  const asking = (name: string, match: Scenario['match'] & object): Scenario => ({ name, match })
  const catalogue = new Catalogue([
    asking('b-exact', { amount: 5 }), asking('c-list', { amount: ['5.00', 7] }), asking('a-bounds', { amount: { gt: 6 } }), asking('d-text', { orderCode: 'x' }),
    asking('e-both', { amount: '0.10', orderCode: 'y' }), { name: 'a-none' },
  ])
  const claimed = (amount: string | undefined, orderCode = 'z'): string | undefined => catalogue.claiming({ appKey: 'k', amount, fields: { orderCode } })?.name
  t.equal(claimed('5'), 'b-exact')
  t.equal(claimed('5.0'), 'b-exact', 'digits behind the point that say nothing')
  t.equal(claimed('7.00'), 'a-bounds', 'of two that fit the first in name order, whichever way it is found')
  t.equal(claimed('50'), 'a-bounds')
  t.equal(claimed('5.01'), undefined)
  t.equal(claimed('5.01', 'x'), 'd-text')
  t.equal(claimed('5', 'x'), 'b-exact')
  t.equal(claimed('0.1', 'y'), 'e-both')
  t.equal(claimed('0.1', 'z'), undefined)
  t.equal(claimed(undefined, 'x'), 'd-text')
  catalogue.put(asking('z-put', { amount: '5.000' }))
  t.equal(claimed('5'), 'z-put', 'those put here first')
  catalogue.reset()
  t.equal(claimed('5'), 'b-exact')
})
