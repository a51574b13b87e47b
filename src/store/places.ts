import sorted from 'sorted-btree'

const Tree = sorted.default

/** What is listed has a place: a number that only grows, so that a list in order of places is one in order of time. */
export interface Placed {
  readonly place: number
}

/** Lists by key, each in order of places. Adding, taking off and finding a cursor's place take logarithmic time. */
export class Places<T extends Placed> {
  /** Most keys have one entry only, a bill's orderCode say, which then stands for its own tree. */
  readonly #lists = new Map<string, T | sorted.default<number, T>>()

  add(key: string, entry: T): void {
    const list = this.#lists.get(key)
    if (list === undefined) this.#lists.set(key, entry)
    else if (list instanceof Tree) list.set(entry.place, entry)
    else this.#lists.set(key, new Tree<number, T>([[list.place, list], [entry.place, entry]], compare))
  }

  remove(key: string, entry: T): void {
    const list = this.#lists.get(key)
    if (list instanceof Tree) list.delete(entry.place)
    if (list === entry || (list instanceof Tree && list.isEmpty)) this.#lists.delete(key)
  }

  /** The entries of a key, newest first. */
  *newestFirst(key: string, before = Number.POSITIVE_INFINITY): Generator<T> {
    const list = this.#lists.get(key)
    if (list instanceof Tree) for (const [, entry] of list.entriesReversed(before, undefined, true)) yield entry
    else if (list !== undefined && list.place < before) yield list
  }

  /** The entries of a key, oldest first. */
  *oldestFirst(key: string): Generator<T> {
    const list = this.#lists.get(key)
    if (list instanceof Tree) yield* list.values()
    else if (list !== undefined) yield list
  }
}

function compare(a: number, b: number): number {
  return a - b
}
