import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Change } from './change.ts'
import { readAfter, readSegment, segmentPath } from './segment.ts'

/** The row of segments that a document has beside it. */
export interface Row {
  /** Of the document, where it has one. */
  id: string | undefined
  /** The first that the document has not taken in. */
  first: number
  /** Of all that there are. */
  numbers: readonly number[]
  /** Told of a line that was dropped. */
  warn: (message: string) => void
}

/** The numbers of the segments that are beside a document, in no order. */
export function segmentNumbers(file: string): number[] {
  const prefix = `${basename(file)}.journal-`
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
}

/**
 * Reads a row of segments.
 *
 * @param make called with each change, in order
 * @returns how many bytes were good, which segment is next, and how many bytes of the last one are good
 * @throws UsageError where one is damaged or missing
 */
export function readSegments(file: string, { id, first, numbers, warn }: Row, make: (change: Change) => void): { size: number; next: number; after: number } {
  let size = 0
  let length = 0
  let number = first
  for (let good = readAfter(file, number, id); good !== undefined; number++) {
    const limit = readAfter(file, number + 1, id)
    const segment = readSegment(file, number, limit, make)
    length = segment.length
    size += length
    if (segment.torn > 0) warn(`the last ${segment.torn} bytes of ${segmentPath(file, number)} are a line that was cut off while it was written; it was never acknowledged, and is dropped`)
    good = limit
  }
  const stray = numbers.find((one) => one > number)
  if (stray !== undefined) {
    throw new UsageError([`the journal of ${file} has gaps: ${segmentPath(file, stray)} is there, and ${segmentPath(file, number)} before it is not. All is left as it is: bring the missing one back, or remove ${file}.journal-* to go on with what ${file} alone has, or start with another file by --data.`])
  }
  return { size, next: number, after: length }
}
