import { existsSync, linkSync, mkdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Files, WritableFile } from './faulty-files.ts'
import type { Random } from './random.ts'

/** A change of a directory that is not on the disk yet. */
interface Pending { directory: string; undo: () => void; forget: () => void }

/** Remembers what was not synced, so that it can be taken away when the machine is to die. */
export class Unsynced implements Files {
  readonly #files: Files
  readonly #random: Random
  /** How much of each file is on the disk for sure. */
  readonly #synced = new Map<string, number>()
  #pending: Pending[] = []
  #kept = 0

  constructor(files: Files, random: Random) {
    this.#files = files
    this.#random = random
  }

  open(path: string, mode: 'create' | 'change'): WritableFile {
    const there = existsSync(path)
    const file = this.#files.open(path, mode)
    if (!there) {
      this.#pending.push({ directory: dirname(path), undo: () => { rmSync(path, { force: true }) }, forget: () => undefined })
    }
    // The file goes by this name only until it is renamed; what is synced later belongs to the file, not to the name.
    const own = { path }
    this.#open.add(own)
    if (mode === 'create') this.#synced.set(path, 0)
    else if (!this.#synced.has(path)) this.#synced.set(path, statSync(path).size)
    return {
      ...file,
      write: (bytes, position) => {
        // What is written over is in doubt again.
        this.#synced.set(own.path, Math.min(this.#synced.get(own.path) ?? 0, position))
        return file.write(bytes, position)
      },
      truncate: (length) => {
        file.truncate(length)
        this.#synced.set(own.path, Math.min(this.#synced.get(own.path) ?? 0, length))
      },
      sync: async () => {
        const { size } = statSync(own.path)
        await file.sync()
        this.#synced.set(own.path, Math.max(this.#synced.get(own.path) ?? 0, Math.min(size, statSync(own.path).size)))
      },
      close: () => {
        this.#open.delete(own)
        file.close()
      },
    }
  }

  rename(from: string, to: string): void {
    const old = this.#keep(to)
    const before = this.#synced.get(to)
    this.#files.rename(from, to)
    this.#move(from, to)
    this.#pending.push({
      directory: dirname(to),
      undo: () => {
        renameSync(to, from)
        this.#move(to, from)
        if (old !== undefined) renameSync(old, to)
        if (before !== undefined) this.#synced.set(to, before)
      },
      forget: () => { this.#forget(old) },
    })
  }

  remove(path: string): void {
    const old = this.#keep(path)
    this.#files.remove(path)
    if (old === undefined) return
    this.#pending.push({ directory: dirname(path), undo: () => { renameSync(old, path) }, forget: () => { this.#forget(old) } })
  }

  async syncDirectory(path: string): Promise<void> {
    const now = new Set(this.#pending.filter(({ directory }) => directory === path))
    await this.#files.syncDirectory(path)
    for (const { forget } of now) forget()
    this.#pending = this.#pending.filter((one) => !now.has(one))
  }

  /** A directory's changes are lost from the last one back, a file's bytes from its end. */
  lose(): void {
    const keep = this.#random.between(0, this.#pending.length)
    for (const { undo } of this.#pending.splice(keep).reverse()) undo()
    for (const [path, synced] of this.#synced) {
      const size = existsSync(path) ? statSync(path).size : 0
      if (size > synced) truncateSync(path, this.#random.between(synced, size))
    }
  }

  readonly #open = new Set<{ path: string }>()

  #move(from: string, to: string): void {
    for (const own of this.#open) if (own.path === from) own.path = to
    const synced = this.#synced.get(from)
    this.#synced.delete(from)
    if (synced === undefined) this.#synced.delete(to)
    else this.#synced.set(to, synced)
  }

  /** A second name for a file that is about to lose its first one, beside its directory. */
  #keep(path: string): string | undefined {
    if (!existsSync(path)) return undefined
    const aside = `${dirname(path)}.unsynced`
    mkdirSync(aside, { recursive: true })
    this.#kept += 1
    const name = join(aside, `${process.pid}-${this.#kept}-${basename(path)}`)
    linkSync(path, name)
    return name
  }

  #forget(kept: string | undefined): void {
    if (kept !== undefined) rmSync(kept, { force: true })
  }
}
