import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Low } from 'lowdb'
import { StoreUnavailable, UsageError } from '../errors.ts'
import type { Change, Contents } from './change.ts'
import { JournaledFile, type JournaledFileOptions } from './journaled-file.ts'
import type { AnswerLimits } from './kept-answers.ts'
import { lockFile, type Lock } from './lock.ts'
import { endOfTurn, MemoryStore, type Undo } from './memory.ts'

/** A change that is made in memory and waits to be durable. */
interface Waiting {
  change: Change | undefined
  undo: Undo
  resolve: () => void
  reject: (error: StoreUnavailable) => void
}

export interface LowdbStoreOptions extends JournaledFileOptions {
  /** How much of what merchants answered is kept. */
  limits?: AnswerLimits
}

/**
 * Keeps bills in one JSON document on disk, through lowdb: read whole at start, served from memory, and written by an
 * adapter that appends what changed to a journal. All changes of one turn, and all that come up while an append is
 * under way, go into the next one together.
 */
export class LowdbStore extends MemoryStore {
  readonly #file: JournaledFile
  readonly #db: Low<Contents>
  readonly #lock: Lock
  #waiting: Waiting[] = []
  /** What goes out with the write that is under way. */
  #batch: Waiting[] = []
  #writing: Promise<void> | undefined

  private constructor(path: string, lock: Lock, { limits, ...options }: LowdbStoreOptions) {
    super(limits)
    const target = { make: (change: Change) => this.make(change), contents: this.contents }
    this.#file = new JournaledFile(path, target, { ...options, isOurs: () => lock.isOurs() })
    this.#db = new Low<Contents>(this.#file, this.contents)
    this.#lock = lock
  }

  /**
   * Opens a data file, or begins one.
   *
   * @param file its path
   * @throws UsageError where the file or its journal is damaged, newer than this program, not a data file, in use by
   *   another process, or where it cannot be written; it is left as it is
   */
  static async open(file: string, options: LowdbStoreOptions = {}): Promise<LowdbStore> {
    const cannotBeWritten = (error: unknown): never => {
      if (error instanceof UsageError) throw error
      throw new UsageError([`the data file ${file} cannot be written: ${messageOf(error)}; choose another by --data, or --data memory`])
    }
    await mkdir(dirname(file), { recursive: true }).catch(cannotBeWritten)
    // A link stays one: what it leads to is replaced.
    // And one file has one name, however it was written.
    const path = existsSync(file) ? await realpath(file) : join(await realpath(dirname(file)), basename(file))
    const lock = await lockFile(path).catch(cannotBeWritten)
    try {
      const store = new LowdbStore(path, lock, options)
      await store.#db.read()
      // A place that cannot be written stops the start and not the first payment.
      if (existsSync(path)) accessSync(path, constants.W_OK)
      else await store.#db.write()
      // What an earlier run left in the journal is folded in while this one serves already.
      if (store.#file.hasJournal) void store.#file.fold(store.contents)
      return store
    } catch (error) {
      lock.release()
      return cannotBeWritten(error)
    }
  }

  override settled(): Promise<void> {
    const last = this.#waiting.length > 0 ? this.#waiting : this.#batch
    if (last.length === 0) return super.settled()
    return new Promise((resolve, reject) => {
      last.push({ change: undefined, undo: () => undefined, resolve, reject })
    })
  }

  override async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#file.hasJournal) await this.#file.fold(this.contents)
    await this.#file.close()
    this.#lock.release()
  }

  protected override persist(change: Change, undo: Undo): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, undo, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // When every request that has arrived in this turn has been heard.
      await endOfTurn()
      this.#batch = this.#waiting
      this.#waiting = []
      for (const { change } of this.#batch) if (change !== undefined) this.#file.record(change)
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
