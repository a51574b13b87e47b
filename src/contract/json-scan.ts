/**
 * A walk over a JSON text that has been parsed already, for what parsing loses: keys that are given twice, and the
 * digits of numbers. It takes well-formedness for granted, and reads each character once.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** How many keys all objects of a JSON text have together, each counted as often as it is written, and how deep it is. */
export function measure(text: string): { keys: number; depth: number } {
  let keys = 0
  const depth = walk(text, () => {
    keys++
  })
  return { keys, depth }
}

/**
 * Where the value of a key of the outermost object begins; of a key that is given twice, the last one's.
 *
 * @returns undefined where there is no such key
 */
export function findValue(text: string, key: string): number | undefined {
  let found: number | undefined
  walk(text, (colon, depth, start, end) => {
    if (depth === 1 && isKey(text, start, end, key)) found = colon + 1
  })
  return found
}

/**
 * Calls `visit` with each colon between key and value, how deep it is, and where the key is, without its quotes.
 *
 * @returns how deep the text is
 */
function walk(text: string, visit: (colon: number, depth: number, start: number, end: number) => void): number {
  let depth = 0
  let deepest = 0
  let start = 0
  let end = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        start = at + 1
        at = end = endOfText(text, start)
        break
      case 0x7b: // {
      case 0x5b: // [
        deepest = Math.max(deepest, ++depth)
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
      case COLON:
        visit(at, depth, start, end)
    }
  }
  return deepest
}

/** The place of the quote that ends a text. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end
  }
}

function isKey(text: string, start: number, end: number, key: string): boolean {
  if (end - start === key.length) return text.startsWith(key, start)
  const written = text.slice(start, end)
  return written.includes('\\') && JSON.parse(`"${written}"`) === key
}
