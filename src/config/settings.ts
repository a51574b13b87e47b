import { fileURLToPath } from 'node:url'
import { DEFAULT_BODY_LIMIT } from '../contract/limits.ts'
import { DEFAULT_CONCURRENCY, DEFAULT_SCHEDULE, DEFAULT_TIMEOUT } from '../notification/schedule.ts'
import { anyText, clock, duration, key, oneOf, path, schedule, timeout, timeZone, token, url, whole, type Reader } from './readers.ts'

/** What ships with the package, whether it runs from src/ or from dist/. */
const shipped = (folder: string): string => fileURLToPath(new URL(`../../${folder}`, import.meta.url))

export const SHIPPED_FIXTURES = shipped('fixtures')
export const SHIPPED_SCENARIOS = shipped('scenarios')

interface Setting<T> {
  /** The variable in the environment. */
  env: string
  /** What the value is called in the help. */
  value: string
  read: Reader<T>
  /** Undefined for a setting that may be left unset. */
  default: T
  help: string
}

const setting = <T>(env: string, value: string, read: Reader<T>, fallback: T, help: string): Setting<T> =>
  ({ env, value, read, default: fallback, help })

const optional = <T>(env: string, value: string, read: Reader<T>, help: string): Setting<T | undefined> =>
  ({ env, value, read, default: undefined, help })

/**
 * Every setting there is: flags, environment variables, configuration file, help and the library's options are all
 * made of this one table. A flag is the name with hyphens: `notifyUrl` is `--notify-url`.
 */
export const SETTINGS = {
  port: setting('PORT', 'n', whole(0, 65_535), 4800, 'port to listen on; 0 takes a free one'),
  host: setting('HOST', 'host', anyText, '127.0.0.1', 'address to listen on'),
  data: setting('QLINK_DATA', 'file', anyText, 'data/qlink.json', 'where bills live; "memory" keeps nothing'),
  durability: setting('QLINK_DURABILITY', 'how', oneOf('os', 'fsync'), 'os', 'an answered request survives the death of the process ("os") or of the machine ("fsync")'),
  keepAnswers: setting('QLINK_KEEP_ANSWERS', 'n', whole(0, 10_000_000), 10_000, 'of so many attempts the merchants\' answers are kept whole'),
  keepAnswerBytes: setting('QLINK_KEEP_ANSWER_BYTES', 'bytes', whole(0, 2 ** 40), 16 * 1024 * 1024, 'the same, by their size'),
  keepRequests: setting('QLINK_KEEP_REQUESTS', 'n', whole(0, 10_000_000), 10_000, 'so many requests are kept in the journal, in memory'),
  keepRequestBytes: setting('QLINK_KEEP_REQUEST_BYTES', 'bytes', whole(0, 2 ** 40), 16 * 1024 * 1024, 'the same, by the size of requests and answers'),
  fixtures: setting('QLINK_FIXTURES', 'dir', anyText, SHIPPED_FIXTURES, 'directory with merchants.json'),
  scenarios: optional('QLINK_SCENARIOS', 'dir', anyText, 'directory of scenario files, over the shipped ones'),
  scenario: setting('QLINK_SCENARIO', 'name', anyText, 'wait-for-customer', 'scenario of a bill that no other one claims'),
  notifyUrl: optional('QLINK_NOTIFY_URL', 'url', url, 'where the demo merchant is notified'),
  notifySchedule: setting('QLINK_NOTIFY_SCHEDULE', 'waits', schedule, DEFAULT_SCHEDULE, 'a retry preset (qlink-sandbox schedule lists them), or the waits between attempts, with commas; "none" for one attempt'),
  notifyTimeout: setting('QLINK_NOTIFY_TIMEOUT', 'duration', timeout, DEFAULT_TIMEOUT as string, 'how long a merchant may take to answer'),
  notifyConcurrency: setting('QLINK_NOTIFY_CONCURRENCY', 'n', whole(1, 1000), DEFAULT_CONCURRENCY, 'attempts under way at once, per merchant'),
  clock: setting('QLINK_CLOCK', 'mode', clock, 'real', '"real"; a rate such as "60x", a minute a second; or "manual": time stands still until it is advanced'),
  now: optional('QLINK_NOW', 'time', anyText, 'where a manual clock starts, or one with a rate, e.g. "2026-01-01 00:00:00"'),
  seed: optional('QLINK_SEED', 'text', anyText, 'all generated ids derive from it'),
  expireAfter: setting('QLINK_EXPIRE_AFTER', 'duration', duration(), '48h', 'how long a bill waits to be paid'),
  timeZone: setting('QLINK_TIME_ZONE', 'zone', timeZone, 'Asia/Shanghai', 'zone of the times in the contract'),
  responseFormat: setting('QLINK_RESPONSE_FORMAT', 'format', oneOf('documented', 'envelope'), 'documented', '"documented" or "envelope"'),
  resultKey: setting('QLINK_RESULT_KEY', 'key', key, 'result', 'key of the result in an envelope'),
  httpStatus: setting('QLINK_HTTP_STATUS', 'mode', oneOf('always-200', 'semantic'), 'always-200', 'status of a failure: "always-200" or "semantic"'),
  bodyLimit: setting('QLINK_BODY_LIMIT', 'bytes', whole(1, 1024 ** 3), DEFAULT_BODY_LIMIT, 'largest request body'),
  basePath: setting('QLINK_BASE_PATH', 'path', path, '/open-platform-api/pay', 'where the four endpoints are'),
  publicUrl: optional('QLINK_PUBLIC_URL', 'url', url, 'base of checkout links, where it is not host and port'),
  controlToken: optional('QLINK_CONTROL_TOKEN', 'token', token, 'asked for as "Authorization: Bearer" by all but /health and the four endpoints; links to checkout pages carry a key of their own'),
  logLevel: setting('QLINK_LOG_LEVEL', 'level', oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), 'info', 'pino level'),
  logFormat: setting('QLINK_LOG_FORMAT', 'format', oneOf('auto', 'json', 'pretty'), 'auto', '"json", "pretty" for people to read, or "auto": pretty on a terminal'),
}

export type SettingName = keyof typeof SETTINGS

/** All settings, read and checked. */
export type Settings = { [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never }

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** `notifyUrl` as it is written on the command line and in the configuration file: `notify-url`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
