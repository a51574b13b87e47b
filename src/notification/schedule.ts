import type { Attempt } from '../bill/bill.ts'
import { closest } from '../nearest.ts'
import { readDuration } from '../time/duration.ts'
import { PRESETS, QLINK, type RetryPolicy } from './presets.ts'

/** The preset of those who name none. */
export const DEFAULT_SCHEDULE = QLINK.name

/** How long a merchant may take to answer (CONTRACT §8). */
export const DEFAULT_TIMEOUT = '10s'

/** How many attempts may be under way to one merchant at once. */
export const DEFAULT_CONCURRENCY = 10

/** However long a merchant asks to wait, it is tried again after a day. */
const LONGEST_POSTPONEMENT = 24 * 3_600_000

/** As people write it: a preset's name, waits in a list or with commas between, or `none`. */
export type Schedule = string | readonly string[]

/**
 * The policy that a schedule stands for.
 *
 * @param schedule one that {@link scheduleComplaint} has nothing against; what it would refuse is taken for `qlink`
 */
export function policyOf(schedule: Schedule): RetryPolicy {
  if (typeof schedule !== 'string') return { waits: schedule }
  const preset = PRESETS.find(({ name }) => name === schedule)
  if (preset !== undefined) return preset
  const waits = readWaits(schedule)
  return waits === undefined ? QLINK : { waits }
}

/**
 * Why a schedule cannot be used.
 *
 * @returns the end of a sentence, `must be …` with the nearest name there is, or undefined where it can be used
 */
export function scheduleComplaint(schedule: Schedule): string | undefined {
  if (typeof schedule !== 'string') return schedule.every(isWait) ? undefined : `must be waits such as ${EXAMPLE}`
  const names = PRESETS.map(({ name }) => name)
  if (names.includes(schedule) || readWaits(schedule) !== undefined) return undefined
  const near = closest(schedule, names)
  const which = near === undefined ? names.join(', ') : `did you mean ${near}?`
  return `must be a retry preset (${which}), waits with commas between such as ${EXAMPLE}, or none`
}

const EXAMPLE = '15s,30s,3m'

const isWait = (text: string): boolean => readDuration(text) !== undefined

/** Waits with commas between, or `none`; undefined where a text is anything else, such as a preset's name. */
export function readWaits(text: string): string[] | undefined {
  if (text === 'none' || text === '') return []
  const waits = text.split(',').map((part) => part.trim())
  return waits.every(isWait) ? waits : undefined
}

/** What follows an attempt that was not acknowledged: another one, so many milliseconds later, or none, and why. */
export type Next = { wait: number; over?: undefined } | { wait?: undefined; over: string }

/**
 * What follows an attempt that was not acknowledged.
 *
 * @param attempts those that the policy has made so far, in their order; the last one is the one in question
 */
export function nextWait(policy: RetryPolicy, attempts: readonly Pick<Attempt, 'at' | 'answer'>[]): Next {
  const last = attempts.at(-1)
  const end = last?.answer === undefined ? undefined : endedBy(policy, last.answer, attempts)
  if (end !== undefined) return { over: end }
  const wait = policy.waits[attempts.length - 1]
  const planned = wait === undefined ? undefined : readDuration(wait)
  if (planned === undefined || last === undefined) return { over: 'no retry is left' }
  return { wait: Math.max(planned, Math.min(askedFor(policy, last), LONGEST_POSTPONEMENT)) }
}

type Answer = NonNullable<Attempt['answer']>

function endedBy({ stopStatuses = [], stopHeader, limits = [] }: RetryPolicy, { status, headers }: Answer, attempts: readonly Pick<Attempt, 'answer'>[]): string | undefined {
  if (stopStatuses.includes(status)) return `after ${status} there is no retry`
  const said = stopHeader === undefined ? undefined : headers[stopHeader.name]?.trim()
  if (stopHeader?.values.includes(said ?? '') === true) return `after "${stopHeader.name}: ${said ?? ''}" there is no retry`
  const limit = limits.find(({ statuses }) => statuses.includes(status))
  if (limit === undefined) return undefined
  const such = attempts.filter(({ answer }) => answer !== undefined && limit.statuses.includes(answer.status)).length
  return such > limit.retries ? `after ${limit.statuses.join(' or ')} there ${limit.retries === 1 ? 'is one retry' : `are ${limit.retries} retries`}` : undefined
}

/** The one form of a date that HTTP has now, and the one it had before (RFC 9110 §5.6.7). Both name their zone. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * How long an answer asks to wait, in milliseconds; 0 where it does not ask, or the policy does not listen.
 *
 * `Retry-After` may be a date (RFC 9110 §10.2.3). It is the merchant's, whose clock need not be the sandbox's: a manual
 * clock may stand years away. So it counts from the answer's own `Date`, which every server with a clock sends; where
 * there is none, from the attempt's time on the sandbox's clock, which alone is the same in every run.
 */
function askedFor({ retryAfterStatuses = [] }: RetryPolicy, { at, answer }: Pick<Attempt, 'at' | 'answer'>): number {
  if (answer === undefined || !retryAfterStatuses.includes(answer.status)) return 0
  const asked = answer.headers['retry-after']?.trim() ?? ''
  if (/^\d+$/.test(asked)) return Number(asked) * 1000
  const until = readDate(asked)
  return until === undefined ? 0 : until - (readDate(answer.headers['date']) ?? at)
}

function readDate(text = ''): number | undefined {
  const time = HTTP_DATE.test(text.trim()) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
