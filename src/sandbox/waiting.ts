import type { Happening } from '../journal/feed.ts'
import type { World } from './world.ts'

/** What a wait is for. */
export interface Wait<T> {
  /** Whether a happening may have brought what is waited for. */
  concerns: (happening: Happening) => boolean
  /** Looks whether it is there. */
  look: () => T | undefined
  /** How long to wait, in real milliseconds. */
  timeout: number
  /** Ends the wait early: nobody waits any more. */
  signal: AbortSignal
}

/**
 * Waits until something is there; what is there already is found at once.
 *
 * @returns undefined where it was not there in time, or nobody waits any more
 */
export async function waitFor<T>({ feed }: Pick<World, 'feed'>, { concerns, look, timeout, signal }: Wait<T>): Promise<T | undefined> {
  const found = look()
  if (found !== undefined || signal.aborted) return found
  return new Promise((resolve, reject) => {
    const end = (result: T | undefined): void => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', stop)
      resolve(result)
    }
    const stop = (): void => {
      end(undefined)
    }
    const timer = setTimeout(stop, timeout)
    const unsubscribe = feed.subscribe(({ happening }) => {
      if (!concerns(happening)) return
      try {
        const now = look()
        if (now !== undefined) end(now)
      } catch (error) {
        stop()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
    signal.addEventListener('abort', stop)
  })
}
