/** Beyond this many, the oldest are forgotten: a client that never succeeds must not fill the memory. */
const KEPT = 100_000

/**
 * How often something was asked for that no bill can count, since there is none: an application that was refused or
 * whose effect a scenario took away. It is not kept across a restart.
 */
export class Attempts {
  #counts = new Map<string, number>()

  /** How often it was asked for before; this time counts from now on. */
  next(...key: string[]): number {
    const name = JSON.stringify(key)
    const count = this.#counts.get(name) ?? 0
    this.#counts.delete(name)
    this.#counts.set(name, count + 1)
    if (this.#counts.size > KEPT) this.#counts.delete(this.#counts.keys().next().value ?? '')
    return count
  }

  /** It has come to something that counts for itself. */
  forget(...key: string[]): void {
    this.#counts.delete(JSON.stringify(key))
  }

  /** Counts from nothing again; what is returned takes that back. */
  reset(): () => void {
    const before = this.#counts
    this.#counts = new Map()
    return () => {
      this.#counts = before
    }
  }
}
