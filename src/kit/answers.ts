import { validateHeaderName, validateHeaderValue } from 'node:http'
import { UsageError } from '../errors.ts'
import { DURATION_FORMS, readDuration } from '../time/duration.ts'
import type { Received } from './received.ts'

/** One way to answer a callback. */
export type Reply =
  /** A status alone: 200 acknowledges. */
  | number
  /** An HTTP answer; an object as body is sent as JSON. `after`: a duration in real time until it leaves. */
  | { status?: number; body?: string | object; headers?: Record<string, string>; after?: string }
  /** The connection is reset, closed without an answer, or held until the endpoint closes. */
  | 'reset'
  | 'close'
  | 'hang'

/** How callbacks are answered: always so; one after another, the last stays; or as a function says. */
export type Answer = Reply | readonly Reply[] | ((received: Received) => Reply | Promise<Reply>)

/** A reply with nothing left out. */
export type Plain = { kind: 'http'; status: number; headers: Record<string, string>; body: string; after: number } | { kind: 'reset' | 'close' | 'hang' }

/**
 * The reply to a callback.
 *
 * @param turn of a list of replies; from 1
 * @throws UsageError where it is none
 */
export async function replyTo(answer: Answer, received: Received, turn: number): Promise<Plain> {
  if (typeof answer === 'function') return plain(await answer(received))
  if (isList(answer)) return plain(answer[Math.min(turn, answer.length) - 1] ?? 200)
  return plain(answer)
}

/** @throws UsageError naming what is no answer; what a function answers is seen when it does */
export function checkAnswer(answer: Answer): void {
  if (typeof answer === 'function') return
  for (const reply of isList(answer) ? answer : [answer]) plain(reply)
}

function isList(answer: Answer): answer is readonly Reply[] {
  return Array.isArray(answer)
}

const FIELDS = ['status', 'body', 'headers', 'after']

function plain(reply: Reply): Plain {
  if (reply === 'reset' || reply === 'close' || reply === 'hang') return { kind: reply }
  const { status = 200, body = '', headers = {}, after = '0s' } = typeof reply === 'number' ? { status: reply } : isObject(reply) ? reply : wrong(reply)
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new UsageError([`an answer's status must be a whole number from 200 to 599, but is ${String(status)}`])
  const wait = readDuration(after)
  if (wait === undefined) throw new UsageError([`an answer's after must be a duration such as ${DURATION_FORMS}, but is "${after}"`])
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value)
  const isJson = typeof body !== 'string'
  return { kind: 'http', status, headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers }, body: isJson ? JSON.stringify(body) : body, after: wait }
}

/** A test in JavaScript may give anything; a field that is none would be a 200 that nobody meant. */
function isObject(reply: unknown): reply is Exclude<Reply, string | number> {
  return typeof reply === 'object' && reply !== null && Object.keys(reply).every((field) => FIELDS.includes(field))
}

function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (error) {
    throw new UsageError([`an answer's headers cannot be sent: ${(error as Error).message}`])
  }
}

function wrong(reply: unknown): never {
  throw new UsageError([`an answer is a status such as 200, an object such as { status: 500, after: '3s' }, 'reset', 'close' or 'hang', but is ${JSON.stringify(reply)}`])
}
