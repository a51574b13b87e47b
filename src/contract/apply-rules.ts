import { Refusal } from '../errors.ts'
import { countDigits, isPlainDecimal, isZero, withoutExponent } from './decimal.ts'
import { currencyDigits, isCountry } from './iso.ts'
import { numberText } from './json.ts'
import { LIMITS } from './limits.ts'
import type { ApplyRequest } from './schemas.ts'
import { isWireTime } from './wire-time.ts'

/**
 * The rules of /apply that a schema cannot say: a real calendar time, codes that exist, and the amount's digits
 * (CONTRACT §4).
 *
 * @param request the body, its fields already of the right types
 * @param text the body as it arrived, which has the digits of the amount
 * @returns the amount as plain decimal text, digit for digit
 * @throws Refusal FIELD_INVALID, naming the field
 */
export function checkApply(request: ApplyRequest, text: string): string {
  if (!isWireTime(request.tradeTime)) {
    throw invalid('tradeTime', `must be a calendar time as yyyy-MM-dd HH:mm:ss, such as 2025-08-04 13:45:21, but is "${request.tradeTime}"`)
  }
  if (!isCountry(request.country)) {
    throw invalid('country', `must be an ISO 3166-1 alpha-2 code such as ID, but is "${request.country}"`)
  }
  const digits = currencyDigits(request.currency)
  if (digits === undefined) {
    throw invalid('currency', `must be an ISO 4217 code such as IDR, but is "${request.currency}"`)
  }
  const amount = readAmount(request.amount, text)
  const { integer, fraction } = countDigits(amount)
  if (integer > LIMITS.integerDigits) {
    throw invalid('amount', `has ${integer} digits before the point; at most ${LIMITS.integerDigits} are allowed`)
  }
  if (fraction > digits) {
    throw invalid('amount', `has ${fraction} fraction digit${fraction === 1 ? '' : 's'}; ISO 4217 gives ${request.currency} ${digits}`)
  }
  if (isZero(amount)) throw invalid('amount', 'must be greater than 0')
  return amount
}

function readAmount(amount: ApplyRequest['amount'], body: string): string {
  const sent = typeof amount === 'number' ? (numberText(body, 'amount') ?? '') : amount
  const text = typeof amount === 'number' ? withoutExponent(sent) : sent
  if (text?.startsWith('-') === true) throw invalid('amount', 'must be greater than 0')
  if (text === undefined || !isPlainDecimal(text)) {
    throw invalid('amount', `must be a number or a decimal string such as 1.10, but is ${JSON.stringify(sent.slice(0, 60))}`)
  }
  return text
}

function invalid(field: string, complaint: string): Refusal {
  return new Refusal('FIELD_INVALID', `${field} ${complaint}`)
}
