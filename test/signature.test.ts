// The commands `sign` and `verify`: what they print, how they end, and what they never print.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { directory, list, object, open, type Json } from './helpers/blackbox.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CLI = join(ROOT, 'dist', 'cli.js')
execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--build', join(ROOT, 'tsconfig.build.json')])
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^QLINK_|^NODE_|COLOR/.test(name)))

/** Runs a command with a body on its standard input. */
const run = (args: string[], input: string | Buffer = '', env: Record<string, string> = {}) => spawned(process.execPath, [CLI, ...args], input, env)

const spawned = async (command: string, args: string[], input: string | Buffer = '', env: Record<string, string> = {}) => {
  const child = spawn(command, args, { env: { ...clean, ...env } })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { said.stdout += chunk })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { said.stderr += chunk })
  child.stdin.on('error', () => undefined).end(input)
  const [code] = await once(child, 'close') as [number | null]
  return { code, ...said }
}

/** It is the same on every Node.js: where all is run again on another, once is enough. */
const onceIsEnough = { skip: process.env['TEST_BRIEF'] !== undefined }

const SECRET = 'A-long-0dd-secret'
const KEYS = { QLINK_APP_KEY: 'k', QLINK_APP_SECRET: SECRET }
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

await t.test('what sign prints is what the sandbox takes', async (t) => {
  const gate = await open(t)
  const keys = await gate.merchant()
  const path = join(directory(t), 'it\'s a body.json')
  // Blanks, a line end and letters that are not ASCII: each byte counts.
  const content = '{ "payAccount": "account1", "note": "给 O\'Brien \\u4e2d/" }\n'
  writeFileSync(path, content)
  const flags = ['sign', '--app-key', keys.appKey, '--secret', keys.appSecret, '--url', `${gate.url}/open-platform-api/pay/`]
  const fromFile = await run([...flags, path])
  const fromPipe = await run(flags, content)
  const expected = sha1(`${JSON.stringify({ appKey: keys.appKey, content })}${keys.appSecret}`)
  for (const { code, stdout, stderr } of [fromFile, fromPipe]) {
    t.equal(code, 0)
    t.match(stderr, /^qlink-sandbox: the body ends in a line end; .*\n$/)
    t.notMatch(stdout, keys.appSecret)
    const [signature, hashed] = stdout.split('\n\n')
    t.equal(signature, expected)
    t.equal(hashed, `${JSON.stringify({ appKey: keys.appKey, content })}<appSecret>`)
    const curl = stdout.slice(stdout.indexOf('curl '))
    const answer = await spawned('sh', ['-c', curl])
    t.equal(list(JSON.parse(answer.stdout)).length, 3, answer.stderr)
  }
  const asJson = object(JSON.parse((await run([...flags, '--json', path])).stdout))
  t.match(asJson, { sign: expected, stringToSign: /<appSecret>$/, curl: /^curl -X POST '.*\/queryPayAccount' .* --data-binary '@.*'$/ })
})

await t.test('sign knows the vectors, by file and by environment', onceIsEnough, async (t) => {
  const { cases } = JSON.parse(readFileSync(join(ROOT, 'fixtures', 'signing-vectors.json'), 'utf8')) as { cases: { appKey: string; appSecret: string; content: string; sign: string; signAsObject: string }[] }
  for (const { appKey, appSecret, content, sign, signAsObject } of cases.slice(0, 3)) {
    const env = { QLINK_APP_KEY: appKey, QLINK_APP_SECRET: appSecret }
    t.match(await run(['sign'], content, env), { code: 0, stdout: new RegExp(`^${sign}\n`) })
    t.match(await run(['sign', '--signature', 'object', '-'], content, env), { code: 0, stdout: new RegExp(`^${signAsObject}\n`) })
  }
})

await t.test('verify says what is wrong, for people and for machines', onceIsEnough, async (t) => {
  const content = '{"payAccount":"account1"}'
  const right = sha1(`{"appKey":"k","content":${JSON.stringify(content)}}${SECRET}`)
  t.match(await run(['verify', '--sign', right], content, KEYS), { code: 0, stdout: /^the signature fits this body\n签名与请求体相符\n$/, stderr: /^$/ })

  const asObject = sha1(`{"appKey":"k","content":${content}}${SECRET}`)
  const said = await run(['verify', '--sign', asObject], content, KEYS)
  t.match(said, { code: 1, stderr: /^$/ })
  for (const part of ['content-as-object\n', 'as a nested object', '嵌套的 JSON 对象', `{"appKey":"k","content":${content}}<appSecret>`, 'byte 24, counted from 0', 'Java  ', 'JavaScript  ', 'Python  ', 'Go  ', 'PHP  ']) {
    t.ok(said.stdout.includes(part), part)
  }
  t.notMatch(said.stdout, '\u001b')
  t.match((await run(['verify', '--sign', asObject], content, { ...KEYS, FORCE_COLOR: '1' })).stdout.slice(0, 5), '\u001b[31m')

  const asJson = await run(['verify', '--json', '--sign', asObject], content, KEYS)
  t.match(object(JSON.parse(asJson.stdout)), { valid: false, code: 'content-as-object', mistakes: ['content-as-object'], firstDifference: { byte: 24 } } satisfies Json)
  t.equal(asJson.code, 1)
  t.notMatch(said.stdout + asJson.stdout, SECRET)

  const nothing = await run(['verify', '--sign', 'f'.repeat(40)], content, KEYS)
  t.match(nothing, { code: 1, stdout: /^unknown\n.*none of the known mistakes[^]*what should have been\n\{"appKey":"k","content":"\{\\"payAccount\\":\\"account1\\"\}"\}<appSecret>\n[^]*1\. Print[^]*2\. If[^]*3\. If/ })

  const others = await run(['verify', '--sign', sha1(`{"appKey":"k","content":${JSON.stringify(content)}}theirs`), '--other-secret', 'ours', '--other-secret', 'theirs'], content, KEYS)
  t.match(others, { code: 1, stdout: /^secret-of-another-merchant\n/ })
  t.match(await run(['verify', '--signature', 'object', '--sign', asObject], content, KEYS), { code: 0 })
  t.match(await run(['verify', '--signature', 'object', '--sign', right], content, KEYS), { code: 1, stdout: /^content-as-string\n/ })
})

const refusals: Record<string, [args: string[], input: string | Buffer, RegExp]> = {
  'all that is missing at once': [['verify', '--signature', 'loose'], '', /^qlink-sandbox: --sign is missing.*\nqlink-sandbox: --app-key is missing.*\nqlink-sandbox: --secret is missing.*\nqlink-sandbox: --signature must be strict, object, either, but is "loose"\n$/],
  'a file that is not there': [['sign', '--app-key', 'k', '--secret', 's', 'nowhere.json'], '', /^qlink-sandbox: nowhere\.json: it does not exist\n$/],
  'a body that is not UTF-8': [['sign', '--app-key', 'k', '--secret', 's'], Buffer.from([0x7b, 0xe4, 0xb8, 0xad, 0xd6, 0xd0, 0x7d]), /^qlink-sandbox: the body is not valid UTF-8 from byte 4 on; .*\n$/],
  'an endpoint that does not exist': [['sign', '--app-key', 'k', '--secret', 's', '--operation', 'pay'], '', /^qlink-sandbox: --operation must be one of queryPayAccount, apply, getPayStatus, cancel, but is "pay"\n$/],
  'either for signing': [['sign', '--app-key', 'k', '--secret', 's', '--signature', 'either'], '{}', /^qlink-sandbox: --signature must be strict or object for signing.*\n$/],
  'a key that no header carries': [['sign', '--app-key', 'k\n', '--secret', 's'], '{}', /^qlink-sandbox: --app-key holds a control character.*\n$/],
  'an option that does not exist': [['verify', '--sing', 'x'], '', /^qlink-sandbox: unknown option '--sing' \(Did you mean --sign\?\)\n$/],
  'two files': [['sign', '--app-key', 'k', '--secret', 's', 'a', 'b'], '', /^qlink-sandbox: too many arguments.*\n$/],
}
for (const [name, [args, input, message]] of Object.entries(refusals)) {
  await t.test(name, onceIsEnough, async (t) => {
    t.match(await run(args, input), { code: 2, stdout: /^$/, stderr: message })
  })
}
