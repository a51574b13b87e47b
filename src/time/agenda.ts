import TinyQueue from 'tinyqueue'
import type { Clock } from './clock.ts'

interface Entry<T> {
  at: number
  /** Entries of one instant run in the order in which they were added. */
  order: number
  item: T
}

/** setTimeout takes no more than this, in real milliseconds; a longer wait is taken in pieces. */
const LONGEST_TIMER = 2 ** 31 - 1
/** Work that failed, because the store could not be written say, is tried again after so many real milliseconds. */
const RETRY_AFTER = 2000

/** The clock was set, or everything was reset, while it was being advanced. */
export class AdvanceInterrupted extends Error {
  constructor() {
    super('the clock was set or reset while it was being advanced')
    this.name = 'AdvanceInterrupted'
  }
}

/**
 * Work that is due at some time on the clock. On a real clock it runs when its time comes; on a manual one when the
 * clock is advanced past it, in order of time; and what is due now runs now on both. A real clock waits for nothing: at
 * a high rate, where much falls due between two ticks of a timer, all of it is started in order of time, each piece at
 * its time or later, never earlier. The agenda itself remembers nothing across a restart: what is due is recorded with
 * the bills and added again.
 */
export class Agenda<T> {
  readonly #clock: Clock
  readonly #run: (item: T) => Promise<boolean>
  readonly #oneByOne: boolean
  readonly #running = new Set<Promise<unknown>>()
  /** Work that failed, by the timer that brings it back. */
  readonly #retries = new Map<NodeJS.Timeout, Entry<T>>()
  #queue = new TinyQueue<Entry<T>>([], byTime)
  #order = 0
  #timer: NodeJS.Timeout | undefined
  #wake: NodeJS.Immediate | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** Goes up when an advance under way has to stop. */
  #generation = 0
  #failure: { error: unknown } | undefined
  #closed = false

  /**
   * @param clock what time it is
   * @param run does a piece of work and tells whether there was anything left to do; what rejects is tried again
   * @param oneByOne whether a piece of work waits for the one before, so that what others see of it comes in the same
   *   order in every run, as long as the clock is manual; otherwise all that is due is under way at once
   */
  constructor(clock: Clock, run: (item: T) => Promise<boolean>, { oneByOne = false }: { oneByOne?: boolean } = {}) {
    this.#clock = clock
    this.#run = run
    this.#oneByOne = oneByOne
  }

  /** Adds work due at a time; a time that has passed means now. */
  add(at: number, item: T): void {
    if (this.#closed) return
    const entry = { at, order: this.#order++, item }
    this.#queue.push(entry)
    // Most work is added behind other work that is planned for already.
    if (this.#queue.peek() === entry) this.#plan()
  }

  /**
   * Advances a manual clock: everything that falls due runs, each at its own time, and each instant's work is awaited
   * before the clock moves on. One advance at a time; a second one waits for the first.
   *
   * @param target where to stop, worked out when this advance's turn comes
   * @returns the work that was done
   * @throws AdvanceInterrupted when the clock was set meanwhile, or what a piece of work failed with
   */
  async advance(target: () => number): Promise<T[]> {
    const turn = this.#turn.then(() => this.#advance(target()))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Looks at the clock anew, after its mode, time or rate was set. */
  reconsider(): void {
    this.#plan()
  }

  /** Stops an advance under way, before the clock's mode or time is set: it would go on with the wrong one. */
  interrupt(): void {
    this.#generation++
  }

  /** Forgets everything that has not been started, and stops an advance under way. */
  clear(): void {
    this.interrupt()
    this.#queue = new TinyQueue<Entry<T>>([], byTime)
    this.#forgetRetries()
    this.#plan()
  }

  /** Starts nothing any more. What is running goes on: {@link running} tells when it is done. */
  close(): void {
    this.#closed = true
    this.interrupt()
    this.#forgetRetries()
    clearTimeout(this.#timer)
    clearImmediate(this.#wake)
  }

  /** Whether anything is under way, at the time that the clock shows. */
  get busy(): boolean {
    return this.#running.size > 0
  }

  /** What has been started and is not done. */
  async running(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #advance(to: number): Promise<T[]> {
    const generation = this.#generation
    const done: T[] = []
    const settle = async (): Promise<void> => {
      await this.#settle(done)
      if (this.#generation !== generation) throw new AdvanceInterrupted()
    }
    this.#failure = undefined
    // The clock must not pass by work that failed a moment ago.
    for (const entry of this.#retries.values()) this.#queue.push(entry)
    this.#forgetRetries()
    await settle()
    for (let next = this.#queue.peek(); next !== undefined && next.at <= to; next = this.#queue.peek()) {
      this.#clock.forward(next.at)
      await settle()
    }
    this.#clock.forward(to)
    return done
  }

  /** Runs what is due now, and what that adds for this very instant, until nothing is left. */
  async #settle(done: T[]): Promise<void> {
    const generation = this.#generation
    do {
      this.#runDue(done)
      await Promise.all(this.#running)
      // Going on would run the same work against the same obstacle for as long as the advance is.
      if (this.#failure !== undefined) throw this.#failure.error
    } while (this.#generation === generation && (this.#running.size > 0 || this.#isDue()))
  }

  #isDue(): boolean {
    const next = this.#queue.peek()
    return next !== undefined && next.at <= this.#clock.now() && !this.#closed
  }

  #runDue(done?: T[]): void {
    for (let next = this.#takeDue(); next !== undefined; next = this.#takeDue()) {
      const entry = next
      const work = this.#run(entry.item)
        .then(
          (wasLeft) => {
            if (wasLeft) done?.push(entry.item)
          },
          (error: unknown) => {
            this.#failure = { error }
            this.#tryAgain(entry)
          },
        )
        .finally(() => {
          this.#running.delete(work)
          if (this.#oneByOne) this.#plan()
        })
      this.#running.add(work)
    }
  }

  /** In real time: on a manual clock that is being advanced, a second is over at once. */
  #tryAgain(entry: Entry<T>): void {
    if (this.#closed) return
    const timer = setTimeout(() => {
      this.#retries.delete(timer)
      this.add(entry.at, entry.item)
    }, RETRY_AFTER)
    this.#retries.set(timer, entry)
  }

  #forgetRetries(): void {
    for (const timer of this.#retries.keys()) clearTimeout(timer)
    this.#retries.clear()
  }

  #takeDue(): Entry<T> | undefined {
    return !this.#waits() && this.#isDue() ? this.#queue.pop() : undefined
  }

  /** Whether the next piece of work waits for one that is running. A real clock waits for nothing. */
  #waits(): boolean {
    return this.#oneByOne && this.#clock.mode === 'manual' && this.#running.size > 0
  }

  /** Sees to it that the next piece of work runs in its time. */
  #plan(): void {
    clearTimeout(this.#timer)
    const next = this.#queue.peek()
    // One by one, what is running plans again when it is done.
    if (next === undefined || this.#closed || this.#waits()) return
    const wait = next.at - this.#clock.now()
    if (wait <= 0) {
      // Not at once: whoever added the work has an answer to send first.
      this.#wake ??= setImmediate(() => {
        this.#wake = undefined
        this.#runDue()
        this.#plan()
      })
    } else if (this.#clock.mode === 'real') {
      this.#timer = setTimeout(() => this.#plan(), Math.min(Math.ceil(wait / this.#clock.rate), LONGEST_TIMER))
    }
  }
}

function byTime<T>(a: Entry<T>, b: Entry<T>): number {
  return a.at - b.at || a.order - b.order
}
