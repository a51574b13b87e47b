import { existsSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { UsageError } from '../errors.ts'
import type { Change } from './change.ts'
import type { Files, WritableFile } from './files.ts'
import { readLines } from './lines.ts'

/**
 * A journal is a row of segments, `<file>.journal-1`, `-2` and so on; each fold begins a new one. A segment is lines:
 * eight hex digits of CRC-32, a blank, JSON. The first says what it is; every other is a list of the changes of one
 * append. One append is one line, so what a kill or a power cut leaves behind is a torn last line and nothing else.
 */
const FORMAT = 'qlink-sandbox-journal'
const VERSION = 1

interface Header {
  format: typeof FORMAT
  version: number
  /** Of the document that it belongs to; an earlier copy of another must not take it in. */
  id: string
  /**
   * How many bytes of the segment before are good. What is behind them was refused, and could not be cut off at the
   * time.
   */
  after: number
}

export function segmentPath(file: string, number: number): string {
  return `${file}.journal-${number}`
}

/** A segment that is appended to. It comes into being with its first line. */
export class SegmentWriter {
  readonly number: number
  readonly #path: string
  readonly #files: Files
  readonly #header: Header
  #file: WritableFile | undefined
  #length = 0
  #headerLength = 0

  /**
   * @param id of the document
   * @param after how many bytes of the segment before are good
   */
  constructor(file: string, id: string, number: number, after: number, files: Files) {
    this.number = number
    this.#path = segmentPath(file, number)
    this.#header = { format: FORMAT, version: VERSION, id, after }
    this.#files = files
  }

  /** How many bytes of it are good. */
  get length(): number {
    return this.#length
  }

  /** Whether someone took the file away; what is written to it then would be lost. */
  get isGone(): boolean {
    return this.#file?.isGone() ?? false
  }

  /**
   * Hands one line of changes to the operating system.
   *
   * @throws what the file system reports; {@link repair} then says whether the segment can go on
   */
  append(changes: readonly Change[]): void {
    if (this.#file !== undefined) {
      this.#length += writeWhole(this.#file, line(changes), this.#length)
      return
    }
    const header = Buffer.from(line(this.#header))
    this.#create(Buffer.concat([header, line(changes)]), header.length)
  }

  /** Makes the segment, with nothing in it yet: from now on it says what counts of the one before. */
  begin(): void {
    const header = line(this.#header)
    this.#create(header, header.length)
  }

  #create(first: Buffer, headerLength: number): void {
    const file = this.#files.open(this.#path, 'create')
    try {
      this.#length = writeWhole(file, first, 0)
      this.#headerLength = headerLength
      this.#file = file
    } catch (error) {
      closeQuietly(file)
      throw error
    }
  }

  /** Ends when everything appended is on the disk. */
  async sync(): Promise<void> {
    await this.#file?.sync()
  }

  /**
   * After an append that failed: cuts off what it left behind, but for the header.
   *
   * @param length how many bytes were good before it
   * @returns `clean`: it can be gone on with. `dirty`: it could not be cut off, and another segment must say that it
   *   does not count. `none`: the segment has not come into being, and will with the next append
   */
  repair(length: number): 'clean' | 'dirty' | 'none' {
    if (this.#file === undefined) return 'none'
    this.#length = Math.max(length, this.#headerLength)
    try {
      this.#file.truncate(this.#length)
      return 'clean'
    } catch {
      return 'dirty'
    }
  }

  close(): void {
    if (this.#file !== undefined) closeQuietly(this.#file)
    this.#file = undefined
  }
}

/** Writes all of it, in as many calls as the system makes of it. Returns how many bytes there were. */
export function writeWhole(file: WritableFile, bytes: Uint8Array, position: number): number {
  for (let done = 0; done < bytes.length;) {
    const taken = file.write(done === 0 ? bytes : bytes.subarray(done), position + done)
    if (taken === 0) throw new Error('the file system takes nothing more')
    done += taken
  }
  return bytes.length
}

/** What was read of a segment. */
export interface Segment {
  /** How many bytes of it are good. */
  length: number
  /** How many bytes of a torn line follow. */
  torn: number
}

/**
 * Reads a segment.
 *
 * @param limit how many bytes of it count, where the segment after it says so
 * @param change called with each change, in order
 * @throws UsageError where it is damaged anywhere but at its torn end: file, line and position
 */
export function readSegment(file: string, number: number, limit: number | undefined, change: (change: Change) => void): Segment {
  const path = segmentPath(file, number)
  const segment: Segment = { length: 0, torn: 0 }
  let count = 0
  for (const { bytes, at, ended } of readLines(path)) {
    if (at >= (limit ?? Number.POSITIVE_INFINITY)) break
    count++
    // What follows a torn line was appended after it, so it was not torn but changed.
    if (segment.torn > 0) throw damaged(file, path, count - 1, segment.length)
    const value = readLine(bytes)
    if (value !== undefined && ended) {
      if (count > 1) for (const one of value as Change[]) change(one)
      segment.length = at + bytes.length + 1
    } else if (isDamage(bytes, ended)) {
      throw damaged(file, path, count, at)
    } else {
      segment.torn = bytes.length + (ended ? 1 : 0)
    }
  }
  if (limit !== undefined && segment.length !== limit) throw damaged(file, path, count, segment.length)
  return segment
}

/**
 * How many bytes of the segment before are good, according to a segment.
 *
 * @param id of the document, where it has one
 * @returns undefined where the segment is not there or its header was torn: then it holds nothing
 * @throws UsageError where it is damaged, newer than this program, or another document's
 */
export function readAfter(file: string, number: number, id: string | undefined): number | undefined {
  const path = segmentPath(file, number)
  if (!existsSync(path)) return undefined
  let torn = false
  for (const { bytes, ended } of readLines(path)) {
    // A torn header with something behind it was changed afterwards.
    if (torn) throw damaged(file, path, 1, 0)
    const value = ended ? readLine(bytes) : undefined
    if (value !== undefined) return readHeader(value, file, path, id).after
    if (isDamage(bytes, ended)) throw damaged(file, path, 1, 0)
    torn = true
  }
  return undefined
}

const LINE_END = 0x0a
/** Most lines are made here, so that none of their bytes is left to be collected. */
const scratch = Buffer.allocUnsafe(512 * 1024)

/** A line that is whole and yet wrong was changed afterwards; one with zeros in it never reached the disk. */
function isDamage(bytes: Buffer, ended: boolean): boolean {
  return ended && !bytes.includes(0)
}

/** The bytes of a line; they are good until the next is made. */
function line(value: Header | readonly Change[]): Buffer {
  const json = JSON.stringify(value)
  // A character takes three bytes at the most.
  const room = json.length * 3 + 10
  const bytes = room <= scratch.length ? scratch : Buffer.allocUnsafe(room)
  const end = 9 + bytes.write(json, 9)
  bytes.write(`${crc32(bytes.subarray(9, end)).toString(16).padStart(8, '0')} `, 0, 'latin1')
  bytes[end] = LINE_END
  return bytes.subarray(0, end + 1)
}

function readLine(bytes: Buffer): unknown {
  const json = bytes.subarray(9)
  if (bytes[8] !== 0x20 || bytes.toString('latin1', 0, 8) !== crc32(json).toString(16).padStart(8, '0')) return undefined
  return JSON.parse(json.toString('utf8'))
}

function readHeader(value: unknown, file: string, path: string, id: string | undefined): Header {
  const header = value as Partial<Header>
  if (header.format !== FORMAT || typeof header.after !== 'number') throw damaged(file, path, 1, 0)
  if ((header.version ?? 0) > VERSION) {
    throw new UsageError([`the journal ${path} was written by a newer qlink-sandbox (format ${header.version}; this one reads up to ${VERSION}). It is left as it is: start with that version, or with another file by --data.`])
  }
  if (id !== undefined && header.id !== undefined && header.id !== id) {
    throw new UsageError([`the journal ${path} belongs to another document than ${file}, which was put in its place. All is left as it is: bring that document back, or remove ${file}.journal-* to go on with this one.`])
  }
  return header as Header
}

function damaged(file: string, path: string, line: number, at: number): UsageError {
  return new UsageError([
    `the journal ${path} is damaged in line ${line}, at byte ${at}: its checksum does not fit. It is left as it is: bring it back from a copy, or remove it and what comes after it (${file}.journal-*) to go on with what ${file} alone has, or start with another file by --data.`,
  ])
}

function closeQuietly(file: WritableFile): void {
  try {
    file.close()
  } catch {
    // What counts has been written, or reported.
  }
}
