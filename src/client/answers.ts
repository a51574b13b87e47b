import { withoutExponent } from '../contract/decimal.ts'
import { readNumbersAsText } from '../contract/json.ts'
import { QLinkAmbiguous, QLinkRefused, QLinkSignatureRefused, type Operation } from './errors.ts'
import type { RawAnswer } from './exchange.ts'

/** How answers are wrapped (CONTRACT §1): as documented, under one key, or whichever of the two it is. */
export type ResponseFormat = 'documented' | 'envelope' | 'any'

export interface AnswerForm {
  format: ResponseFormat
  /** The key of an envelope; where it is not known, the usual ones are tried. */
  resultKey: string | undefined
}

type Fields = Record<string, unknown>

interface Shape {
  isList: boolean
  /** Fields of which one at least has to say something: without it this is another answer. */
  needs: readonly string[]
  /** Fields of text; one that is null or left out comes out as `""`, as the contract has it. */
  texts: readonly string[]
  /** Fields of money, as text, or null. */
  amounts?: readonly string[]
}

const SHAPES: Readonly<Record<Operation, Shape>> = {
  queryPayAccount: { isList: true, needs: ['code'], texts: ['type', 'code', 'name'] },
  apply: { isList: false, needs: ['billCode', 'errorCode'], texts: ['billCode', 'paymentRequestId', 'actionValue', 'errorCode'] },
  getPayStatus: { isList: true, needs: ['status'], texts: ['tradeUuid', 'billCode', 'paymentRequestId', 'orderCode', 'status', 'payTime', 'currency', 'errorCode'], amounts: ['amount'] },
  cancel: { isList: false, needs: ['status'], texts: ['status', 'cancelTime', 'errorCode'] },
}

/** The names that envelopes have for their content, the publisher's own first. */
const USUAL_KEYS = ['result', 'data', 'content']

/**
 * What an answer says, in either format; numbers as text, digit for digit.
 *
 * @returns the answer's own fields, or the list
 * @throws QLinkRefused (or QLinkSignatureRefused) where QLink says no
 * @throws QLinkAmbiguous for a 5xx, and for whatever cannot be read as the answer to this
 */
export function readAnswer(operation: Operation, { status, headers, body }: RawAnswer, form: AnswerForm): unknown {
  const unclear = (what: string, cause?: unknown): QLinkAmbiguous =>
    new QLinkAmbiguous(`${operation} was answered ${status}${what}; whether it was done is not known`, { operation, status, cause })
  if (status >= 500) throw unclear('')
  let answer: unknown
  try {
    answer = readNumbersAsText(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw unclear(` with what is no JSON: ${JSON.stringify(body.toString('latin1', 0, 60))}`, error)
  }
  if (isFields(answer) && answer['success'] === false) throw refusal(operation, status, headers, answer)
  if (status < 200 || status >= 300) throw unclear(', which is neither done nor refused')
  for (const content of contents(answer, form)) {
    const read = SHAPES[operation].isList ? readList(content, SHAPES[operation]) : readFields(content, SHAPES[operation])
    if (read !== undefined) return read
  }
  throw unclear(`, but not as QLink answers it${form.format === 'any' ? '' : ` in the format ${form.format}`}: ${JSON.stringify(body.toString('utf8').slice(0, 60))}`)
}

/** Where the content of an answer may be. */
function* contents(answer: unknown, { format, resultKey }: AnswerForm): Generator {
  const isDone = !isFields(answer) || answer['success'] === undefined || answer['success'] === true
  if (!isDone) return
  if (format !== 'envelope') yield answer
  if (format === 'documented' || !isFields(answer)) return
  for (const key of resultKey === undefined ? USUAL_KEYS : [resultKey]) yield answer[key]
}

function readList(content: unknown, shape: Shape): Fields[] | undefined {
  if (!Array.isArray(content)) return undefined
  const entries = content.map((entry) => readFields(entry, shape))
  return entries.every((entry) => entry !== undefined) ? entries : undefined
}

function readFields(content: unknown, { needs, texts, amounts = [] }: Shape): Fields | undefined {
  if (!isFields(content)) return undefined
  const { success: _success, message: _message, ...fields } = content
  for (const name of texts) {
    const value = (fields[name] ??= '')
    if (typeof value !== 'string') return undefined
  }
  for (const name of amounts) {
    const value = fields[name] ?? ''
    const text = typeof value === 'string' ? withoutExponent(value) : undefined
    if (value !== '' && text === undefined) return undefined
    fields[name] = text ?? null
  }
  return needs.some((name) => fields[name] !== '') ? fields : undefined
}

/** Without the sandbox's reason, QLink's own words have to say that it is the signature. */
const SPEAKS_OF_SIGNATURE = /\bsign(?:ature|ed|ing)?\b|签名|验签/i

function refusal(operation: Operation, status: number, headers: RawAnswer['headers'], answer: Fields): QLinkRefused {
  const { message } = answer
  const words = typeof message === 'string' && message !== '' ? message : `${operation} was refused, without a reason`
  const reason = one(headers['x-qlink-sandbox-error'])
  const details = { operation, status, reason, answer }
  const isSignature = reason === undefined ? SPEAKS_OF_SIGNATURE.test(words) : reason === 'SIGN_MISMATCH'
  return isSignature ? new QLinkSignatureRefused(words, { ...details, hint: one(headers['x-qlink-sandbox-hint']) }) : new QLinkRefused(words, details)
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
