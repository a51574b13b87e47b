import type { Happening } from '../journal/feed.ts'
import { exercisedBy } from './seen.ts'

type Counts = Map<string, number>

/** Since when: the last reset, or the start. */
export type Since = 'reset' | 'start'

export const SINCE = ['reset', 'start'] as const satisfies readonly Since[]

/** What is of nobody: requests without a known merchant, and what merchants have done that are deleted. */
const NOBODY = ''

/** Counts what merchants' suites exercise of a bill's life: what the sandbox saw, and what it caused. */
export class Coverage {
  readonly #isMerchant: (appKey: string) => boolean
  readonly #counts: Record<Since, Map<string, Counts>> = { reset: new Map(), start: new Map() }

  /** @param isMerchant whether there is a merchant with an appKey: strangers are not counted one by one */
  constructor(isMerchant: (appKey: string) => boolean) {
    this.#isMerchant = isMerchant
  }

  see(happening: Happening): void {
    const { appKey = NOBODY } = happening
    const names = exercisedBy(happening)
    if (names.length === 0) return
    const owner = this.#isMerchant(appKey) ? appKey : NOBODY
    for (const counts of Object.values(this.#counts)) {
      let own = counts.get(owner)
      if (own === undefined) counts.set(owner, (own = new Map<string, number>()))
      for (const name of names) own.set(name, (own.get(name) ?? 0) + 1)
    }
  }

  /** Counts since the last reset begin anew, for all or for one merchant. */
  reset(appKey?: string): void {
    if (appKey === undefined) this.#counts.reset.clear()
    else this.#counts.reset.delete(appKey)
  }

  /** What merchants have done that are gone is nobody's from now on. */
  letGo(): void {
    for (const counts of Object.values(this.#counts)) {
      for (const [appKey, own] of counts) {
        if (appKey === NOBODY || this.#isMerchant(appKey)) continue
        counts.delete(appKey)
        counts.set(NOBODY, sum([own, counts.get(NOBODY) ?? new Map<string, number>()]))
      }
    }
  }

  /** How often each thing was exercised, as `group/item`. */
  counts(since: Since, appKey?: string): ReadonlyMap<string, number> {
    const counts = this.#counts[since]
    return appKey === undefined ? sum(counts.values()) : (counts.get(appKey) ?? new Map())
  }
}

function sum(all: Iterable<Counts>): Counts {
  const total: Counts = new Map()
  for (const counts of all) for (const [name, count] of counts) total.set(name, (total.get(name) ?? 0) + count)
  return total
}
