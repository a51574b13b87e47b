import { LosslessNumber, parse as parseExact, stringify as stringifyExact } from 'lossless-json'
import secureJson from 'secure-json-parse'
import { Refusal } from '../errors.ts'
import { pathAt } from './json-path.ts'
import { findValue, measure } from './json-scan.ts'
import { LIMITS } from './limits.ts'

/**
 * Reads a request body. JSON.parse decides what JSON is; secure-json-parse finds keys that would reach a prototype;
 * keys that were given twice show in the text having more of them than what it was read as.
 *
 * @param text the body, its signature already checked
 * @returns the outermost object; its numbers are doubles, {@link numberText} has their digits
 * @throws Refusal BODY_NOT_JSON or FIELD_INVALID
 */
export function readBody(text: string): Record<string, unknown> {
  const value = readJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('BODY_NOT_JSON', `the body must be a JSON object, but is ${kindOf(value)}`)
  }
  const { keys, depth } = measure(text)
  // Before anything that goes down into it by calling itself.
  if (depth > LIMITS.nesting) throw new Refusal('FIELD_INVALID', `the body is nested more than ${LIMITS.nesting} levels deep`)
  if (countKept(value) !== keys) refuseDuplicates(text)
  return value as Record<string, unknown>
}

/** A key that is given twice with one value is no harm. */
function refuseDuplicates(text: string): void {
  parseExact(text, null, {
    onDuplicateKey: ({ position }) => {
      throw new Refusal('FIELD_INVALID', `${show(pathAt(text, position))} is given twice, with different values; which one counts is anyone's guess`)
    },
  })
}

/**
 * A JSON text that means the same, in characters of one byte each where that takes less memory: a text with any other
 * character takes two for all of them.
 */
export function narrowed(json: string): string {
  const narrow = json.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return narrow.length < json.length * 2 ? oneByte(narrow) : json
}

/** The same text, made anew: a part of a text that has wide characters is kept as one that may have some itself. */
function oneByte(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

const NUMBER = /[ \t\r\n]*(-?\d[\d.eE+-]*)/y

/** The digits of a number that the outermost object of a body has, as they were written. */
export function numberText(text: string, field: string): string | undefined {
  const place = findValue(text, field)
  if (place === undefined) return undefined
  NUMBER.lastIndex = place
  const found = NUMBER.exec(text)?.[1]
  return found === undefined ? undefined : oneByte(found)
}

/** Reads JSON and keeps every number's digits, for showing a stored body again. */
export function readExact(text: string): unknown {
  return parseExact(text)
}

/**
 * Reads JSON whose numbers come out as text, digit for digit.
 *
 * @throws SyntaxError where it is no JSON, or gives a key twice with different values
 */
export function readNumbersAsText(text: string): unknown {
  return parseExact(text, null, (digits) => digits)
}

/**
 * A decimal as the value that JSON writes with the same digits: a double where that does it, as it does for most, and
 * a LosslessNumber otherwise, for which JSON.stringify will not do and {@link writeExact} must.
 */
export function exactNumber(plain: string): number | LosslessNumber {
  const double = Number(plain)
  return String(double) === plain ? double : new LosslessNumber(plain)
}

/** Writes JSON; LosslessNumber values keep their digits. */
export function writeExact(value: unknown): string {
  return stringifyExact(value) ?? 'null'
}

/** The same over many lines, for people who look at it in a terminal. */
export function writeReadable(value: unknown): string {
  return `${stringifyExact(value, null, 2) ?? 'null'}\n`
}

function readJson(text: string): unknown {
  if (text.trim() === '') throw new Refusal('BODY_NOT_JSON', 'the body is empty; a JSON object is expected')
  // The parser would quietly drop it; other parsers refuse it, and so do we, in words.
  if (text.startsWith('\uFEFF')) {
    throw new Refusal('BODY_NOT_JSON', 'the body begins with a byte order mark (EF BB BF); send the JSON without it')
  }
  try {
    return secureJson.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (message.includes('forbidden prototype property')) {
      throw new Refusal('FIELD_INVALID', 'the body has a key __proto__ or constructor.prototype, which no QLink field has')
    }
    throw new Refusal('BODY_NOT_JSON', `the body is not JSON: ${oneLine(message)}`)
  }
}

/** How many keys all objects have together. */
function countKept(node: object): number {
  const children = Object.values(node) as unknown[]
  let count = Array.isArray(node) ? 0 : children.length
  for (const child of children) if (typeof child === 'object' && child !== null) count += countKept(child)
  return count
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function show(key: string): string {
  return key.length <= 60 ? key : `${key.slice(0, 59)}…`
}

/** JSON.parse quotes the text around the mistake, line ends and all; a message is one line. */
function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ')
}
