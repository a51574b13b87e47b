import { RATES, readRate } from '../time/clock.ts'
import { DURATION_FORMS, readDuration } from '../time/duration.ts'
import { isTimeZone } from '../contract/wire-time.ts'
import { timeoutFaults, urlFaults } from '../merchant/faults.ts'
import { readWaits, scheduleComplaint, type Schedule } from '../notification/schedule.ts'

/** Reads a setting's text. What it throws is the end of a sentence: `must be …`. */
export type Reader<T> = (text: string) => T

/** Thrown by a reader whose text must not be shown: it is or holds a secret. */
export class Unshown extends Error {}

/** A whole number within bounds. */
export const whole = (least: number, most: number): Reader<number> => (text) => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new Error(`must be a whole number from ${least} to ${most}`)
  return value
}

/** One of a few words. */
export const oneOf = <T extends string>(...words: readonly T[]): Reader<T> => (text) => {
  if (!(words as readonly string[]).includes(text)) throw new Error(`must be ${words.slice(0, -1).join(', ')} or ${String(words.at(-1))}`)
  return text as T
}

/** The clock: manual, real, or real with a rate. */
export type ClockSetting = 'real' | 'manual' | `${number}x`

/** `real`, `manual` or a rate such as `60x`; a rate of 1 is real. */
export const clock: Reader<ClockSetting> = (text) => {
  if (text === 'real' || text === 'manual') return text
  const rate = readRate(text)
  if (rate === undefined) throw new Error(`must be real, manual or a rate from ${RATES.least}x to ${RATES.most}x such as 60x`)
  return rate === 1 ? 'real' : `${rate}x`
}

/** Any text but the empty one. */
export const anyText: Reader<string> = (text) => {
  if (text === '') throw new Error('must not be empty')
  return text
}

/** A duration, kept as it was written. */
export const duration = (zeroAllowed = false): Reader<string> => (text) => {
  const length = readDuration(text)
  if (length === undefined || (length === 0 && !zeroAllowed)) throw new Error(`must be a duration such as ${DURATION_FORMS}`)
  return text
}

/** How long a merchant may take to answer. */
export const timeout: Reader<string> = (text) => {
  if (timeoutFaults('', text).length > 0) throw new Error('must be a duration of more than 0 and at most 10m, such as 10s')
  return text
}

/** A retry preset's name, or durations with commas between; `none` for no retry. */
export const schedule: Reader<Schedule> = (text) => {
  const complaint = scheduleComplaint(text)
  if (complaint !== undefined) throw new Error(complaint)
  return readWaits(text) ?? text
}

export const timeZone: Reader<string> = (text) => {
  if (!isTimeZone(text)) throw new Error('must be a time zone such as Asia/Shanghai')
  return text
}

/** An http or https URL. */
export const url: Reader<string> = (text) => {
  if (/^[a-z]+:\/\/[^/]*@/i.test(text)) throw new Unshown('must be a URL without user name and password')
  if (urlFaults('', text).length > 0) throw new Error('must be an http or https URL such as http://127.0.0.1:8080')
  return text
}

/** First segments of the sandbox's own paths. */
const OWN_PATHS = ['_sandbox', 'docs', 'health', 'checkout', 'openapi.json']

/** A path that begins with a slash; a single slash, the root, comes back empty, so that paths can be appended. */
export const path: Reader<string> = (text) => {
  if (text === '/') return ''
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(text)) throw new Error('must be a path such as /open-platform-api/pay')
  const [, first = ''] = text.split('/')
  if (OWN_PATHS.includes(first)) throw new Error(`must not begin with /${first}, where the sandbox has pages of its own`)
  return text
}

/** A JSON object's key. */
export const key: Reader<string> = (text) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(text)) throw new Error('must be a key such as result')
  if (['success', 'message', '__proto__'].includes(text)) throw new Error('must not be success or message, which every answer has')
  return text
}

/** What a client can send in a header. */
export const token: Reader<string> = (text) => {
  if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text)) throw new Unshown('must be printable ASCII without blanks at its ends, as it travels in a header')
  return text
}
