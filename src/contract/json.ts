import { isLosslessNumber, parse as parseExact, stringify as stringifyExact } from 'lossless-json'
import secureJson from 'secure-json-parse'
import { Refusal } from '../errors.ts'
import { pathAt } from './json-path.ts'
import { LIMITS } from './limits.ts'

/** A request body in two readings of the same text. */
export interface ReadBody {
  /** As JSON.parse reads it, for validation; numbers are doubles. */
  value: Record<string, unknown>
  /** The same with every number as its own text (LosslessNumber), for amounts. */
  exact: Record<string, unknown>
}

/**
 * Reads a request body. JSON.parse decides what JSON is; lossless-json keeps the digits and finds keys given twice;
 * secure-json-parse finds keys that would reach a prototype.
 *
 * @param text the body, its signature already checked
 * @throws Refusal BODY_NOT_JSON or FIELD_INVALID
 */
export function readBody(text: string): ReadBody {
  const value = readJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('BODY_NOT_JSON', `the body must be a JSON object, but is ${kindOf(value)}`)
  }
  if (isDeeper(value, LIMITS.nesting)) {
    throw new Refusal('FIELD_INVALID', `the body is nested more than ${LIMITS.nesting} levels deep`)
  }
  const exact = parseExact(text, null, {
    onDuplicateKey: ({ position }) => {
      throw new Refusal('FIELD_INVALID', `${show(pathAt(text, position))} is given twice, with different values; which one counts is anyone's guess`)
    },
  })
  return { value: value as Record<string, unknown>, exact: exact as Record<string, unknown> }
}

/** Reads JSON and keeps every number's digits, for showing a stored body again. */
export function readExact(text: string): unknown {
  return parseExact(text)
}

/** Writes JSON; LosslessNumber values keep their digits. */
export function writeExact(value: unknown): string {
  return stringifyExact(value) ?? 'null'
}

/** The same over many lines, for people who look at it in a terminal. */
export function writeReadable(value: unknown): string {
  return `${stringifyExact(value, null, 2) ?? 'null'}\n`
}

/** The text of a number that {@link ReadBody.exact} holds, or of a decimal string; undefined for anything else. */
export function numberText(value: unknown): string | undefined {
  if (isLosslessNumber(value)) return value.value
  return typeof value === 'string' ? value : undefined
}

/** Whether a value of {@link ReadBody.exact} was a JSON number. */
export function isNumber(value: unknown): boolean {
  return isLosslessNumber(value)
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

/** Walks level by level, so that no depth can exhaust the stack. */
function isDeeper(root: object, limit: number): boolean {
  let level: object[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= limit) return true
    const next: object[] = []
    for (const node of level) {
      for (const child of Object.values(node) as unknown[]) if (typeof child === 'object' && child !== null) next.push(child)
    }
    level = next
  }
  return false
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
