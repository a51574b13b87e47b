import { compareDecimals, withoutExponent } from '../contract/decimal.ts'
import type { AmountMatch, Match } from './match-schema.ts'
import type { Scenario } from './schema.ts'

/** What a scenario's `match` looks at. */
export interface Application {
  appKey: string
  /** As plain decimal text, digit for digit; undefined where there is none. */
  amount: string | undefined
  /** The application's own fields. */
  fields: Partial<Record<Exclude<keyof Match, 'amount' | 'appKey'>, string | undefined>>
}

/** Whether a scenario claims an application; one without `match` claims none. */
export function claims({ match }: Scenario, application: Application): boolean {
  if (match === undefined) return false
  if (match.amount !== undefined && (application.amount === undefined || !amountFits(match.amount, application.amount))) return false
  return Object.entries(match).every(([field, pattern]) => {
    if (field === 'amount') return true
    const value = field === 'appKey' ? application.appKey : application.fields[field as keyof Application['fields']]
    return value !== undefined && [pattern as string | string[]].flat().some((one) => globFits(one, value))
  })
}

/**
 * Whether a text fits a glob: `*` is any text, `?` one character. Steps through both once and goes back to the last
 * star only, so that no pattern takes more than the product of both lengths.
 */
export function globFits(glob: string, text: string): boolean {
  const pattern = Array.from(glob)
  const characters = Array.from(text)
  let p = 0
  let t = 0
  let star = -1
  let mark = 0
  while (t < characters.length) {
    if (pattern[p] === '*') {
      star = p++
      mark = t
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === characters[t])) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++mark
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

function amountFits(match: AmountMatch, amount: string): boolean {
  if (Array.isArray(match)) return match.some((one) => sameAmount(one, amount))
  if (typeof match !== 'object') return sameAmount(match, amount)
  const holds = (bound: number | string | undefined, fits: (order: number) => boolean): boolean =>
    bound === undefined || fits(compareDecimals(amount, plain(bound)))
  return holds(match.gt, (order) => order > 0) && holds(match.gte, (order) => order >= 0)
    && holds(match.lt, (order) => order < 0) && holds(match.lte, (order) => order <= 0)
}

/** Equal decimals are equal doubles, so that most amounts are told apart without looking at digits: many scenarios match on one. */
function sameAmount(match: number | string, amount: string): boolean {
  return Number(match) === Number(amount) && compareDecimals(amount, plain(match)) === 0
}

function plain(value: number | string): string {
  return withoutExponent(String(value)) ?? '0'
}
