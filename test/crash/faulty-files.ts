import { writeSync } from 'node:fs'
import type { Random } from './random.ts'
import type { Operation, Orders, Trouble } from './sandbox.ts'

/** As much of src/store/files.ts as is wrapped here: this program is built without the product's source. */
export interface WritableFile {
  write(bytes: Uint8Array, position: number): number
  truncate(length: number): void
  sync(): Promise<void>
  close(): void
}
export interface Files {
  open(path: string, mode: 'create' | 'change'): WritableFile
  rename(from: string, to: string): void
  remove(path: string): void
  syncDirectory(path: string): Promise<void>
}

/** How often an operation fails while some do, and while the disk is full. */
const RATES: Record<Trouble, Record<Operation, number>> = {
  calm: { open: 0, write: 0, truncate: 0, sync: 0, rename: 0, remove: 0, syncDirectory: 0 },
  some: { open: 0.25, write: 0.12, truncate: 0.25, sync: 0.08, rename: 0.25, remove: 0.1, syncDirectory: 0.25 },
  full: { open: 0.5, write: 1, truncate: 0.3, sync: 0.5, rename: 0.3, remove: 0, syncDirectory: 0.3 },
}

/** Standard error, so that it gets out before the process does. */
export const report = (what: string): void => {
  writeSync(2, `faulty: ${what}\n`)
}

/** Files that fail, and that take the process down in the middle of what they do. */
export class FaultyFiles implements Files {
  orders: Orders = {}
  faults = 0
  readonly #files: Files
  readonly #random: Random
  readonly #lose: () => void

  constructor(files: Files, random: Random, lose: () => void) {
    this.#files = files
    this.#random = random
    this.#lose = lose
  }

  open(path: string, mode: 'create' | 'change'): WritableFile {
    const file = this.#around('open', () => this.#files.open(path, mode))
    return {
      ...file,
      write: (bytes, position) => this.#write(file, bytes, position),
      truncate: (length) => {
        this.#around('truncate', () => {
          file.truncate(length)
        })
      },
      sync: () => this.#later('sync', () => file.sync()),
    }
  }

  rename(from: string, to: string): void {
    this.#around('rename', () => {
      this.#files.rename(from, to)
    })
  }

  remove(path: string): void {
    this.#around('remove', () => {
      this.#files.remove(path)
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.#later('syncDirectory', () => this.#files.syncDirectory(path))
  }

  #write(file: WritableFile, bytes: Uint8Array, position: number): number {
    const part = bytes.subarray(0, this.#random.between(0, bytes.length))
    const some = (): number => (part.length === 0 ? 0 : file.write(part, position))
    this.#due('write', () => {
      if (some() < bytes.length) report('torn')
    })
    if (!this.#fails('write')) return file.write(bytes, position)
    // A full disk takes what still fits, says so by a short count, and refuses the rest.
    if (part.length > 0 && this.#random.chance(0.4)) return some()
    if (this.#random.chance(0.3)) some()
    throw this.#failure()
  }

  #around<T>(kind: Operation, act: () => T): T {
    this.#due(kind, act)
    if (this.#fails(kind)) throw this.#failure()
    return act()
  }

  async #later(kind: Operation, act: () => Promise<void>): Promise<void> {
    this.#due(kind, () => undefined)
    if (this.#fails(kind)) throw this.#failure()
    await act()
    // What was synced is, whatever becomes of the process that waited for it.
    this.#due(kind, () => undefined)
  }

  #fails(kind: Operation): boolean {
    if (!this.#random.chance(RATES[this.orders.trouble ?? 'calm'][kind])) return false
    this.faults += 1
    return true
  }

  #failure(): Error {
    const code = this.orders.trouble === 'full' || this.#random.chance(0.5) ? 'ENOSPC' : 'EIO'
    return Object.assign(new Error(code === 'ENOSPC' ? 'ENOSPC: no space left on device' : 'EIO: i/o error'), { code })
  }

  /** Counts down to the death that was ordered, which comes before the operation, or when it was done (in part). */
  #due(kind: Operation, act: () => unknown): void {
    const { dieAfter, dieIn = kind, power } = this.orders
    if (this.orders.dieFrom === kind) delete this.orders.dieFrom
    if (dieAfter === undefined || dieIn !== kind || this.orders.dieFrom !== undefined) return
    this.orders.dieAfter = dieAfter - 1
    if (dieAfter > 0) return
    if (this.#random.chance(0.6)) act()
    if (power === true) {
      this.#lose()
      report('power')
    }
    report('died')
    process.kill(process.pid, 'SIGKILL')
  }
}
