/** Whether time passes by itself or stands still until it is advanced. */
export type ClockMode = 'real' | 'manual'

/** The one clock of a sandbox. Everything that happens to a bill happens on it; sockets do not. */
export class Clock {
  #mode: ClockMode
  #manual: number
  #start: number

  /**
   * @param mode real or manual
   * @param now where a manual clock starts, in milliseconds since 1970; the wall clock's time where left out
   */
  constructor(mode: ClockMode = 'real', now: number = Date.now()) {
    this.#mode = mode
    this.#manual = now
    this.#start = now
  }

  get mode(): ClockMode {
    return this.#mode
  }

  /** The wall clock's time, whatever the mode. */
  static wall(): number {
    return Date.now()
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#mode === 'real' ? Date.now() : this.#manual
  }

  /** Changes the mode; a manual clock stands at `now`, or where the clock stood. */
  set(mode: ClockMode, now: number = this.now()): void {
    this.#mode = mode
    this.#manual = now
    this.#start = now
  }

  /** Puts a manual clock forward. It never goes back. */
  forward(to: number): void {
    this.#manual = Math.max(this.#manual, to)
  }

  /** A manual clock goes back to where it started; the mode stays. What is returned takes that back. */
  reset(): () => void {
    const before = this.#manual
    this.#manual = this.#start
    return () => {
      this.forward(before)
    }
  }
}
