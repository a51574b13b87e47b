import type { IncomingHttpHeaders } from 'node:http'
import { textFromHeader } from '../contract/header-text.ts'
import type { BillStatus } from '../contract/states.ts'
import { verify } from '../signing/sign.ts'

/** The keys of a merchant. */
export interface Keys {
  readonly appKey: string
  readonly appSecret: string
}

/**
 * What the signature of a callback is worth. `unknown`: it may be right, but no key is known for its appKey.
 */
export type SignatureCheck = 'valid' | 'wrong' | 'missing' | 'unknown'

/** A callback that came in, byte for byte. */
export interface Received {
  /** Counted from 1. */
  readonly number: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  /** The bytes as text; the signature covers exactly these. */
  readonly body: string
  /** The body, parsed; undefined where it is no JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  readonly appKey: string
  readonly sign: string
  readonly signature: SignatureCheck
  /** Fields of the body; empty where it has none. */
  readonly tradeUuid: string
  readonly billCode: string
  readonly status: BillStatus | ''
  /** How often this very body has come, this time included: more than 1 is a retry or a duplicate. */
  readonly attempt: number
}

/** @param keys what is known, by appKey: a key that is being changed has two secrets for a while */
export function readReceived(raw: { number: number; attempt: number; method: string; path: string; headers: IncomingHttpHeaders; bytes: Buffer }, keys: ReadonlyMap<string, ReadonlySet<string>>): Received {
  const { headers, bytes } = raw
  const body = bytes.toString('utf8')
  const json = parsed(body)
  const appKey = textFromHeader(one(headers['appkey']))
  const sign = one(headers['sign'])
  const text = (field: string): string => {
    const value = json?.[field]
    return typeof value === 'string' ? value : ''
  }
  const secrets = keys.get(appKey)
  const signature = sign === '' ? 'missing' : secrets === undefined ? 'unknown'
    : [...secrets].some((appSecret) => verify({ appKey, appSecret, content: body, sign })) ? 'valid' : 'wrong'
  return {
    ...raw, body, json, appKey, sign, signature,
    tradeUuid: text('tradeUuid'), billCode: text('billCode'), status: text('status') as BillStatus | '',
  }
}

function one(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(', ') : (header ?? '')
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
