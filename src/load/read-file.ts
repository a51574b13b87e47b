import { readFile } from 'node:fs/promises'

/** A file's text, or why it cannot be had, in a few words. */
export async function readText(file: string): Promise<{ text: string; problem?: never } | { text?: never; problem: string }> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { problem: reason(error) }
  }
}

/** Why something on disk cannot be had, without the system's jargon where it is common. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const words: Record<string, string> = { ENOENT: 'it does not exist', EACCES: 'it may not be read', EISDIR: 'it is a directory', ENOTDIR: 'it is not a directory' }
  return words[code ?? ''] ?? message
}
