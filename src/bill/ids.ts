import { hash, randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What names a bill. */
export interface BillIds {
  /** `QL` and 16 letters and digits (80 bits): short enough for a QR text's bill number, which takes 25. */
  billCode: string
  /** `pr-` and a UUID, after the form of the provider behind QRIS. */
  paymentRequestId: string
}

/**
 * Where all generated ids come from: a seed and what the id is for, hashed. A bill's code depends on nothing but the
 * seed and the merchant's own tradeUuid, so parallel tests get the same ids in whatever order they run.
 */
export interface Ids {
  /** @param attempt counts up until the code is one that no bill has */
  bill(appKey: string, tradeUuid: string, attempt: number): BillIds
  /** A key and a secret for merchant number `count`. */
  merchant(count: number): { appKey: string; appSecret: string }
}

/**
 * @param seed any text; left out, ids are random from one start to the next
 */
export function createIds(seed: string = randomBytes(16).toString('hex')): Ids {
  const digest = (...parts: (string | number)[]): string => hash('sha256', JSON.stringify([seed, ...parts]))
  return {
    bill: (appKey, tradeUuid, attempt) => {
      const hex = digest('bill', appKey, tradeUuid, attempt)
      return { billCode: `QL${letters(hex.slice(0, 32))}`, paymentRequestId: `pr-${uuid(hex.slice(32))}` }
    },
    merchant: (count) => ({
      appKey: `app-${letters(digest('key', count).slice(0, 32)).toLowerCase()}`,
      appSecret: `secret-${digest('secret', count).slice(0, 40)}`,
    }),
  }
}

/** A letter or digit for each byte. */
function letters(hex: string): string {
  let text = ''
  // Five bits of each byte: uniform, since 32 divides 256.
  for (let place = 0; place < hex.length; place += 2) text += ALPHABET.charAt(parseInt(hex.slice(place, place + 2), 16) & 31)
  return text
}

function uuid(hex: string): string {
  const variant = '89ab'.charAt(parseInt(hex.charAt(16), 16) & 3)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
