import { Agenda } from '../time/agenda.ts'
import { Clock } from '../time/clock.ts'
import type { DueWork } from './world.ts'

/** A clock, and the work that waits for it. */
export interface Timekeeping {
  readonly clock: Clock
  readonly agenda: Agenda<DueWork>
}

/** What the clocks of merchants depend on. */
export interface TimesNeeds {
  /** Whether a merchant is to go by a clock of its own. */
  hasOwn: (appKey: string) => boolean
  /** The latest time recorded for a merchant, in milliseconds since 1970; 0 where nothing is. */
  latest: (appKey: string) => number
  /** Makes the agenda of a merchant's own clock. */
  agendaFor: (clock: Clock) => Agenda<DueWork>
}

/**
 * The clocks: the sandbox's, by which all go, and those of merchants that have one of their own, so that one test can
 * turn its time while others go on in theirs.
 */
export class Times {
  readonly shared: Timekeeping
  readonly #own = new Map<string, Timekeeping>()
  readonly #needs: TimesNeeds

  constructor(shared: Timekeeping, needs: TimesNeeds) {
    this.shared = shared
    this.#needs = needs
  }

  /** The clock that a merchant goes by. One of its own begins where the sandbox's stands, but not before its records end. */
  of(appKey: string): Timekeeping {
    const known = this.#own.get(appKey)
    if (known !== undefined) return known
    if (!this.#needs.hasOwn(appKey)) return this.shared
    const clock = new Clock('manual', Math.max(this.shared.clock.now(), this.#needs.latest(appKey)))
    const made = { clock, agenda: this.#needs.agendaFor(clock) }
    this.#own.set(appKey, made)
    return made
  }

  /** Milliseconds since 1970 on a merchant's clock. */
  now(appKey: string): number {
    return this.of(appKey).clock.now()
  }

  /** Everything that was due is forgotten, and the clock is back at its start; what is returned takes the latter back. */
  reset(appKey: string): () => void {
    const own = this.#own.get(appKey)
    return own === undefined ? () => undefined : putBack(own)
  }

  /** The same for all clocks. */
  resetAll(): () => void {
    const takeBack = [this.shared, ...this.#own.values()].map(putBack)
    return () => {
      for (const one of takeBack) one()
    }
  }

  /**
   * Lets go of clocks whose merchants are gone. Called at once, not when that is durable: a merchant of the same appKey
   * that is made meanwhile has a clock that begins anew.
   *
   * @returns what brings the clocks back, with nothing due
   */
  letGo(): () => void {
    const gone = [...this.#own].filter(([appKey]) => !this.#needs.hasOwn(appKey))
    for (const [appKey, { agenda }] of gone) {
      agenda.close()
      this.#own.delete(appKey)
    }
    return () => {
      for (const [appKey, { clock }] of gone) this.#own.set(appKey, { clock, agenda: this.#needs.agendaFor(clock) })
    }
  }

  /** Starts nothing any more, on any clock. */
  close(): void {
    for (const { agenda } of this.#all()) agenda.close()
  }

  /** Ends when all that has been started is done. */
  async running(): Promise<void> {
    await Promise.all(this.#all().map(({ agenda }) => agenda.running()))
  }

  #all(): Timekeeping[] {
    return [this.shared, ...this.#own.values()]
  }
}

function putBack({ clock, agenda }: Timekeeping): () => void {
  agenda.clear()
  return clock.reset()
}
