import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Low, type Adapter } from 'lowdb'
import { JSONFile } from 'lowdb/node'
import type { Bill } from '../bill/bill.ts'
import { StoreUnavailable, UsageError } from '../errors.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { readDocument, FORMAT, VERSION, type StoredDocument } from './document.ts'
import { MemoryStore } from './memory.ts'

/**
 * Keeps bills in one JSON document on disk, through lowdb: read whole at start, served from memory, written whole,
 * to a file beside it that then takes its place, so that a kill at any moment leaves the old document or the new one.
 * All changes that wait while a write is under way go into the next one together.
 */
export class LowdbStore extends MemoryStore {
  readonly #db: Low<StoredDocument>
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  private constructor(db: Low<StoredDocument>) {
    super()
    this.#db = db
  }

  /**
   * Opens a data file, or begins one.
   *
   * @param file its path
   * @param adapter what reads and writes; lowdb's own file adapter unless a test hands in another
   * @throws UsageError where the file is damaged, newer than this program or not a data file; it is left as it is
   */
  static async open(file: string, adapter: Adapter<StoredDocument> = new JSONFile(file)): Promise<LowdbStore> {
    const stored = await readStored(file)
    await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
      throw new UsageError([`the directory of the data file ${file} cannot be made: ${reasonOf(error)}; choose another with --data`])
    })
    const db = new Low<StoredDocument>(adapter, stored ?? { format: FORMAT, version: VERSION, merchants: {}, bills: {} })
    const store = new LowdbStore(db)
    for (const [appKey, merchant] of Object.entries(db.data.merchants)) await MemoryStore.prototype.putMerchant.call(store, appKey, merchant)
    for (const bill of Object.values(db.data.bills)) await MemoryStore.prototype.putBill.call(store, bill)
    // Written at once, so that a file that cannot be written stops the start and not the first payment.
    await store.#write().catch((error: unknown) => {
      throw new UsageError([`the data file ${file} cannot be written: ${reasonOf(error)}; choose another with --data, or --data memory`])
    })
    return store
  }

  override async putBill(bill: Bill): Promise<void> {
    const before = this.bill(bill.billCode)
    await super.putBill(bill)
    this.#db.data.bills[bill.billCode] = bill
    try {
      await this.#write()
    } catch (error) {
      this.takeBack(bill, before)
      const now = this.bill(bill.billCode)
      if (now === undefined) Reflect.deleteProperty(this.#db.data.bills, bill.billCode)
      else this.#db.data.bills[bill.billCode] = now
      throw error
    }
  }

  override async removeBillsOf(appKey: string): Promise<void> {
    await super.removeBillsOf(appKey)
    this.#db.data.bills = Object.fromEntries([...this.allBills()].map((bill) => [bill.billCode, bill]))
    await this.#write()
  }

  override async putMerchant(appKey: string, merchant: Merchant | null): Promise<void> {
    await super.putMerchant(appKey, merchant)
    this.#db.data.merchants[appKey] = merchant
    await this.#write()
  }

  override async clear(what: { merchants: boolean }): Promise<void> {
    await super.clear(what)
    this.#db.data.bills = {}
    if (what.merchants) this.#db.data.merchants = {}
    await this.#write()
  }

  override async close(): Promise<void> {
    await this.#next?.catch(() => undefined)
    await this.#running
  }

  /** Ends when a write that began after this call has ended. */
  #write(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      const writing = this.#db.write().catch((error: unknown) => {
        throw new StoreUnavailable(error)
      })
      this.#running = writing.catch(() => undefined)
      return writing
    })
    return this.#next
  }
}

async function readStored(file: string): Promise<StoredDocument | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UsageError([`the data file ${file} cannot be read: ${reasonOf(error)}; choose another with --data`])
  }
  return readDocument(text, file)
}

function reasonOf(error: unknown): string {
  const cause = error instanceof StoreUnavailable ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
