/** First in, first out, in constant time; what is inside may be looked at, newest first. */
export class Queue<T> {
  readonly #items: (T | undefined)[] = []
  /** Where the first is; what is before it has been taken. */
  #first = 0

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.#first === this.#items.length) return undefined
    const item = this.#items[this.#first]
    this.#items[this.#first++] = undefined
    // Moved down once in a while, so that it costs next to nothing for each.
    if (this.#first > 1000 && this.#first * 2 > this.#items.length) {
      this.#items.splice(0, this.#first)
      this.#first = 0
    }
    return item
  }

  get size(): number {
    return this.#items.length - this.#first
  }

  *newestFirst(): Generator<T> {
    for (let place = this.#items.length - 1; place >= this.#first; place--) yield this.#items[place] as T
  }
}
