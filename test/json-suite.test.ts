// Nicolas Seriot's JSONTestSuite through the front door: 318 bodies, each rightly signed, to all four endpoints.
import { readFileSync, readdirSync } from 'node:fs'
import t from 'tap'
import { OPERATIONS, body, open } from './helpers/blackbox.ts'
import type { Answer } from './helpers/blackbox.ts'

const folder = new URL('./data/JSONTestSuite/test_parsing/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort()
const FIELDS = ['FIELD_MISSING', 'FIELD_INVALID']

interface Shot { file: string; operation: string; text: string | undefined; answer: Answer }

/** The text, where the bytes are UTF-8 at all; a byte order mark is part of it. */
const decoded = (bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
/** Control characters that JSON libraries escape with letters, upper case or lower: such a text has two honest signatures. */
const twoSpellings = (text: string): boolean =>
  Array.from(text).some((letter) => letter < ' ' && !['\b', '\t', '\n', '\f', '\r'].includes(letter))
const isObject = (text: string): boolean => {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const reason = ({ answer }: Shot): string => String(answer.headers['x-qlink-sandbox-error'])
const name = ({ file, operation, answer }: Shot, what: string): string => `${file} → ${operation}: ${what}: ${String(answer.status)} ${answer.text.slice(0, 200)}`
const isRefusal = ({ answer }: Shot): boolean => {
  try {
    const { success, message, ...more } = body(answer)
    return success === false && typeof message === 'string' && message !== '' && Object.keys(more).length === 0
  } catch {
    return false
  }
}

const gate = await open(t)
const shots: Shot[] = []
for (const file of files) {
  const bytes = readFileSync(new URL(encodeURIComponent(file), folder))
  for (const operation of OPERATIONS) {
    shots.push({ file, operation, text: decoded(bytes), answer: await gate.call(operation, bytes) })
  }
}
const health = await gate.health()
const failing = (rule: (shot: Shot) => boolean, of = shots): string[] =>
  of.filter((shot) => !rule(shot)).map((shot) => name(shot, reason(shot)))

await t.test('all of them were sent', (t) => {
  t.equal(files.length, 318)
  t.equal(shots.length, 318 * 4)
  t.end()
})

await t.test('none makes the server fail', (t) => {
  t.strictSame(failing(({ answer }) => answer.status < 500), [])
  t.strictSame(failing(({ answer }) => !/\n\s+at | {4}at |Error:/.test(answer.text)), [])
  t.equal(health.status, 200)
  t.hasStrict(body(health), { status: 'ok' })
  t.end()
})

await t.test('none has the fields that the endpoints want: each is refused in the documented shape', (t) => {
  t.strictSame(failing(isRefusal), [])
  t.end()
})

await t.test('n_: what is no JSON is refused as that', (t) => {
  const wrong = shots.filter(({ file, text }) => file.startsWith('n_') && text !== undefined && text !== '' && !twoSpellings(text))
  t.ok(wrong.length > 600, 'most of the suite')
  t.strictSame(failing((shot) => reason(shot) === 'BODY_NOT_JSON', wrong), [])
  t.end()
})

await t.test('y_: what is JSON is refused for its fields', (t) => {
  const right = shots.filter(({ file }) => file.startsWith('y_'))
  t.equal(right.length, 95 * 4)
  t.strictSame(failing(({ text }) => text !== undefined, right), [], 'all are UTF-8')
  const [objects, others] = [true, false].map((wanted) => right.filter(({ text = 'null' }) => isObject(text) === wanted))
  t.strictSame(failing((shot) => FIELDS.includes(reason(shot)), objects), [])
  t.strictSame(failing((shot) => [...FIELDS, 'BODY_NOT_JSON'].includes(reason(shot)), others), [])
  t.end()
})

await t.test('i_: either way, but with a reason', (t) => {
  const open = shots.filter(({ file, text }) => file.startsWith('i_') && text !== undefined)
  t.strictSame(failing((shot) => [...FIELDS, 'BODY_NOT_JSON'].includes(reason(shot)), open), [])
  t.end()
})

await t.test('bytes that are no UTF-8 are refused as that', (t) => {
  const garbled = shots.filter(({ text }) => text === undefined)
  t.ok(garbled.length > 0, 'there are some')
  t.strictSame(failing((shot) => reason(shot) === 'BODY_NOT_UTF8', garbled), [])
  t.end()
})
