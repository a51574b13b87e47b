import { readDuration } from '../time/duration.ts'

/** The waits between attempts, each counted from the attempt before (CONTRACT §8). */
export const DEFAULT_SCHEDULE = ['15s', '30s', '3m', '10m', '20m', '30m', '1h', '2h', '3h', '6h'] as const

/** How long a merchant may take to answer (CONTRACT §8). */
export const DEFAULT_TIMEOUT = '10s'

/** How many attempts may be under way to one merchant at once. */
export const DEFAULT_CONCURRENCY = 10

/**
 * How long to wait after an attempt that was not acknowledged.
 *
 * @param schedule the waits, as durations
 * @param made how many attempts the schedule has made so far
 * @returns milliseconds, or undefined when the schedule is used up
 */
export function nextWait(schedule: readonly string[], made: number): number | undefined {
  const wait = schedule[made - 1]
  return wait === undefined ? undefined : readDuration(wait)
}
