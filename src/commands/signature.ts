import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { styleText } from 'node:util'
import { UsageError } from '../errors.ts'
import { reason } from '../load/read-file.ts'
import { explain, sign, signAsObject, stringToSign, stringToSignAsObject, type Explanation, type SignatureReading } from '../signing/index.ts'
import type { Outcome } from './scenarios.ts'

/** What both commands take. */
export interface SignatureOptions {
  appKey?: string
  secret?: string
  /** How content is read: as QLink does, or as a merchant's setting has it. */
  signature?: string
  json?: boolean
}

export interface SignOptions extends SignatureOptions {
  /** The emulated API's base URL. */
  url?: string
  operation?: string
}

export interface VerifyOptions extends SignatureOptions {
  sign?: string
  /** Secrets of other merchants that may have been used. */
  otherSecret?: readonly string[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where a body comes from, and a terminal's colours. */
export interface Surroundings {
  readonly env: Environment
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean }
  readonly colours: boolean
}

const READINGS: readonly string[] = ['strict', 'object', 'either'] satisfies SignatureReading[]
const OPERATIONS = ['queryPayAccount', 'apply', 'getPayStatus', 'cancel'] as const
const BASE_URL = 'http://127.0.0.1:4800/open-platform-api/pay'
/** What is longer does not fit into a shell's arguments, or on a screen. */
const LONGEST_ARGUMENT = 100_000
const LONGEST_SHOWN = 8000

interface Asked {
  readonly appKey: string
  readonly appSecret: string
  readonly content: string
  readonly reading: SignatureReading
}

/**
 * What `qlink-sandbox sign` does: the signature, the string that was hashed with its secret masked, and a curl command
 * that sends the very same body.
 *
 * @param file the body's file; standard input where left out or `-`
 * @throws UsageError with one line for everything that is wrong
 */
export async function signBody(file: string | undefined, options: SignOptions, around: Surroundings): Promise<Outcome> {
  const problems: string[] = []
  const { operation } = options
  if (operation !== undefined && !(OPERATIONS as readonly string[]).includes(operation)) problems.push(`--operation must be one of ${OPERATIONS.join(', ')}, but is "${operation}"`)
  const asked = await read(file, options, around, problems)
  const { appKey, content } = asked
  if (asked.reading === 'either') throw new UsageError(['--signature must be strict or object for signing: either accepts both'])
  const asObject = asked.reading === 'object'
  const signature = asObject ? signAsObject(asked) : sign(asked)
  const masked = { ...asked, appSecret: '<appSecret>' }
  const hashed = asObject ? stringToSignAsObject(masked) : stringToSign(masked)
  const url = `${(options.url ?? around.env['QLINK_BASE_URL'] ?? BASE_URL).replace(/\/+$/, '')}/${operation ?? operationOf(content)}`
  const data = file !== undefined && file !== '-' ? `@${file}` : content.length > LONGEST_ARGUMENT ? '@-' : content
  const curl = [`curl -X POST ${quote(url)}`, `-H 'Content-Type: application/json'`, `-H ${quote(`appKey: ${appKey}`)}`, `-H 'sign: ${signature}'`, `--data-binary ${quote(data)}`]
  const note = /[\r\n]$/.test(content) ? 'qlink-sandbox: the body ends in a line end; it is signed, so it must be sent too (curl --data-binary, not -d)\n' : ''
  if (options.json === true) return { stdout: `${JSON.stringify({ sign: signature, stringToSign: hashed, curl: curl.join(' ') }, null, 2)}\n`, stderr: note, code: 0 }
  return { stdout: `${signature}\n\n${hashed}\n\n${curl.join(' \\\n  ')}\n`, stderr: note, code: 0 }
}

/**
 * What `qlink-sandbox verify` does: says whether a signature fits a body, and if not, which mistake explains it.
 *
 * @param file the body's file; standard input where left out or `-`
 * @returns code 0 where it fits, 1 where it does not
 * @throws UsageError with one line for everything that is wrong
 */
export async function verifySignature(file: string | undefined, options: VerifyOptions, around: Surroundings): Promise<Outcome> {
  const problems = options.sign === undefined || options.sign === '' ? ['--sign is missing: the signature to look at'] : []
  const { appKey, appSecret, content, reading } = await read(file, options, around, problems)
  const explanation = explain({ appKey, appSecret, body: content, sign: options.sign ?? '', otherSecrets: options.otherSecret, reading })
  const code = explanation.valid ? 0 : 1
  return { stdout: options.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : inWords(explanation, around.colours), code }
}

async function read(file: string | undefined, { appKey, secret, signature = 'strict' }: SignatureOptions, { env, stdin }: Surroundings, problems: string[]): Promise<Asked> {
  const key = appKey ?? env['QLINK_APP_KEY'] ?? ''
  const appSecret = secret ?? env['QLINK_APP_SECRET'] ?? ''
  if (key === '') problems.push('--app-key is missing (or QLINK_APP_KEY in the environment)')
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\0-\x1f\x7f]/.test(key)) problems.push('--app-key holds a control character, which no header can carry')
  if (appSecret === '') problems.push('--secret is missing (or QLINK_APP_SECRET in the environment)')
  if (!READINGS.includes(signature)) problems.push(`--signature must be ${READINGS.join(', ')}, but is "${signature}"`)
  const bytes = problems.length > 0 ? Buffer.alloc(0) : await bodyFrom(file, stdin, problems)
  if (!isUtf8(bytes)) problems.push(`${file ?? 'the body'} is not valid UTF-8 from byte ${firstInvalid(bytes)} on; QLink takes UTF-8 alone`)
  if (problems.length > 0) throw new UsageError(problems)
  return { appKey: key, appSecret, content: bytes.toString('utf8'), reading: signature as SignatureReading }
}

async function bodyFrom(file: string | undefined, stdin: Surroundings['stdin'], problems: string[]): Promise<Buffer> {
  if (file === undefined && stdin.isTTY === true) {
    problems.push('the body is missing: name its file, or pipe it in')
    return Buffer.alloc(0)
  }
  try {
    return file === undefined || file === '-' ? await buffer(stdin) : await readFile(file)
  } catch (error) {
    problems.push(`${file ?? 'standard input'}: ${reason(error)}`)
    return Buffer.alloc(0)
  }
}

/** Where what is valid ends. Decoding tells, as it puts a mark of its own in the place of what is not. */
function firstInvalid(bytes: Buffer): number {
  const written = Buffer.from(bytes.toString('utf8'))
  let at = 0
  while (at < bytes.length && bytes[at] === written[at]) at++
  // The mark begins as some characters do.
  while (at > 0 && !isUtf8(bytes.subarray(0, at))) at--
  return at
}

/** The endpoint that takes such fields, for a curl command that is ready. */
function operationOf(content: string): string {
  if (/"tradeUuidList"|"billCodeList"/.test(content)) return 'getPayStatus'
  if (/"tradeTime"|"amount"|"payTypeCode"/.test(content)) return 'apply'
  return /"tradeUuid"|"billCode"/.test(content) ? 'cancel' : 'queryPayAccount'
}

function quote(text: string): string {
  return `'${text.replaceAll('\'', '\'\\\'\'')}'`
}

const LANGUAGES = { java: 'Java', javascript: 'JavaScript', python: 'Python', go: 'Go', php: 'PHP' } as const

function inWords({ valid, mistakes, twins, code, message, messageZh, hashed, stringToSign: expected, firstDifference, mend, steps, stepsZh }: Explanation, colours: boolean): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string): string => (colours ? styleText(format, text) : text)
  if (valid) return `${paint('green', message)}\n${messageZh}\n`
  const others = twins.length === 0 ? '' : ` (the same here: ${twins.join(', ')})`
  const lines = [paint(['red', 'bold'], mistakes.join(' + ') || String(code)) + others, message, messageZh, '']
  if (hashed !== null) lines.push(paint('bold', 'what was hashed'), shortened(hashed), '')
  lines.push(paint('bold', 'what should have been'), shortened(expected), '')
  if (firstDifference !== null) {
    const { byte, hashed: one, expected: other } = firstDifference
    lines.push(paint('bold', `the first difference is byte ${byte}, counted from 0`), `  hashed    ${paint('red', JSON.stringify(one))}`, `  expected  ${paint('green', JSON.stringify(other))}`, '')
  }
  if (mend !== null) {
    lines.push(paint('bold', 'how to mend it'))
    for (const [language, name] of Object.entries(LANGUAGES)) {
      lines.push(...mend[language as keyof typeof LANGUAGES].split('\n').map((line, index) => `  ${(index === 0 ? name : '').padEnd(12)}${line}`))
    }
  }
  lines.push(...steps.map((step, index) => `${index + 1}. ${step}\n   ${stepsZh[index] ?? ''}`))
  return `${lines.join('\n').trimEnd()}\n`
}

function shortened(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}… (${text.length - LONGEST_SHOWN} characters more; --json prints all)`
}
