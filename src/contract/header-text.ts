/**
 * HTTP hands header bytes on as Latin-1. A key with other letters travels as UTF-8 bytes, so it is turned from the
 * one into the other at the edge.
 */

/** A text as the header value that carries its UTF-8 bytes. */
export function headerFromText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A header that people read carries ASCII; what is not, a mistyped name in Chinese say, is shown as in a URL. */
export function readableHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (part) => encodeURI(part.toWellFormed()))
}

/** The text that a header's bytes spell. */
export function textFromHeader(header: string): string {
  return Buffer.from(header, 'latin1').toString('utf8')
}
