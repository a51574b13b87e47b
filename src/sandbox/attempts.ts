/** Beyond this many, the oldest are forgotten: a client that never succeeds must not fill the memory. */
const KEPT = 100_000

/**
 * How often something was asked for that no bill can count, since there is none: an application that was refused or
 * whose effect a scenario took away. It is not kept across a restart.
 */
export class Attempts {
  /** By appKey, then by what was asked for. */
  #counts = new Map<string, Map<string, number>>()
  #size = 0

  /** How often a merchant asked for it before; this time counts from now on. */
  next(appKey: string, ...what: string[]): number {
    const name = JSON.stringify(what)
    let own = this.#counts.get(appKey)
    // The merchant that asked last is the last to be forgotten.
    if (own !== undefined) this.#counts.delete(appKey)
    own ??= new Map<string, number>()
    this.#counts.set(appKey, own)
    const count = own.get(name)
    if (count !== undefined) own.delete(name)
    else if (++this.#size > KEPT) this.#forgetOldest()
    own.set(name, (count ?? 0) + 1)
    return count ?? 0
  }

  /** It has come to something that counts for itself. */
  forget(appKey: string, ...what: string[]): void {
    const own = this.#counts.get(appKey)
    if (own?.delete(JSON.stringify(what)) === true) this.#size--
    if (own?.size === 0) this.#counts.delete(appKey)
  }

  /** Counts from nothing again, for all or for one merchant; what is returned takes that back. */
  reset(appKey?: string): () => void {
    return appKey === undefined ? this.#resetAll() : this.#resetOne(appKey)
  }

  #resetAll(): () => void {
    const before = { counts: this.#counts, size: this.#size }
    this.#counts = new Map()
    this.#size = 0
    return () => {
      this.#counts = before.counts
      this.#size = before.size
    }
  }

  #resetOne(appKey: string): () => void {
    const before = this.#replace(appKey, undefined)
    // What others have asked for meanwhile counts all the same.
    return () => {
      this.#replace(appKey, before)
    }
  }

  /** Puts other counts in the place of a merchant's, and returns those. */
  #replace(appKey: string, counts: Map<string, number> | undefined): Map<string, number> | undefined {
    const before = this.#counts.get(appKey)
    this.#counts.delete(appKey)
    if (counts !== undefined) this.#counts.set(appKey, counts)
    this.#size += (counts?.size ?? 0) - (before?.size ?? 0)
    return before
  }

  #forgetOldest(): void {
    for (const [appKey, own] of this.#counts) {
      const oldest = own.keys().next()
      if (oldest.done === true) {
        this.#counts.delete(appKey)
        continue
      }
      own.delete(oldest.value)
      this.#size--
      return
    }
  }
}
