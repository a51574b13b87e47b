import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import { textFromHeader } from '../../contract/header-text.ts'
import { Refusal } from '../../errors.ts'
import type { Merchant } from '../../merchant/merchant.ts'
import { closest } from '../../nearest.ts'
import type { Merchants } from '../../sandbox/merchants.ts'
import { verify } from '../../signing/sign.ts'
import type { Explanation } from '../../signing/explain/explain.ts'
import type { Explainer } from './explainer.ts'

/**
 * The first checks of a request, before its body is read: the headers are there, the appKey is known, and the body
 * will be JSON in UTF-8 (CONTRACT §1).
 *
 * @returns the merchant, or the refusal: HEADER_MISSING, APP_KEY_UNKNOWN or CONTENT_TYPE_UNSUPPORTED
 */
export function admit(request: FastifyRequest, merchants: Merchants): Merchant | Refusal {
  // Node hands header names on in lower case.
  const appKey = header(request, 'appkey')
  const sign = header(request, 'sign')
  const missing = [...(appKey === '' ? ['appKey'] : []), ...(sign === '' ? ['sign'] : [])]
  if (missing.length > 0) {
    return new Refusal('HEADER_MISSING', `the header${missing.length > 1 ? 's' : ''} ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`)
  }
  const merchant = merchants.get(appKey) ?? merchants.get(textFromHeader(appKey))
  if (merchant === undefined) return unknownMerchant(textFromHeader(appKey), merchants)
  return contentTypeRefusal(request) ?? merchant
}

/** Among more merchants than that a name near to the one sent says nothing. */
const FEW_MERCHANTS = 1000

function unknownMerchant(appKey: string, merchants: Merchants): Refusal {
  const names = merchants.list().slice(0, FEW_MERCHANTS).map((merchant) => merchant.appKey)
  const meant = closest(appKey, names)
  const message = `the header appKey names no merchant: "${printable(appKey)}"${meant === undefined ? '' : `; did you mean ${meant}?`}`
  return new Refusal('APP_KEY_UNKNOWN', message, meant === undefined ? {} : { nearMiss: { what: 'appKey', sent: appKey, meant } })
}

function contentTypeRefusal({ headers }: FastifyRequest): Refusal | undefined {
  const type = headers['content-type']
  if (type === undefined) {
    const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
    return isEmpty ? undefined : new Refusal('CONTENT_TYPE_UNSUPPORTED', 'content-type must be application/json, but is missing')
  }
  if (!JSON_TYPE.test(type)) return new Refusal('CONTENT_TYPE_UNSUPPORTED', `content-type must be application/json, but is ${type.slice(0, 80)}`)
  const charset = CHARSET.exec(type)?.[1]
  if (charset === undefined || /^utf-?8$/i.test(charset)) return undefined
  return new Refusal('CONTENT_TYPE_UNSUPPORTED', `the body must be in UTF-8, but content-type says charset=${charset}`)
}

const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i
const CHARSET = /;\s*charset="?([^";\s]+)/i

/** A body's text, and the signature that came with it. */
export interface Signed {
  readonly text: string
  readonly sign: string
}

/**
 * Reads what the signature is of: the body's exact bytes. Nothing is parsed before the signature holds.
 *
 * @throws Refusal BODY_NOT_UTF8
 */
export function readSigned(request: FastifyRequest, body: Buffer): Signed {
  if (!isUtf8(body)) {
    const encoding = request.headers['content-encoding']
    throw new Refusal('BODY_NOT_UTF8', encoding === undefined ? 'the body is not valid UTF-8' : `the body is not valid UTF-8; it was sent with content-encoding ${encoding}, and must be sent as it is`)
  }
  return { text: body.toString('utf8'), sign: header(request, 'sign') }
}

/** Whether the signature fits, as the merchant's setting has it. */
export function isSigned({ text, sign }: Signed, { appKey, appSecret, signature }: Merchant): boolean {
  return verify({ appKey, appSecret, content: text, sign }, signature)
}

/**
 * Refuses a signature, with what is wrong with it.
 *
 * @returns a promise that rejects, where there is something to wait for
 * @throws Refusal SIGN_MISMATCH
 */
export function refuseSignature(explainer: Explainer, request: FastifyRequest, signed: Signed): Promise<never> {
  const diagnosis = explainer.explainInTurn(request.qlink.merchant, signed)
  if (!('then' in diagnosis)) throw mismatch(request, diagnosis)
  return diagnosis.then((explanation) => {
    throw mismatch(request, explanation)
  })
}

function mismatch({ record }: FastifyRequest, diagnosis: Explanation): Refusal {
  if (record !== undefined) record.diagnosis = diagnosis
  const { code, mistakes, twins, message, firstDifference: difference } = diagnosis
  const names = mistakes.join(' + ')
  const hint = [
    names === '' ? String(code) : names,
    ...(twins.length === 0 ? [] : [`or ${twins.join(', ')}`]),
    ...(difference === null ? [] : [`from byte ${difference.byte} on ${difference.hashed} was hashed, not ${difference.expected}`]),
    'POST /_sandbox/signature says more',
  ]
  return new Refusal('SIGN_MISMATCH', names === '' ? message : `${message} (${names})`, { hint: hint.join('; ').replaceAll('…', '...') })
}

function header(request: FastifyRequest, name: string): string {
  const value = request.headers[name] ?? ''
  return typeof value === 'string' ? value : value.join(', ')
}

function printable(shown: string): string {
  return shown.length <= 80 ? shown : `${shown.slice(0, 79)}…`
}
