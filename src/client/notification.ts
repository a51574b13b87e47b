import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { isUint8Array } from 'node:util/types'
import { textFromHeader } from '../contract/header-text.ts'
import { readNumbersAsText } from '../contract/json.ts'
import type { PayNotification } from '../contract/schemas.ts'
import { verify } from '../signing/sign.ts'
import { QLinkSignatureInvalid } from './errors.ts'

/**
 * The secrets that a notification may be signed with: one, several while a secret is being changed, or those of each
 * appKey where there are several merchants.
 */
export type NotificationSecrets = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>

/** Headers as node:http has them, or as a `Headers` object. */
export type NotificationHeaders = IncomingHttpHeaders | { get(name: string): string | null }

/**
 * Checks a notification and reads it. Any of the secrets fits, so that a notification signed with the old one is good
 * while the secret is being changed; the time does not tell which one it was, or how near a forgery came.
 *
 * The signature names neither the time nor the endpoint: a captured notification can be sent again and stays right. So
 * take each state of a bill once, and ask getPayStatus where money depends on it.
 *
 * @param rawBody the body exactly as it came: its bytes, or their text; not the object that a framework made of it
 * @returns the notification; fields that it has besides stay, and numbers in them are text
 * @throws QLinkSignatureInvalid saying what is wrong, `reason` for machines
 * @throws TypeError where the secrets are not to be used: none at all, or an empty one
 */
export function verifyNotification(rawBody: Buffer | Uint8Array | string, headers: NotificationHeaders, secrets: NotificationSecrets): PayNotification {
  checkSecrets(secrets)
  const content = textOf(rawBody)
  const appKey = requiredHeader(headers, 'appKey')
  const sign = requiredHeader(headers, 'sign')
  const signers = [...new Set([appKey, textFromHeader(appKey)])].map((name) => ({ name, known: secretsOf(name, secrets) }))
  const candidates = signers.flatMap(({ name, known }) => known.map((appSecret) => ({ appKey: name, appSecret })))
  if (candidates.length === 0) throw new QLinkSignatureInvalid('app-key-unknown', `the notification is signed by the appKey ${JSON.stringify(textFromHeader(appKey).slice(0, 80))}, of which no secret is known`)
  // All of them, whether or not one has fitted.
  const fits = candidates.map((keys) => verify({ ...keys, content, sign }))
  if (!fits.includes(true)) {
    const tried = candidates.length === 1 ? 'the secret' : `any of ${candidates.length} secrets`
    throw new QLinkSignatureInvalid('sign-mismatch', `the header sign does not fit the notification with ${tried}: it is forged, or its body is not the raw one (re-serialised JSON has other bytes)`)
  }
  return readNotification(content)
}

/** @throws TypeError where a secret is no text, or empty, or there is none: an empty one would let anyone sign */
export function checkSecrets(secrets: NotificationSecrets): void {
  const all = typeof secrets === 'string' ? [secrets] : Object.values((secrets as object | undefined) ?? {}).flat() as unknown[]
  if (all.length === 0) throw new TypeError('secrets must have at least one secret')
  if (!all.every((secret) => typeof secret === 'string' && secret !== '')) throw new TypeError('secrets must be texts that are not empty')
}

function secretsOf(appKey: string, secrets: NotificationSecrets): readonly string[] {
  if (typeof secrets === 'string') return [secrets]
  if (isList(secrets)) return secrets
  return Object.hasOwn(secrets, appKey) ? [secrets[appKey] ?? []].flat() : []
}

/** Array.isArray does not know lists that are read-only. */
function isList(secrets: Exclude<NotificationSecrets, string>): secrets is readonly string[] {
  return Array.isArray(secrets)
}

const NOT_RAW = 'the signature covers the raw bytes of the body, so it has to be checked before a body parser makes an object of them'

function textOf(rawBody: unknown): string {
  if (typeof rawBody === 'string') {
    if (rawBody.isWellFormed()) return rawBody
  } else if (isUint8Array(rawBody)) {
    if (isUtf8(rawBody)) return Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength).toString('utf8')
  } else {
    const given = rawBody === undefined || rawBody === null ? 'no body was given' : 'the body was given already parsed, as an object'
    throw new QLinkSignatureInvalid('not-raw', `${given}; ${NOT_RAW}`)
  }
  throw new QLinkSignatureInvalid('not-utf8', 'the notification’s body is not valid UTF-8')
}

function requiredHeader(headers: NotificationHeaders, name: 'appKey' | 'sign'): string {
  const value = header(headers, name)
  if (value === '') throw new QLinkSignatureInvalid('header-missing', `the header ${name} is missing`)
  return value
}

function header(headers: NotificationHeaders, name: string): string {
  if (typeof headers.get === 'function') return headers.get(name) ?? ''
  const plain = headers as IncomingHttpHeaders
  const lower = name.toLowerCase()
  // Node writes names in lower case; what hands events on, functions in a cloud say, may not.
  const value = plain[lower] ?? Object.entries(plain).find(([key]) => key.toLowerCase() === lower)?.[1] ?? ''
  return typeof value === 'string' ? value : value.join(', ')
}

/** Fields that a notification always has; the signature alone does not make one: requests are signed alike. */
const NEEDED = ['tradeUuid', 'billCode', 'orderCode', 'status'] as const
const OTHERS = ['paymentRequestId', 'payTime', 'errorCode'] as const

function readNotification(content: string): PayNotification {
  let value: unknown
  try {
    value = readNumbersAsText(content)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new QLinkSignatureInvalid('not-a-notification', 'the signature fits, but the body is not a JSON object with each key once')
  const fields = { ...(value as Record<string, unknown>) }
  for (const name of OTHERS) fields[name] ??= ''
  for (const name of [...NEEDED, ...OTHERS]) {
    const needed = (NEEDED as readonly string[]).includes(name)
    if (typeof fields[name] !== 'string' || (needed && fields[name] === '')) {
      throw new QLinkSignatureInvalid('not-a-notification', `the signature fits, but the body is no notification: ${name} is ${fields[name] === undefined || fields[name] === '' ? 'missing' : 'not a text'}`)
    }
  }
  return fields as PayNotification
}
