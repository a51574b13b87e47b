import { createRequire } from 'node:module'
import type * as Currencies from 'currency-codes'
import type * as Countries from 'iso-3166-1'

// The tables are loaded when the first application needs them, not at start; without waiting, so by require.
const require = createRequire(import.meta.url)
let alpha2: Set<string> | undefined
let fractionDigits: Map<string, number> | undefined

/** Whether a text is an ISO 3166-1 alpha-2 code in upper case, such as `ID`. */
export function isCountry(text: string): boolean {
  return countries().has(text)
}

/** All ISO 3166-1 alpha-2 codes. */
export function countries(): ReadonlySet<string> {
  alpha2 ??= new Set((require('iso-3166-1') as typeof Countries).all().map((country) => country.alpha2))
  return alpha2
}

/**
 * How many fraction digits ISO 4217 gives a currency.
 *
 * @param text three upper-case letters, such as `IDR`
 * @returns the number of digits (IDR has 2, VND has 0), or undefined where there is no such currency
 */
export function currencyDigits(text: string): number | undefined {
  return currencies().get(text)
}

/** All ISO 4217 codes, and how many fraction digits each has. */
export function currencies(): ReadonlyMap<string, number> {
  fractionDigits ??= new Map((require('currency-codes') as typeof Currencies).data.map(({ code, digits }) => [code, digits]))
  return fractionDigits
}
