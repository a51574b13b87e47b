import { withoutExponent } from '../contract/decimal.ts'
import { claims, type Application } from './match.ts'
import type { Scenario } from './schema.ts'

interface Ranked {
  rank: number
  scenario: Scenario
}

/**
 * Which of many scenarios claims an application. Those that ask for exact amounts, as most shipped ones do, are found by
 * the amount, so that an application costs the same however many there are.
 */
export class Claims {
  readonly #byAmount = new Map<string, Ranked[]>()
  readonly #others: Ranked[] = []

  /** @param scenarios in the order in which they are asked */
  constructor(scenarios: Iterable<Scenario>) {
    let rank = 0
    for (const scenario of scenarios) {
      const one = { rank: rank++, scenario }
      const amounts = exactAmounts(scenario)
      if (amounts === undefined) {
        if (scenario.match !== undefined) this.#others.push(one)
        continue
      }
      for (const amount of new Set(amounts.map(shortest))) {
        const ranked = this.#byAmount.get(amount)
        if (ranked === undefined) this.#byAmount.set(amount, [one])
        else ranked.push(one)
      }
    }
  }

  /** The first scenario whose `match` fits. */
  first(application: Application): Scenario | undefined {
    const { amount } = application
    const fitting = (ranked: readonly Ranked[]): Ranked | undefined => ranked.find(({ scenario }) => claims(scenario, application))
    const byAmount = amount === undefined ? undefined : fitting(this.#byAmount.get(shortest(amount)) ?? [])
    const other = fitting(this.#others)
    if (byAmount === undefined || other === undefined) return (byAmount ?? other)?.scenario
    return (byAmount.rank < other.rank ? byAmount : other).scenario
  }
}

/** The amounts that a scenario asks for one by one; undefined where it asks for bounds or for none. */
function exactAmounts({ match }: Scenario): string[] | undefined {
  const amount = match?.amount
  if (amount === undefined || (typeof amount === 'object' && !Array.isArray(amount))) return undefined
  return [amount].flat().map((one) => withoutExponent(String(one)) ?? '0')
}

/** The same text for the same amount: `1.10` and `1.1` are one. */
function shortest(plain: string): string {
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain
}
