import TinyQueue from 'tinyqueue'
import type { Clock } from './clock.ts'

interface Entry<T> {
  at: number
  /** Entries of one instant run in the order in which they were added. */
  order: number
  item: T
}

/** setTimeout takes no more than this; a longer wait is taken in pieces. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Work that is due at some time on the clock. On a real clock it runs when its time comes; on a manual one when the
 * clock is advanced past it, in order of time; and what is due now runs now on both. The agenda itself remembers
 * nothing across a restart: what is due is recorded with the bills and added again.
 */
export class Agenda<T> {
  readonly #clock: Clock
  readonly #run: (item: T) => Promise<unknown>
  readonly #running = new Set<Promise<unknown>>()
  #queue = new TinyQueue<Entry<T>>([], byTime)
  #order = 0
  #timer: NodeJS.Timeout | undefined
  #wake: NodeJS.Immediate | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  /**
   * @param clock what time it is
   * @param run does a piece of work; it deals with its own errors, and ends when the work is done
   */
  constructor(clock: Clock, run: (item: T) => Promise<unknown>) {
    this.#clock = clock
    this.#run = run
  }

  /** Adds work due at a time; a time that has passed means now. */
  add(at: number, item: T): void {
    if (this.#closed) return
    this.#queue.push({ at, order: this.#order++, item })
    this.#plan()
  }

  /**
   * Advances a manual clock: everything that falls due runs, each at its own time, and each instant's work is awaited
   * before the clock moves on. One advance at a time; a second one waits for the first.
   *
   * @param target where to stop, worked out when this advance's turn comes
   * @returns what was run
   */
  async advance(target: () => number): Promise<T[]> {
    const turn = this.#turn.then(() => this.#advance(target()))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Waits until nothing is running that has been started. */
  async idle(): Promise<void> {
    await this.#settle([])
  }

  /** Looks at the clock anew, after its mode or time was set. */
  reconsider(): void {
    this.#plan()
  }

  /** Forgets everything that has not been started. */
  clear(): void {
    this.#queue = new TinyQueue<Entry<T>>([], byTime)
    this.#plan()
  }

  /** Starts nothing any more. What is running goes on: {@link running} tells when it is done. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearImmediate(this.#wake)
  }

  /** What has been started and is not done. */
  async running(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #advance(to: number): Promise<T[]> {
    const ran: T[] = []
    await this.#settle(ran)
    for (let next = this.#queue.peek(); next !== undefined && next.at <= to && !this.#closed; next = this.#queue.peek()) {
      this.#clock.forward(next.at)
      await this.#settle(ran)
    }
    this.#clock.forward(to)
    return ran
  }

  /** Runs what is due now, and what that adds for this very instant, until nothing is left. */
  async #settle(ran: T[]): Promise<void> {
    do {
      this.#runDue(ran)
      await Promise.all(this.#running)
    } while (this.#running.size > 0 || this.#isDue())
  }

  #isDue(): boolean {
    const next = this.#queue.peek()
    return next !== undefined && next.at <= this.#clock.now() && !this.#closed
  }

  #runDue(ran?: T[]): void {
    for (let next = this.#takeDue(); next !== undefined; next = this.#takeDue()) {
      ran?.push(next.item)
      const work = this.#run(next.item).finally(() => this.#running.delete(work))
      this.#running.add(work)
    }
  }

  #takeDue(): Entry<T> | undefined {
    return this.#isDue() ? this.#queue.pop() : undefined
  }

  /** Sees to it that the next piece of work runs in its time. */
  #plan(): void {
    clearTimeout(this.#timer)
    const next = this.#queue.peek()
    if (next === undefined || this.#closed) return
    const wait = next.at - this.#clock.now()
    if (wait <= 0) {
      // Not at once: whoever added the work has an answer to send first.
      this.#wake ??= setImmediate(() => {
        this.#wake = undefined
        this.#runDue()
        this.#plan()
      })
    } else if (this.#clock.mode === 'real') {
      this.#timer = setTimeout(() => this.#plan(), Math.min(wait, LONGEST_TIMER))
    }
  }
}

function byTime<T>(a: Entry<T>, b: Entry<T>): number {
  return a.at - b.at || a.order - b.order
}
