/**
 * The charsets in which a string is hashed by mistake. Node.js reads them all, and writes none of them but Latin-1; so
 * GBK's table is what reading it gives, turned round.
 */

/** How a charset writes a character that it does not have. */
export type Missing = 'one for each character' | 'one for each UTF-16 unit'

let gbkBytes: Map<string, number> | undefined

function gbkTable(): Map<string, number> {
  const table = new Map<string, number>()
  const decoder = new TextDecoder('gbk')
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue
      const character = decoder.decode(Uint8Array.of(lead, trail))
      if (character.length === 1 && character !== '\ufffd' && !table.has(character)) table.set(character, lead * 0x100 + trail)
    }
  }
  return table
}

/**
 * A text in GBK, as Java's `getBytes("GBK")` and PHP's `mb_convert_encoding` write it: what GBK does not have becomes `?`.
 *
 * @param form gb18030 has all of Unicode: what lies beyond the basic plane takes four bytes
 */
export function toGbk(text: string, form: 'gbk' | 'gb18030' = 'gbk', missing: Missing = 'one for each character'): Buffer {
  const known = (gbkBytes ??= gbkTable())
  const inBytes = text.replace(NOT_ASCII, (character) => {
    const point = character.codePointAt(0) ?? 0
    const pair = known.get(character)
    if (pair !== undefined) return String.fromCharCode(pair >> 8, pair & 0xff)
    return form === 'gb18030' && point > 0xffff ? String.fromCharCode(...fourBytes(point)) : questions(character, missing)
  })
  return Buffer.from(inBytes, 'latin1')
}

const NOT_ASCII = /[^\0-\x7f]/gu

/** GB 18030 counts the characters beyond the basic plane through from 90 30 81 30. */
function fourBytes(point: number): number[] {
  const place = point - 0x10000
  return [0x90 + Math.floor(place / 12600), 0x30 + (Math.floor(place / 1260) % 10), 0x81 + (Math.floor(place / 10) % 126), 0x30 + (place % 10)]
}

/** A text in Latin-1, as Java and Python write it: what it does not have becomes `?`. */
export function toLatin1(text: string, missing: Missing = 'one for each character'): Buffer {
  return Buffer.from(text.replace(/[^\0-\xff]/gu, (character) => questions(character, missing)), 'latin1')
}

/** UTF-8 bytes that were taken for another charset's. */
export function misread(text: string, charset: 'gbk' | 'latin1' | 'windows-1252'): string {
  const bytes = Buffer.from(text)
  return charset === 'latin1' ? bytes.toString('latin1') : new TextDecoder(charset).decode(bytes)
}

function questions(character: string, missing: Missing): string {
  return '?'.repeat(missing === 'one for each character' ? 1 : character.length)
}
