import type { Store } from '../store/store.ts'

/** On a disk that is full others' changes may fail again and again; a read then gives up as well. */
const TRIES = 10

/**
 * Reads, and hands on what was read, or what the reading failed with, when all that it saw is there to stay. Where a
 * change that it may have seen was taken back, it reads again.
 *
 * @param read looks at the store before it awaits anything
 * @throws StoreUnavailable where changes keep failing
 */
export async function readSettled<T>(store: Pick<Store, 'settled'>, read: () => T | Promise<T>): Promise<T> {
  for (let left = TRIES; ; left--) {
    // In this order and at once: what is under way when something is read is what has to be waited for.
    const [outcome, settled] = [attempt(read), store.settled()]
    // Whatever comes of the reading counts when the waiting is over.
    outcome.catch(() => undefined)
    try {
      await settled
    } catch (error) {
      if (left <= 1) throw error
      continue
    }
    return outcome
  }
}

async function attempt<T>(read: () => T | Promise<T>): Promise<T> {
  return read()
}
