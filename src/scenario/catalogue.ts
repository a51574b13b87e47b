import { Claims } from './claims.ts'
import type { Application } from './match.ts'
import type { Scenario } from './schema.ts'

/** The scenarios that a running sandbox knows: those of files, and over them those put there while it runs. */
export class Catalogue {
  readonly #shipped: ReadonlyMap<string, Scenario>
  #files: ReadonlyMap<string, Scenario> = new Map()
  #put: ReadonlyMap<string, Scenario> = new Map()
  readonly #putClaims = new LatestClaims()
  readonly #fileClaims = new LatestClaims()
  #problems: readonly string[] = []
  #refresh: (() => Promise<void>) | undefined

  /** @param shipped those of files that stay as they are, each with a name of its own */
  constructor(shipped: readonly Scenario[]) {
    this.#shipped = byName(shipped)
    this.#files = this.#shipped
  }

  /** What is wrong with the files as they are now, a line each; of a broken one the last good version is here. */
  get problems(): readonly string[] {
    return this.#problems
  }

  /** Takes what a user's files hold now in the place of what they held; they stand over the shipped ones. */
  setFiles(scenarios: readonly Scenario[], problems: readonly string[]): void {
    this.#files = byName([...this.#shipped.values(), ...scenarios])
    this.#problems = problems
  }

  /** @param refresh looks at the files again, and resolves when what was found is here */
  refreshBy(refresh: () => Promise<void>): void {
    this.#refresh = refresh
  }

  /** Looks at the files again, if they are followed. */
  async refresh(): Promise<void> {
    await this.#refresh?.()
  }

  get(name: string): Scenario | undefined {
    return this.#put.get(name) ?? this.#files.get(name)
  }

  names(): string[] {
    return this.list().map((scenario) => scenario.name)
  }

  list(): Scenario[] {
    return [...byName([...this.#files.values(), ...this.#put.values()]).values()]
  }

  /** The first scenario whose `match` fits: those put here first, and in name order (INTERFACE §4). */
  claiming(application: Application): Scenario | undefined {
    return this.#putClaims.of(this.#put).first(application) ?? this.#fileClaims.of(this.#files).first(application)
  }

  /** Adds a scenario, in the place of one of the same name. */
  put(scenario: Scenario): void {
    this.#put = byName([...this.#put.values(), scenario])
  }

  /** Takes off a scenario that was put here. A file's stays. */
  remove(name: string): boolean {
    const rest = [...this.#put.values()].filter((scenario) => scenario.name !== name)
    const was = rest.length < this.#put.size
    this.#put = byName(rest)
    return was
  }

  /** Back to the files; what is returned takes that back. */
  reset(): () => void {
    const before = this.#put
    this.#put = new Map()
    return () => {
      this.#put = before
    }
  }
}

/** The claims of a set of scenarios, worked out anew only when it is another set. */
class LatestClaims {
  #of: ReadonlyMap<string, Scenario> | undefined
  #claims = new Claims([])

  of(scenarios: ReadonlyMap<string, Scenario>): Claims {
    if (this.#of !== scenarios) {
      this.#of = scenarios
      this.#claims = new Claims(scenarios.values())
    }
    return this.#claims
  }
}

/** In name order; of two with one name the later. */
function byName(scenarios: readonly Scenario[]): Map<string, Scenario> {
  const last = new Map(scenarios.map((scenario) => [scenario.name, scenario]))
  return new Map([...last].sort(([a], [b]) => (a < b ? -1 : 1)))
}
