import { isUtf8 } from 'node:buffer'
import type { Merchant } from '../../merchant/merchant.ts'
import type { World } from '../../sandbox/world.ts'
import type { ExplainInput, Explanation } from '../../signing/index.ts'
import type { Signed } from './gate.ts'

/**
 * How many of a merchant's wrong signatures are explained at once, and in each second from then on; and how many
 * milliseconds they may take. A suite that tries every mistake there is stays below it, a flood does not.
 */
const AT_ONCE = { explanations: 250, milliseconds: 1000 }
const EACH_SECOND = { explanations: 5, milliseconds: 10 }
/** How many bytes are hashed for one refusal: a large body is looked at for the commonest mistakes alone. */
const EFFORT = 4 * 1024 * 1024
/** Other merchants whose secret is tried, and recent requests whose body is. */
const OTHERS = 50
const RECENT = 20
const LARGEST_RECENT = 16 * 1024

type Explaining = typeof import('../../signing/explain/explain.ts')

let loaded: Explaining | undefined

/** The first wrong signature loads it; asking for a module anew each time would cost more than to leave one unexplained. */
async function explaining(): Promise<Explaining> {
  return (loaded ??= await import('../../signing/explain/explain.ts'))
}

/** What a merchant has left. */
interface Budget {
  explanations: number
  milliseconds: number
  /** On the monotonic clock. */
  since: number
}

/**
 * Explains wrong signatures. It takes a millisecond or more for each, so a merchant who sends many of them has a budget;
 * the right ones of everyone else are not to wait for it. The time is real time, as it is the processor's.
 */
export class Explainer {
  readonly #world: Pick<World, 'merchants' | 'requests'>
  readonly #budgets = new WeakMap<Merchant, Budget>()

  constructor(world: Pick<World, 'merchants' | 'requests'>) {
    this.#world = world
  }

  /**
   * Explains a request's signature; one that finds the merchant's budget used up is left unexplained, and says so.
   *
   * @returns a promise the first time alone
   */
  explainInTurn(merchant: Merchant, signed: Signed): Explanation | Promise<Explanation> {
    if (loaded === undefined) return explaining().then(() => this.explainInTurn(merchant, signed))
    const { explain, unexplained } = loaded
    const budget = this.#budgetOf(merchant)
    if (budget.explanations < 1 || budget.milliseconds <= 0) return unexplained(inputOf(merchant, signed))
    const explanation = explain({ ...inputOf(merchant, signed), ...this.#around(merchant), effort: EFFORT })
    budget.explanations--
    budget.milliseconds -= performance.now() - budget.since
    return explanation
  }

  /** Explains a signature that someone asks about. */
  async explain(merchant: Merchant, signed: Signed): Promise<Explanation> {
    const { explain } = await explaining()
    return explain({ ...inputOf(merchant, signed), ...this.#around(merchant) })
  }

  #budgetOf(merchant: Merchant): Budget {
    const now = performance.now()
    let budget = this.#budgets.get(merchant)
    if (budget === undefined) this.#budgets.set(merchant, (budget = { ...AT_ONCE, since: now }))
    const seconds = (now - budget.since) / 1000
    for (const of of ['explanations', 'milliseconds'] as const) budget[of] = Math.min(AT_ONCE[of], budget[of] + seconds * EACH_SECOND[of])
    budget.since = now
    return budget
  }

  #around({ appKey }: Merchant): Pick<ExplainInput, 'otherSecrets' | 'otherBodies'> {
    const otherSecrets: Merchant[] = []
    for (const merchant of this.#world.merchants.all()) {
      if (otherSecrets.length === OTHERS) break
      if (merchant.appKey !== appKey) otherSecrets.push(merchant)
    }
    const { items } = this.#world.requests.list({ appKey }, { limit: RECENT, cursor: undefined })
    return {
      otherSecrets,
      otherBodies: items.flatMap((request) => (request.body === undefined || request.body.length > LARGEST_RECENT || !isUtf8(request.body) ? [] : [{ id: `r-${request.number}`, body: request.body.toString() }])),
    }
  }
}

function inputOf({ appKey, appSecret, signature }: Merchant, { text, sign }: Signed): ExplainInput {
  return { appKey, appSecret, body: text, sign, reading: signature }
}
