import { constants } from 'node:fs'
import { access, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Low, type Adapter } from 'lowdb'
import { JSONFile } from 'lowdb/node'
import { StoreUnavailable, UsageError } from '../errors.ts'
import { FORMAT, readDocument, VERSION, type StoredDocument } from './document.ts'
import { MemoryStore, type Undo } from './memory.ts'

/** A change that is made in memory and waits to be durable. */
interface Waiting {
  undo: Undo
  resolve: () => void
  reject: (error: StoreUnavailable) => void
}

/**
 * Keeps bills in one JSON document on disk, through lowdb: read whole at start, served from memory, written whole,
 * to a file beside it that then takes its place, so that a kill at any moment leaves the old document or the new one.
 * All changes that wait while a write is under way go into the next one together.
 */
export class LowdbStore extends MemoryStore {
  readonly #db: Low<StoredDocument>
  #waiting: Waiting[] = []
  /** What goes out with the write that is under way. */
  #batch: Waiting[] = []
  #writing: Promise<void> | undefined

  private constructor(db: Low<StoredDocument>) {
    super()
    this.#db = db
  }

  /**
   * Opens a data file, or begins one.
   *
   * @param file its path
   * @param adapter what writes; lowdb's own file adapter unless a test hands in another
   * @throws UsageError where the file is damaged, newer than this program or not a data file; it is left as it is
   */
  static async open(file: string, adapter: Adapter<StoredDocument> = new JSONFile(file)): Promise<LowdbStore> {
    const stored = await readStored(file)
    const cannot = (what: string) => (error: unknown): never => {
      throw new UsageError([`the data file ${file} cannot be ${what}: ${reasonOf(error)}; choose another by --data, or --data memory`])
    }
    await mkdir(dirname(file), { recursive: true }).catch(cannot('written'))
    const db = new Low<StoredDocument>(adapter, stored ?? { format: FORMAT, version: VERSION, merchants: {}, bills: {} })
    const store = new LowdbStore(db)
    store.load(Object.values(db.data.bills), Object.entries(db.data.merchants))
    // A place that cannot be written stops the start and not the first payment.
    if (stored === undefined) await db.write().catch(cannot('written'))
    else await Promise.all([access(file, constants.W_OK), access(dirname(file), constants.W_OK)]).catch(cannot('written'))
    return store
  }

  override settled(): Promise<void> {
    const last = this.#waiting.length > 0 ? this.#waiting : this.#batch
    if (last.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      last.push({ undo: () => undefined, resolve, reject })
    })
  }

  override async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  protected override persist(undo: Undo): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ undo, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async #writeAll(): Promise<void> {
    // A turn later, so that all changes of one moment go into one write.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      this.#batch = this.#waiting
      this.#waiting = []
      this.#db.data = { format: FORMAT, version: VERSION, merchants: Object.fromEntries(this.merchants()), bills: Object.fromEntries([...this.allBills()].map((bill) => [bill.billCode, bill])) }
      try {
        await this.#db.write()
        for (const { resolve } of this.#batch) resolve()
      } catch (error) {
        this.#takeBack(new StoreUnavailable(error))
      }
      this.#batch = []
    }
    this.#writing = undefined
  }

  /** What was made on top of a change that did not last does not last either, or it would bring that change back. */
  #takeBack(error: StoreUnavailable): void {
    const lost = [...this.#batch, ...this.#waiting]
    this.#waiting = []
    for (const { undo } of lost.toReversed()) undo()
    for (const { reject } of lost) reject(error)
  }
}

async function readStored(file: string): Promise<StoredDocument | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UsageError([`the data file ${file} cannot be read: ${reasonOf(error)}; choose another by --data`])
  }
  return readDocument(text, file)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
