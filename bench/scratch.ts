import { copyFileSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** The only place that anything is written to; data files and the working directory of every child are in it. */
export const SCRATCH = mkdtempSync(join(tmpdir(), 'qlink-bench-'))

let count = 0

/** The path of a data file that is not there yet. */
export function newDataFile(): string {
  return join(SCRATCH, `${++count}.json`)
}

/** The segments of the journal beside a data file. */
export function journalOf(file: string): string[] {
  const prefix = `${basename(file)}.journal-`
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(dirname(file), name))
}

/** A copy of a data file, and of the journal beside it, for a sandbox to change. */
export function copyDataFile(file: string): string {
  const copy = newDataFile()
  for (const part of [file, ...journalOf(file)]) copyFileSync(part, copy + part.slice(file.length))
  return copy
}

/** A hundred thousand bills are a large file, so copies do not pile up until the end. */
export function removeDataFile(file: string): void {
  for (const part of [file, ...journalOf(file)]) rmSync(part, { force: true })
}

export function removeScratch(): void {
  // A child that was killed a moment ago may still be writing.
  rmSync(SCRATCH, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 })
}

/** Whether the temporary directory is kept in memory, where waiting for the disk costs nothing. */
export function isInMemory(): boolean {
  const tmpfs = 0x01021994
  return statfsSync(SCRATCH).type === tmpfs
}
