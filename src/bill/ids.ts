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
  /** A number from 0 up to 1: jitter, the same for the same seed and the same parts. */
  chance(...parts: (string | number)[]): number
}

/**
 * @param seed any text; left out, ids are random from one start to the next
 */
export function createIds(seed: string = randomBytes(16).toString('hex')): Ids {
  const digest = (...parts: (string | number)[]): Buffer => hash('sha256', JSON.stringify([seed, ...parts]), 'buffer')
  return {
    bill: (appKey, tradeUuid, attempt) => {
      const bytes = digest('bill', appKey, tradeUuid, attempt)
      return { billCode: `QL${letters(bytes)}`, paymentRequestId: `pr-${uuid(bytes.toString('hex', 16))}` }
    },
    merchant: (count) => ({
      appKey: `app-${letters(digest('key', count)).toLowerCase()}`,
      appSecret: `secret-${digest('secret', count).toString('hex', 0, 20)}`,
    }),
    chance: (...parts) => digest('chance', ...parts).readUIntBE(0, 6) / 2 ** 48,
  }
}

/** A letter or digit for each of the first sixteen bytes. */
function letters(bytes: Buffer): string {
  let text = ''
  // Five bits of each byte: uniform, since 32 divides 256.
  for (let place = 0; place < 16; place++) text += ALPHABET.charAt((bytes[place] ?? 0) & 31)
  return text
}

function uuid(hex: string): string {
  const variant = '89ab'.charAt(parseInt(hex.charAt(16), 16) & 3)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
