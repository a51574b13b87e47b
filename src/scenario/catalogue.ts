import { claims, type Application } from './match.ts'
import type { Scenario } from './schema.ts'

/** The scenarios that a running sandbox knows: those of files, and over them those put there while it runs. */
export class Catalogue {
  readonly #files: ReadonlyMap<string, Scenario>
  #put: ReadonlyMap<string, Scenario> = new Map()

  /** @param files each with a name of its own */
  constructor(files: readonly Scenario[]) {
    this.#files = byName(files)
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
    for (const scenarios of [this.#put, this.#files]) {
      for (const scenario of scenarios.values()) if (claims(scenario, application)) return scenario
    }
    return undefined
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

/** In name order; of two with one name the later. */
function byName(scenarios: readonly Scenario[]): Map<string, Scenario> {
  const last = new Map(scenarios.map((scenario) => [scenario.name, scenario]))
  return new Map([...last].sort(([a], [b]) => (a < b ? -1 : 1)))
}
