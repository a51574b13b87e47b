import { createHmac, randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * Where all generated ids come from: a seed and what the id is for, hashed. A bill's code depends on nothing but the
 * seed and the merchant's own tradeUuid, so parallel tests get the same ids in whatever order they run.
 */
export interface Ids {
  /** `QL` and 16 letters and digits (80 bits): short enough for a QR text's bill number, which takes 25. */
  billCode(appKey: string, tradeUuid: string, attempt: number): string
  /** `pr-` and a UUID, after the form of the provider behind QRIS. */
  paymentRequestId(billCode: string): string
  /** A key and a secret for merchant number `count`. */
  merchant(count: number): { appKey: string; appSecret: string }
}

/**
 * @param seed any text; left out, ids are random from one start to the next
 */
export function createIds(seed: string = randomBytes(16).toString('hex')): Ids {
  const digest = (...parts: (string | number)[]): Buffer =>
    createHmac('sha256', seed).update(JSON.stringify(parts)).digest()
  return {
    billCode: (appKey, tradeUuid, attempt) => `QL${base32(digest('bill', appKey, tradeUuid, attempt), 16)}`,
    paymentRequestId: (billCode) => `pr-${uuid(digest('request', billCode))}`,
    merchant: (count) => ({
      appKey: `app-${base32(digest('key', count), 16).toLowerCase()}`,
      appSecret: `secret-${digest('secret', count).toString('hex').slice(0, 40)}`,
    }),
  }
}

function base32(bytes: Buffer, length: number): string {
  // Five bits of each byte: uniform, since 32 divides 256.
  return Array.from(bytes.subarray(0, length), (byte) => ALPHABET[byte & 31]).join('')
}

function uuid(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  const variant = '89ab'[(bytes[8] ?? 0) & 3] ?? '8'
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
