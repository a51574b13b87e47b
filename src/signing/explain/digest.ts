import { createHmac, hash } from 'node:crypto'
import type { MistakeCode } from './mistakes/table.ts'

/** What a header `sign` can be, by how it is written. */
export interface ReceivedDigest {
  /** Its hash, by its length. */
  readonly algorithm: 'sha1' | 'sha256' | 'md5'
  /** What is wrong with how it is written, though its bytes may be right. */
  readonly spelling: MistakeCode | undefined
  /** Whether a digest in lower-case hex is the one received. */
  readonly matches: (hex: string) => boolean
}

const ALGORITHMS: Readonly<Record<number, ReceivedDigest['algorithm']>> = { 40: 'sha1', 64: 'sha256', 32: 'md5' }

/** @returns undefined where it cannot be the digest of anything */
export function readDigest(sign: string): ReceivedDigest | undefined {
  const text = sign.trim()
  const lower = text.toLowerCase().replace(/^0x/, '').replace(/(?<=[0-9a-f]{2})[-: ](?=[0-9a-f]{2})/g, '')
  if (/^[0-9a-f]+$/.test(lower)) {
    const algorithm = ALGORITHMS[lower.length]
    if (algorithm !== undefined) return { algorithm, spelling: lower === text ? undefined : 'uppercase-hex', matches: (hex) => hex === lower }
    // The other lengths are no digest's; a SHA-1 that has lost more than half of its digits is nobody's either.
    if (lower.length > 20 && lower.length < 40) {
      return { algorithm: 'sha1', spelling: 'zeros-dropped', matches: (hex) => lower === hex.replace(/^0+/, '') || lower === hex.replace(/0(.)|(..)/g, '$1$2') }
    }
  }
  const bytes = fromBase64(text)
  if (bytes === undefined) return undefined
  const inHex = bytes.toString('latin1').toLowerCase()
  // Base64 of the bytes, or of their hex digits.
  const hex = /^[0-9a-f]+$/.test(inHex) && inHex.length in ALGORITHMS ? inHex : bytes.toString('hex')
  const algorithm = ALGORITHMS[hex.length]
  return algorithm === undefined ? undefined : { algorithm, spelling: 'base64-digest', matches: (one) => one === hex }
}

/** Base64, its URL alphabet, and either of them once more encoded for a URL. */
function fromBase64(text: string): Buffer | undefined {
  const plain = text.replace(/%(2B|2F|3D)/gi, (found) => decodeURIComponent(found))
  return /^[\w+/-]{20,90}={0,2}$/.test(plain) ? Buffer.from(plain, 'base64') : undefined
}

/** A digest in lower-case hex. */
export function digestOf(algorithm: ReceivedDigest['algorithm'], text: string | Buffer): string {
  return hash(algorithm, text)
}

/** An HMAC in lower-case hex. */
export function hmacOf(algorithm: ReceivedDigest['algorithm'], key: string, text: string): string {
  return createHmac(algorithm, key).update(text).digest('hex')
}
