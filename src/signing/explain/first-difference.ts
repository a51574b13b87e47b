/** Where two strings of bytes part, and what stands there. */
export interface Difference {
  /** The first byte that is not the same, counted from 0. */
  readonly byte: number
  /** What was hashed around there, and what should have been. */
  readonly hashed: string
  readonly expected: string
}

/** How many bytes are shown before the difference, and from there on. */
const BEFORE = 16
const BEHIND = 24

/** @returns undefined where there is no difference */
export function firstDifference(hashed: Buffer, expected: Buffer): Difference | undefined {
  if (hashed.equals(expected)) return undefined
  let byte = 0
  while (byte < hashed.length && byte < expected.length && hashed[byte] === expected[byte]) byte++
  return { byte, hashed: excerpt(hashed, byte), expected: excerpt(expected, byte) }
}

/** Text where the bytes are UTF-8, and else their hex digits. */
function excerpt(bytes: Buffer, around: number): string {
  let start = Math.max(0, around - BEFORE)
  // No character is cut in two.
  while (start < around && isContinuation(bytes[start])) start++
  let end = Math.min(bytes.length, around + BEHIND)
  while (end < bytes.length && isContinuation(bytes[end])) end++
  const part = bytes.subarray(start, end)
  const text = part.toString('utf8')
  const shown = text.includes('\ufffd') ? part.toString('hex').replace(/..(?=.)/g, '$& ') : text
  return `${start > 0 ? '…' : ''}${shown}${end < bytes.length ? '…' : ''}`
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
