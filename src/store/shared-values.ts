import type { Bill } from '../bill/bill.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/**
 * Bills that were read from a file have a copy each of what they all have in common. Given back its one copy, a bill
 * takes about as much memory as when it was made.
 */
export class SharedValues {
  readonly #scenarios = new Map<string, Bill['scenario']>()
  readonly #texts = new Map<string, string>()

  /** Changes the bill in place: it has just been read, and nobody else has seen it. */
  share(bill: Writable<Bill>): Bill {
    const written = JSON.stringify(bill.scenario)
    const scenario = this.#scenarios.get(written)
    if (scenario === undefined) this.#scenarios.set(written, bill.scenario)
    else bill.scenario = scenario
    bill.appKey = this.#text(bill.appKey)
    bill.currency = this.#text(bill.currency)
    bill.status = this.#text(bill.status) as Bill['status']
    return bill
  }

  #text(text: string): string {
    const known = this.#texts.get(text)
    if (known === undefined) this.#texts.set(text, text)
    return known ?? text
  }
}
