import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Bill } from '../bill/bill.ts'
import { UsageError } from '../errors.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { Contents } from './change.ts'
import type { WritableFile } from './files.ts'
import { readLines } from './lines.ts'
import { writeWhole } from './segment.ts'

export const FORMAT = 'qlink-sandbox'

/** Goes up when an older program could no longer read what a newer one writes. 2 has a journal beside it. */
export const VERSION = 2

/** The data file as any lowdb program finds it: one JSON document. */
export interface StoredDocument {
  format: typeof FORMAT
  version: number
  /** Which document it is, through all folds; its journal says the same. */
  id?: string
  /** The first segment of the journal that is not folded in yet. */
  journal: number
  merchants: Record<string, Merchant | null>
  /** By billCode, in the order in which they were made. */
  bills: Record<string, Bill>
  /** Of all bytes before it: what is as we left it need not be examined bill by bill. */
  checksum?: string
}

/** A document as it is read. */
export type Loaded = Pick<StoredDocument, 'id' | 'journal' | 'merchants'> & { bills: Iterable<Bill> }

/** The first line, of which another program's file may have anything. */
type Head = Pick<StoredDocument, 'id' | 'journal' | 'merchants'> & { format: string; version: number }

const COMMA = 0x2c
const BRACE = 0x7d

/** How much is put together before it is written, in bytes: a few hundred microseconds' work. */
const PIECE = 128 * 1024

/**
 * Writes a document, a bill a line, in pieces.
 *
 * @param breathe awaited after each piece, so that others have their turn
 * @returns how many bytes it has
 */
export async function writeDocument(file: WritableFile, { merchants, bills }: Contents, { id, journal }: { id: string; journal: number }, breathe: () => Promise<void>): Promise<number> {
  let length = 0
  let checksum = 0
  const put = async (part: string | Buffer): Promise<void> => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    checksum = crc32(bytes, checksum)
    length += writeWhole(file, bytes, length)
    await breathe()
  }
  const head = JSON.stringify({ format: FORMAT, version: VERSION, id, journal, merchants: Object.fromEntries(merchants), bills: {} })
  await put(head.slice(0, -2))
  const piece = Buffer.allocUnsafe(PIECE)
  let used = 0
  let separator = '\n'
  for (const bill of bills) {
    const text = `${separator}${JSON.stringify(bill.billCode)}:${JSON.stringify(bill)}`
    separator = ',\n'
    // A character takes three bytes at the most.
    if (used + text.length * 3 > PIECE) {
      await put(piece.subarray(0, used))
      used = 0
    }
    if (text.length * 3 > PIECE) await put(Buffer.from(text))
    else used += piece.write(text, used)
  }
  await put(piece.subarray(0, used))
  await put('\n},"checksum":')
  length += writeWhole(file, Buffer.from(`"${hex(checksum)}"}\n`), length)
  return length
}

/**
 * Reads a document.
 *
 * @throws UsageError saying which file, what is wrong with it and what to do; the file is not touched
 */
export async function readDocument(path: string): Promise<Loaded> {
  const ours = readOurs(path)
  if (ours !== undefined) return ours
  // Written by hand, by another program or by an earlier version: every field is looked at.
  const { checkDocument } = await import('./checked-document.ts')
  return checkDocument(readText(path), path)
}

/** Reads a document that is, byte for byte, as {@link writeDocument} left it; undefined for any other. */
function readOurs(path: string): Loaded | undefined {
  let head: Head | undefined
  let checksum = 0
  const bills: Bill[] = []
  try {
    for (const { bytes } of readLines(path)) {
      if (head === undefined) {
        head = JSON.parse(`${bytes.toString()}}}`) as Head
        if (head.format !== FORMAT || head.version !== VERSION) return undefined
      } else if (bytes[0] === BRACE) {
        const [, stated] = /^\},"checksum":"([0-9a-f]{8})"\}$/.exec(bytes.toString()) ?? []
        checksum = crc32('},"checksum":', checksum)
        return stated === hex(checksum) ? { id: head.id, journal: head.journal, merchants: head.merchants, bills } as Loaded : undefined
      } else {
        const end = bytes.at(-1) === COMMA ? bytes.length - 1 : bytes.length
        bills.push(JSON.parse(bytes.toString('utf8', bytes.indexOf(':{') + 1, end)) as Bill)
      }
      checksum = crc32('\n', crc32(bytes, checksum))
    }
  } catch {
    return undefined
  }
  return undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError([`the data file ${path} cannot be read: ${(error as Error).message}; choose another by --data`])
  }
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}
