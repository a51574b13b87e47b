import { randomBytes } from 'node:crypto'
import type { Attempt, Bill, BillEvent, Notification } from '../bill/bill.ts'
import type { RecordedRequest } from './requests.ts'

/** Of so many happenings, whoever was away can still be told. */
const KEPT = 1000

/** The clock was set, advanced or put back to its start. */
export interface ClockHappening {
  readonly type: 'clock'
  /** Whose clock; undefined for the sandbox's own. */
  readonly appKey: string | undefined
  readonly what: 'set' | 'advance' | 'reset'
  /** Milliseconds since 1970, after it. */
  readonly now: number
}

/** Something that happened in the sandbox, when it was there to stay. */
export type Happening =
  | { readonly type: 'bill'; readonly appKey: string; readonly bill: Bill; readonly event: BillEvent }
  /** A notification came up, or an attempt was made at it: the `number`-th. */
  | { readonly type: 'notification'; readonly appKey: string; readonly bill: Bill; readonly notification: Notification; readonly attempt?: Attempt; readonly number?: number }
  | { readonly type: 'request'; readonly appKey: string | undefined; readonly request: RecordedRequest }
  | ClockHappening

export type HappeningType = Happening['type']

export const HAPPENING_TYPES = ['bill', 'notification', 'request', 'clock'] as const satisfies readonly HappeningType[]

/** A happening and its number, counted from 1. */
export interface Published {
  readonly number: number
  readonly happening: Happening
}

type Listener = (published: Published) => void

/** What happens, as it happens, for whoever waits for it or watches. */
export class Feed {
  /** A number of another run means nothing in this one; so ids begin with a word of this run's own. */
  readonly #run = randomBytes(4).toString('hex')
  readonly #listeners = new Set<Listener>()
  /** The newest, a ring. */
  readonly #kept: Published[] = []
  #count = 0

  publish(happening: Happening): void {
    const published = { number: ++this.#count, happening }
    this.#kept[this.#count % KEPT] = published
    for (const listener of this.#listeners) listener(published)
  }

  /** @returns what ends it */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** What a client hands back to go on behind a happening. */
  idOf({ number }: Published): string {
    return `${this.#run}-${number}`
  }

  /**
   * What has come since the happening with an id.
   *
   * @returns the happenings that are kept, oldest first, and whether there were others before them that are not
   */
  since(id: string): { published: Published[]; missed: boolean } {
    const [, run, digits] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(id) ?? []
    const last = run === this.#run ? Math.min(Number(digits), this.#count) : 0
    const oldest = Math.max(1, this.#count - KEPT + 1)
    const from = Math.max(last + 1, oldest)
    const published = Array.from({ length: Math.max(0, this.#count - from + 1) }, (_, index) => this.#kept[(from + index) % KEPT])
    return { published: published.filter((one) => one !== undefined), missed: run !== this.#run || from > last + 1 }
  }
}
