import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/**
 * What the shipped files hold, read and checked when the package was built. A start with files that are, byte for
 * byte, as they were shipped needs neither the YAML parser nor the validator; any other file is read as usual. Where
 * there was no build, as in tests that run the source, nothing is prepared.
 */
export const PREPARED_FILE = fileURLToPath(new URL('../prepared.json', import.meta.url))

let prepared: Promise<Record<string, unknown>> | undefined

/** By what a file is found again. */
export function fingerprint(name: string, text: string): string {
  return hash('sha256', JSON.stringify([name, text]))
}

/**
 * What was made of a file when the package was built.
 *
 * @param name the file's name, without its directory
 * @returns undefined where the file is not one of those
 */
export async function preparedFor(name: string, text: string): Promise<unknown> {
  prepared ??= readFile(PREPARED_FILE, 'utf8').then((json) => JSON.parse(json) as Record<string, unknown>).catch(() => ({}))
  return (await prepared)[fingerprint(name, text)]
}
