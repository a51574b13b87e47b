import { codes, code as currencyByCode } from 'currency-codes'
import countries from 'iso-3166-1'

// The tables are turned into maps when the first application needs them, not at start.
let alpha2: Set<string> | undefined
let fractionDigits: Map<string, number> | undefined

/** Whether a text is an ISO 3166-1 alpha-2 code in upper case, such as `ID`. */
export function isCountry(text: string): boolean {
  alpha2 ??= new Set(countries.all().map((country) => country.alpha2))
  return alpha2.has(text)
}

/**
 * How many fraction digits ISO 4217 gives a currency.
 *
 * @param text three upper-case letters, such as `IDR`
 * @returns the number of digits (IDR has 2, VND has 0), or undefined where there is no such currency
 */
export function currencyDigits(text: string): number | undefined {
  fractionDigits ??= new Map(codes().map((code) => [code, currencyByCode(code)?.digits ?? 0]))
  return fractionDigits.get(text)
}
