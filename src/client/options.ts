import { headerFromText } from '../contract/header-text.ts'
import type { Dispatcher } from 'undici'
import type { AnswerForm, ResponseFormat } from './answers.ts'

/** How {@link QLinkClient} reaches QLink. */
export interface QLinkClientOptions {
  /** The merchant's public key. */
  appKey: string
  /** The merchant's secret. It is in no message and in nothing that can be printed. */
  appSecret: string
  /** Where the four endpoints are: `http://127.0.0.1:4800/open-platform-api/pay` of a sandbox. */
  baseUrl: string
  /** Milliseconds from the call to the last byte of the answer; 10 s unless given. */
  timeout?: number
  /** How answers are wrapped; both formats are recognised unless one is named. */
  responseFormat?: ResponseFormat
  /** The key of an envelope; unless given, `result`, `data` and `content` are recognised. */
  resultKey?: string
  /** An undici dispatcher of your own, such as a ProxyAgent; closing it stays yours. Let it neither retry nor follow redirects. */
  dispatcher?: Dispatcher
}

/** The options, checked. */
export interface ClientSettings {
  keys: { appKey: string; appSecret: string }
  appKeyHeader: string
  origin: string
  path: string
  timeout: number
  form: AnswerForm
}

const DEFAULT_TIMEOUT = 10_000
/** The longest that a timer of Node runs. */
const LONGEST_TIMEOUT = 2 ** 31 - 1
const FORMATS: readonly ResponseFormat[] = ['documented', 'envelope', 'any']

/** @throws TypeError naming the option that cannot be used; never with the secret */
export function readOptions({ appKey, appSecret, baseUrl, timeout = DEFAULT_TIMEOUT, responseFormat = 'any', resultKey }: QLinkClientOptions): ClientSettings {
  const header = headerFromText(mustBeText('appKey', appKey))
  // eslint-disable-next-line no-control-regex -- these are what a header cannot carry
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(header)) throw new TypeError('appKey must not have control characters such as a line end')
  mustBeText('appSecret', appSecret)
  if (!(timeout > 0 && timeout <= LONGEST_TIMEOUT)) throw new TypeError(`timeout must be a number of milliseconds from 1 to ${LONGEST_TIMEOUT}, but is ${String(timeout)}`)
  if (!FORMATS.includes(responseFormat)) throw new TypeError(`responseFormat must be ${FORMATS.join(' or ')}, but is ${JSON.stringify(responseFormat)}`)
  if (resultKey !== undefined) mustBeText('resultKey', resultKey)
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search + url.hash + url.username !== '') {
    throw new TypeError(`baseUrl must be an http or https URL such as http://127.0.0.1:4800/open-platform-api/pay, without query or user, but is ${JSON.stringify(baseUrl)}`)
  }
  return { keys: { appKey, appSecret }, appKeyHeader: header, origin: url.origin, path: url.pathname.replace(/\/+$/, ''), timeout, form: { format: responseFormat, resultKey } }
}

function mustBeText(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a text that is not empty`)
  return value
}
