import { claims, type Application } from './match.ts'
import type { Scenario } from './schema.ts'

/** The scenarios that a running sandbox knows. */
export class Catalogue {
  readonly #byName: Map<string, Scenario>

  /** @param scenarios each with a name of its own */
  constructor(scenarios: readonly Scenario[]) {
    const sorted = scenarios.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    this.#byName = new Map(sorted.map((scenario) => [scenario.name, scenario]))
  }

  get(name: string): Scenario | undefined {
    return this.#byName.get(name)
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }

  /** The first scenario, in name order, whose `match` fits. */
  claiming(application: Application): Scenario | undefined {
    for (const scenario of this.#byName.values()) if (claims(scenario, application)) return scenario
    return undefined
  }
}
