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

  /** The entries of some keys, newest first. */
  *newestFirst(keys: readonly string[], before = Number.POSITIVE_INFINITY): Generator<T> {
    const heads = keys.map((key) => {
      const list = this.#lists.get(key)
      const entries = list instanceof Tree ? list.entriesReversed(before, undefined, true) : list === undefined || list.place >= before ? [] : [[list.place, list] as const]
      const rest = entries[Symbol.iterator]()
      return { rest, next: rest.next() }
    })
    for (;;) {
      let newest: (typeof heads)[number] | undefined
      for (const head of heads) if (head.next.done !== true && (newest === undefined || head.next.value[0] > (newest.next.value as [number, T])[0])) newest = head
      if (newest === undefined) return
      yield (newest.next.value as [number, T])[1]
      newest.next = newest.rest.next()
    }
  }
}

function compare(a: number, b: number): number {
  return a - b
}
