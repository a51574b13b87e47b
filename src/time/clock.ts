/** Whether time passes by itself or stands still until it is advanced. */
export type ClockMode = 'real' | 'manual'

/** Rates below the first take a day for a minute and a half; above the second a timer's millisecond is over a quarter of an hour. */
export const RATES = { least: 0.001, most: 1_000_000 } as const

/** Times in the contract have four digits for the year; a day is left for zones. */
export const LAST_TIME = Date.UTC(9999, 11, 30)

const RATE = /^(\d{1,7}(?:\.\d{1,6})?)x$/

/**
 * Reads a rate as settings write it: `60x` lets a minute pass in each real second, `0.5x` half a second.
 *
 * @returns the rate, or undefined where the text is none or out of {@link RATES}
 */
export function readRate(text: string): number | undefined {
  const rate = Number(RATE.exec(text)?.[1] ?? Number.NaN)
  return rate >= RATES.least && rate <= RATES.most ? rate : undefined
}

/** A time on the clock, and what the monotonic clock said then. */
interface Anchor {
  time: number
  tick: number
}

/**
 * The one clock of a sandbox. Everything that happens to a bill happens on it; sockets do not. A real clock is the time
 * of day, or counts from where it was anchored, at a rate.
 */
export class Clock {
  #mode: ClockMode
  #rate: number
  #manual: number
  /** Where a real clock counts from; undefined where it is the time of day. */
  #anchor: Anchor | undefined
  #start: number
  readonly #monotonic: () => number

  /**
   * @param mode real or manual
   * @param now where the clock starts, in milliseconds since 1970; the wall clock's time where left out. A real clock
   *   with a rate of 1 that is given none is the time of day.
   * @param rate milliseconds on a real clock for each that passes
   * @param monotonic milliseconds from any start, which no one sets back
   */
  constructor(mode: ClockMode = 'real', now?: number, rate = 1, monotonic: () => number = () => performance.now()) {
    this.#mode = mode
    this.#rate = rate
    this.#monotonic = monotonic
    this.#start = now ?? Date.now()
    this.#manual = this.#start
    if (mode === 'real' && (now !== undefined || rate !== 1)) this.#anchor = this.#anchoredAt(this.#start)
  }

  get mode(): ClockMode {
    return this.#mode
  }

  /** Milliseconds that pass by themselves for each real one: 1 on a plain real clock, 0 on a manual one. */
  get rate(): number {
    return this.#mode === 'real' ? this.#rate : 0
  }

  /** The wall clock's time, whatever the mode. */
  static wall(): number {
    return Date.now()
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    if (this.#mode === 'manual') return this.#manual
    if (this.#anchor === undefined) return Date.now()
    const passed = (this.#monotonic() - this.#anchor.tick) * this.#rate
    return Math.max(this.#anchor.time, Math.min(Math.floor(this.#anchor.time + passed), LAST_TIME))
  }

  /**
   * Changes the mode or the rate.
   *
   * @param now where the clock stands then. Left out, it goes on from where it stood, but that a manual clock that
   *   becomes real has the time of day.
   * @param rate of a real clock
   */
  set(mode: ClockMode, now?: number, rate = 1): void {
    const stood = this.now()
    const goesOn = mode === 'real' && this.#mode === 'real' && now === undefined
    const isTimeOfDay = mode === 'real' && now === undefined && rate === 1 && (this.#mode === 'manual' || this.#anchor === undefined)
    const from = now ?? (mode === 'real' && !goesOn ? Date.now() : stood)
    this.#mode = mode
    this.#rate = rate
    this.#manual = from
    this.#anchor = mode === 'manual' || isTimeOfDay ? undefined : this.#anchoredAt(from)
    if (!goesOn) this.#start = from
  }

  /** Puts a manual clock forward. It never goes back. */
  forward(to: number): void {
    this.#manual = Math.max(this.#manual, to)
  }

  /**
   * The clock goes back to where it started, and a real one with a rate of 1 to the time of day; mode and rate stay. What
   * is returned takes that back.
   */
  reset(): () => void {
    const before = { manual: this.#manual, anchor: this.#anchor }
    this.#manual = this.#start
    const anchor = this.#mode === 'manual' || this.#rate === 1 ? undefined : this.#anchoredAt(this.#start)
    this.#anchor = anchor
    return () => {
      this.forward(before.manual)
      // Unless it was set meanwhile.
      if (this.#mode === 'real' && this.#anchor === anchor) this.#anchor = before.anchor
    }
  }

  #anchoredAt(time: number): Anchor {
    return { time, tick: this.#monotonic() }
  }
}
