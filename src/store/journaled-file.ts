import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Adapter } from 'lowdb'
import { UsageError } from '../errors.ts'
import type { Change, Contents } from './change.ts'
import { readDocument, writeDocument } from './document.ts'
import { realFiles, type Files } from './files.ts'
import { readAfter, segmentPath, SegmentWriter } from './segment.ts'
import { readSegments, segmentNumbers } from './segments.ts'
import { SharedValues } from './shared-values.ts'

/** When an answer may leave: `os`, its change is with the operating system; `fsync`, it is on the disk. */
export type Durability = 'os' | 'fsync'

/** Where changes that are read go, and what is there. */
export interface Target {
  make(change: Change): void
  readonly contents: Contents
}

export interface JournaledFileOptions {
  durability?: Durability
  /** What writes; a test hands in one that fails. */
  files?: Files
  /** A journal smaller than this is never too large, in bytes. */
  smallest?: number
  /** Whether the files still are this process's to write. */
  isOurs?: () => boolean
  /** Told in a sentence what a person should know and nothing fails by. */
  warn?: (message: string) => void
}

/** What a fold makes a document of. */
interface Fold {
  contents: Contents
  /** The segment that goes on from there. */
  next: number
  /** How much of the journal it takes in, in bytes. */
  size: number
}

/** Reading so much back at a start takes about half a second. */
const SMALLEST = 64 * 1024 * 1024

/**
 * lowdb's adapter for one JSON document with a journal beside it. Writing appends what has changed since the last
 * write to the journal, in one piece, whatever the size of the document. When the journal has outgrown the document it
 * is folded in: a new document is written beside the old one, from the versions that bills have at that moment, while
 * changes go on into a new segment; it takes the old one's place in one step, and names the segment that is next. A
 * kill at any moment leaves either document with exactly the segments that it needs.
 */
export class JournaledFile implements Adapter<Contents> {
  readonly #path: string
  readonly #target: Target
  readonly #durability: Durability
  readonly #files: Files
  readonly #smallest: number
  readonly #isOurs: () => boolean
  readonly #warn: (message: string) => void
  #changes: Change[] = []
  #id = randomBytes(8).toString('hex')
  #segment: SegmentWriter
  /** The segment's entry in the directory may not be on the disk yet. */
  #entryPending = true
  /** The first segment that the document has not taken in. */
  #first = 1
  #journalSize = 0
  #documentSize = 0
  /** The document is not there, or is not what it should be: the next write writes it whole. */
  #whole = true
  /** At which size of the journal the next fold is begun. */
  #outgrownAt: number
  #folding: Promise<void> | undefined

  constructor(path: string, target: Target, { durability = 'os', files = realFiles, smallest = SMALLEST, isOurs = () => true, warn = () => undefined }: JournaledFileOptions = {}) {
    this.#path = path
    this.#target = target
    this.#durability = durability
    this.#files = files
    this.#smallest = smallest
    this.#outgrownAt = smallest
    this.#isOurs = isOurs
    this.#warn = warn
    this.#segment = new SegmentWriter(path, this.#id, 1, 0, files)
  }

  /** Whether there is anything that the document has not taken in. */
  get hasJournal(): boolean {
    return this.#journalSize > 0
  }

  /**
   * Reads the document and the journal into the store.
   *
   * @returns what the store holds then; null where there is no document
   * @throws UsageError where either is damaged: file, place and what to do
   */
  async read(): Promise<Contents | null> {
    this.#files.remove(this.#beside)
    const numbers = segmentNumbers(this.#path)
    if (!existsSync(this.#path)) {
      if (numbers.length === 0) return null
      throw new UsageError([`the data file ${this.#path} is not there, but its journal ${segmentPath(this.#path, Math.min(...numbers))} is: bring the file back, or remove the journal to begin anew`])
    }
    const { id, journal, merchants, bills } = await readDocument(this.#path)
    if (id !== undefined) this.#id = id
    // One that is another document's stops the start before anything of it is touched.
    for (const number of numbers) readAfter(this.#path, number, id)
    const shared = new SharedValues()
    for (const [appKey, merchant] of Object.entries(merchants)) this.#target.make(merchant === null ? { removed: appKey, remember: true } : { merchant })
    for (const bill of bills) this.#target.make({ bill: shared.share(bill) })
    this.#documentSize = statSync(this.#path).size
    this.#outgrownAt = Math.max(this.#smallest, this.#documentSize)
    this.#whole = false
    this.#first = journal
    this.#clearAway(numbers.filter((number) => number < journal))
    const read = readSegments(this.#path, { id, first: journal, numbers, warn: this.#warn }, (change) => {
      this.#target.make('bill' in change ? { bill: shared.share(change.bill) } : change)
    })
    this.#journalSize = read.size
    this.#segment = new SegmentWriter(this.#path, this.#id, read.next, read.after, this.#files)
    return this.#target.contents
  }

  /** Takes note of a change; the next {@link write} makes it durable. */
  record(change: Change): void {
    this.#changes.push(change)
  }

  /**
   * Makes the changes recorded since the last write durable, all or none.
   *
   * @param contents what there is, these changes among it
   * @throws what the file system reports; nothing of it has happened then
   */
  async write(contents: Contents): Promise<void> {
    const changes = this.#changes
    this.#changes = []
    this.#demandOurs()
    if (this.#whole || this.#isGone()) return this.#writeWhole(contents)
    const outgrown = this.#folding === undefined && this.#journalSize > this.#outgrownAt
    const fold = outgrown ? this.#beginFold(contents) : undefined
    await this.#append(changes)
    // Only now: were the append refused, the new document would have what never happened.
    if (fold !== undefined) void this.#fold(fold)
  }

  /**
   * Folds the journal into the document, while changes may go on.
   *
   * @returns whether that worked; where it did not, the journal stays and nothing is lost
   */
  async fold(contents: Contents): Promise<boolean> {
    await this.#folding
    return this.#fold(this.#beginFold(contents))
  }

  /** Ends a fold that is under way, and lets go of the journal. */
  async close(): Promise<void> {
    await this.#folding
    this.#segment.close()
  }

  async #append(changes: readonly Change[]): Promise<void> {
    const segment = this.#segment
    const good = segment.length
    try {
      segment.append(changes)
      if (this.#durability === 'fsync') {
        await segment.sync()
        if (this.#entryPending) await this.#files.syncDirectory(dirname(this.#path))
        this.#entryPending = false
      }
      this.#journalSize += segment.length - good
    } catch (error) {
      // After a failed sync the system may have forgotten what it failed to write, so that segment is not gone on with.
      const left = segment.repair(good)
      if (left === 'dirty' || (left === 'clean' && this.#durability === 'fsync')) {
        this.#nextSegment()
        // Begun at once, it says that what was refused does not count, even if the next thing is a kill.
        try {
          this.#segment.begin()
        } catch {
          // Then the next append says so.
        }
      }
      throw error
    }
  }

  #nextSegment(): void {
    this.#segment.close()
    this.#segment = new SegmentWriter(this.#path, this.#id, this.#segment.number + 1, this.#segment.length, this.#files)
    this.#entryPending = true
  }

  /** Changes go into a new segment from now on; all before it are in what is returned. */
  #beginFold({ merchants, bills }: Contents): Fold {
    if (this.#segment.length > 0) this.#nextSegment()
    return { contents: { merchants: new Map(merchants), bills: [...bills] }, next: this.#segment.number, size: this.#journalSize }
  }

  #fold({ contents, next, size }: Fold): Promise<boolean> {
    const folded = this.#writeDocument(contents, next, () => new Promise(setImmediate)).then(
      () => {
        this.#journalSize -= size
        this.#outgrownAt = Math.max(this.#smallest, this.#documentSize)
        return true
      },
      (error: unknown) => {
        this.#warn(`the journal of ${this.#path} could not be folded in, and goes on: ${messageOf(error)}`)
        this.#outgrownAt = this.#journalSize + this.#smallest
        return false
      },
    )
    this.#folding = folded.then(() => {
      this.#folding = undefined
    })
    return folded
  }

  #demandOurs(): void {
    if (!this.#isOurs()) throw new Error(`another process has taken ${this.#path} over while this one stood still`)
  }

  /** Whether someone took away what is written to. */
  #isGone(): boolean {
    return this.#segment.isGone || !existsSync(this.#path)
  }

  /** The document as the first thing written, or after someone took the files away. */
  async #writeWhole(contents: Contents): Promise<void> {
    this.#whole = true
    if (this.#segment.length > 0) this.#nextSegment()
    const { number } = this.#segment
    const snapshot = { merchants: new Map(contents.merchants), bills: [...contents.bills] }
    await this.#folding
    await this.#writeDocument(snapshot, number, () => Promise.resolve())
    this.#journalSize = 0
    this.#whole = false
  }

  async #writeDocument(contents: Contents, next: number, breathe: () => Promise<void>): Promise<void> {
    const file = this.#files.open(this.#beside, 'create')
    try {
      this.#documentSize = await writeDocument(file, contents, { id: this.#id, journal: next }, breathe)
      await file.sync()
      this.#demandOurs()
      this.#files.rename(this.#beside, this.#path)
    } catch (error) {
      // On a disk that is full its room is what the journal needs to go on.
      this.#removeQuietly(this.#beside)
      throw error
    } finally {
      file.close()
    }
    await this.#files.syncDirectory(dirname(this.#path))
    const folded = Array.from({ length: next - this.#first }, (_, index) => this.#first + index)
    this.#first = next
    this.#clearAway(folded)
  }

  /** Where a new document is written before it takes the old one's place. */
  get #beside(): string {
    return `${this.#path}.tmp`
  }

  #clearAway(numbers: readonly number[]): void {
    // The document says that they do not count any more; where one stays, the next start tries again.
    for (const number of numbers) this.#removeQuietly(segmentPath(this.#path, number))
  }

  #removeQuietly(path: string): void {
    try {
      this.#files.remove(path)
    } catch {
      // It does no harm but the room it takes.
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
