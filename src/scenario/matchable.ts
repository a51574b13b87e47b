import { countDigits, withoutExponent } from '../contract/decimal.ts'
import { countries, currencies } from '../contract/iso.ts'
import { LIMITS } from '../contract/limits.ts'
import { ApplyRequest } from '../contract/schemas.ts'
import { closest } from '../nearest.ts'
import { globFits } from './match.ts'
import type { AmountMatch, Match } from './match-schema.ts'
import { about, type Complaint, type Problem } from './problem.ts'

/** What a `match` asks for that no application has which QLink takes (CONTRACT §4). */
export function unmatchable(match: Match): Problem[] {
  const { amount, ...texts } = match
  const complaints = Object.entries(texts).flatMap(([field, pattern]) =>
    Array.isArray(pattern)
      ? pattern.map((one, index): Complaint => textComplaint(field, one, `${field}.${index}`))
      : [textComplaint(field, pattern, field)])
  return about(['match'], [...complaints, ...(amount === undefined ? [] : amountComplaints(amount, match))])
}

/** Fields of which all values are known. */
const KNOWN: Record<string, { values: () => Iterable<string>; what: string }> = {
  country: { values: () => countries(), what: 'an ISO 3166-1 alpha-2 code such as ID' },
  currency: { values: () => currencies().keys(), what: 'an ISO 4217 code such as IDR' },
  source: { values: () => (ApplyRequest.properties.source as unknown as { enum: string[] }).enum, what: 'QERP_CN or QERP_ASIA' },
}

function textComplaint(field: string, glob: string, key: string): Complaint {
  const known = KNOWN[field]
  if (known !== undefined) {
    const values = [...known.values()]
    if (values.some((value) => globFits(glob, value))) return undefined
    const near = closest(glob, values.filter((value) => value !== ''))
    return [key, `fits no request: it must be ${known.what}, or a glob that fits one, but is ${JSON.stringify(glob)}${near === undefined ? '' : `; did you mean ${near}?`}`]
  }
  const { minLength = 0, maxLength = Infinity } = field === 'appKey' ? { minLength: 1 } : (ApplyRequest.properties[field as keyof typeof ApplyRequest.properties] as { minLength?: number; maxLength?: number })
  const letters = Array.from(glob).filter((character) => character !== '*').length
  if (glob === '' && minLength > 0) return [key, 'fits no request: it is empty, and the field is required; leave it out, or write "*"']
  return letters > maxLength ? [key, `fits no request: it takes ${letters} characters, and the field has at most ${maxLength}`] : undefined
}

function amountComplaints(amount: AmountMatch, match: Match): Complaint[] {
  const digits = finestOf(match)
  if (Array.isArray(amount)) return amount.map((one, index) => valueComplaint(one, digits, `amount.${index}`))
  return [typeof amount === 'object' ? boundsComplaint(amount, digits) : valueComplaint(amount, digits, 'amount')]
}

/** The currency with the most fraction digits of those that a match allows. */
function finestOf({ currency }: Match): Finest {
  const globs = currency === undefined ? ['*'] : [currency].flat()
  const allowed = [...currencies()].filter(([code]) => globs.some((glob) => globFits(glob, code)))
  // Where no currency fits, that is what is wrong.
  const digits = allowed.length === 0 ? Infinity : Math.max(...allowed.map(([, count]) => count))
  return { digits: Math.min(digits, 20), whose: currency === undefined ? 'any currency' : [currency].flat().join(' or ') }
}

interface Finest {
  digits: number
  whose: string
}

function valueComplaint(value: number | string, { digits, whose }: Finest, key: string): Complaint {
  const text = plain(value)
  if (isNotPositive(text)) return [key, `fits no request: an amount is more than 0, but this is ${text}`]
  const { integer, fraction } = countDigits(text.replace(/(\.\d*?)0+$/, '$1'))
  if (integer > LIMITS.integerDigits) return [key, `fits no request: it has ${integer} digits before the point, and an amount at most ${LIMITS.integerDigits}`]
  if (fraction <= digits) return undefined
  return [key, `fits no request: it has ${fraction} fraction digits, and ISO 4217 gives ${whose} at most ${digits}`]
}

/** Whether any amount lies between the bounds, counted in the smallest unit there is. */
function boundsComplaint({ gt, gte, lt, lte }: Exclude<AmountMatch, number | string | unknown[]>, { digits }: Finest): Complaint {
  const unit = (value: number | string): { whole: bigint; exact: boolean } => {
    const text = plain(value)
    const { fraction } = countDigits(text)
    const scaled = BigInt(text.replace('.', '')) * 10n ** BigInt(Math.max(0, digits - fraction))
    const over = 10n ** BigInt(Math.max(0, fraction - digits))
    const rest = ((scaled % over) + over) % over
    return { whole: (scaled - rest) / over, exact: rest === 0n }
  }
  const lowest = [1n]
  const highest = [10n ** BigInt(LIMITS.integerDigits + digits) - 1n]
  if (gt !== undefined) lowest.push(unit(gt).whole + 1n)
  if (gte !== undefined) lowest.push(unit(gte).whole + (unit(gte).exact ? 0n : 1n))
  if (lt !== undefined) highest.push(unit(lt).whole - (unit(lt).exact ? 1n : 0n))
  if (lte !== undefined) highest.push(unit(lte).whole)
  const least = lowest.reduce((a, b) => (a > b ? a : b))
  const most = highest.reduce((a, b) => (a < b ? a : b))
  return least <= most ? undefined : ['amount', `fits no request: no amount lies between these bounds (amounts are more than 0, have at most ${LIMITS.integerDigits} digits before the point, and here at most ${digits} after it)`]
}

function isNotPositive(plainText: string): boolean {
  return plainText.startsWith('-') || !/[1-9]/.test(plainText)
}

function plain(value: number | string): string {
  return withoutExponent(String(value)) ?? '0'
}
