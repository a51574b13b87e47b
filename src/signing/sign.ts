import { hash, timingSafeEqual } from 'node:crypto'
import { stringToSign, stringToSignAsObject, type SigningInput } from './string-to-sign.ts'

/** How a merchant's signatures are read: `content` as a string (QLink's rule), nested as an object, or both. */
export type SignatureReading = 'strict' | 'object' | 'either'

/**
 * Signs a body as QLink does: SHA-1 over the UTF-8 bytes of {@link stringToSign}, in lower-case hex.
 *
 * @param input key, secret and body text
 * @returns 40 hex digits for the header `sign`
 */
export function sign(input: SigningInput): string {
  return sha1Hex(stringToSign(input))
}

/** Signs with `content` nested as an object; see {@link stringToSignAsObject}. */
export function signAsObject(input: SigningInput): string {
  return sha1Hex(stringToSignAsObject(input))
}

/**
 * Tells whether a signature fits a body, in a time that does not depend on where they differ.
 *
 * @param input key, secret, body text and the signature received
 * @param reading which form of the string to sign is accepted; `strict` is QLink's rule
 * @returns true where it fits exactly; upper-case hex does not
 */
export function verify(input: SigningInput & { sign: string | undefined }, reading: SignatureReading = 'strict'): boolean {
  const strict = reading !== 'object' && sameText(sign(input), input.sign)
  const object = reading !== 'strict' && sameText(signAsObject(input), input.sign)
  return strict || object
}

function sha1Hex(text: string): string {
  return hash('sha1', text)
}

function sameText(expected: string, received: string | undefined): boolean {
  // A header that was not sent.
  if (typeof received !== 'string') return false
  const a = Buffer.from(expected)
  const b = Buffer.from(received)
  return a.length === b.length && timingSafeEqual(a, b)
}
