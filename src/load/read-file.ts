import { isUtf8 } from 'node:buffer'
import { lstat, readFile, stat } from 'node:fs/promises'

/** What was read, or why it cannot be had, in a few words. */
export type ReadText = { text: string; problem?: never } | { text?: never; problem: string }

/** The same of a file that is read with care: `at` is where something is wrong with what it holds, if that is what is. */
export type ReadStrictly = { text: string; problem?: never } | { text?: never; problem: string; at?: string; unreadable: boolean }

/** A file's text, or why it cannot be had, in a few words. */
export async function readText(file: string): Promise<ReadText> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { problem: reason(error) }
  }
}

/**
 * The text of a file that may be anything: what is no file, too large or not UTF-8 is refused, and what is too large is
 * not read.
 *
 * @param most bytes at the most
 */
export async function readStrictly(file: string, most: number): Promise<ReadStrictly> {
  try {
    const status = await stat(file)
    if (status.isDirectory()) return { problem: 'it is a directory; call it otherwise, or move its files up', unreadable: true }
    if (!status.isFile()) return { problem: 'it is not a file that can be read to its end', unreadable: true }
    if (status.size > most) return { problem: `it is ${status.size} bytes long; at most ${most} are read`, unreadable: false }
    const bytes = await readFile(file)
    return isUtf8(bytes) ? { text: bytes.toString('utf8').replace(/^\uFEFF/, '') } : { ...notUtf8(bytes), unreadable: false }
  } catch (error) {
    const isLink = (error as NodeJS.ErrnoException).code === 'ENOENT' && await lstat(file).then((found) => found.isSymbolicLink(), () => false)
    return { problem: isLink ? 'it is a link to what does not exist; mend it or take it away' : reason(error), unreadable: true }
  }
}

/** Where the first byte is that is no UTF-8, if it can be said. */
function notUtf8(bytes: Buffer): { problem: string; at?: string } {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return { problem: 'it is UTF-16; save it as UTF-8' }
  const problem = 'it is not UTF-8; save it as UTF-8'
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start)
    const content = bytes.subarray(start, end < 0 ? bytes.length : end)
    if (!isUtf8(content)) return { problem, at: `${line}:${content.toString('utf8').indexOf('\uFFFD') + 1}` }
    start += content.length + 1
  }
  return { problem }
}

/** Why something on disk cannot be had, without the system's jargon where it is common. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const words: Record<string, string> = { ENOENT: 'it does not exist', EACCES: 'it may not be read', EISDIR: 'it is a directory', ENOTDIR: 'it is not a directory', ELOOP: 'it is a link that leads back to itself' }
  return words[code ?? ''] ?? message
}
