import { isPlainDecimal, withoutExponent } from '../contract/decimal.ts'
import { exactNumber, writeExact } from '../contract/json.ts'
import type { ApplyRequest } from '../contract/schemas.ts'

/** Decimals of so many digits survive in a double; one with more is what arithmetic left over, or has lost digits. */
const DIGITS_OF_A_DOUBLE = 15

/**
 * Writes an application as JSON, once: these are the bytes that are signed and sent. The amount goes out as a JSON
 * number with the very digits that were given.
 *
 * @throws TypeError naming the field whose number is not exact
 */
export function writeApplication(request: ApplyRequest): string {
  const { amount, items } = request
  for (const [index, item] of (items ?? []).entries()) {
    // A quantity as text goes out as text, as in the document's example.
    if (typeof item.quantity !== 'string') exactDecimal(item.quantity, `items[${index}].quantity`)
  }
  return writeExact({ ...request, amount: exactNumber(exactDecimal(amount, 'amount')) })
}

/** Any other request. */
export function writeRequest(request: object): string {
  return writeExact(request)
}

/**
 * A decimal as plain text, digit for digit.
 *
 * @param value a decimal as text, such as `"1.10"`; or a number, where it is a safe integer or has at most 15 digits
 * @throws TypeError
 */
function exactDecimal(value: unknown, field: string): string {
  if (typeof value === 'string') {
    if (isPlainDecimal(value)) return value
    throw new TypeError(`${field} must be a plain decimal such as "1.10", but is ${JSON.stringify(value.slice(0, 60))}`)
  }
  if (typeof value !== 'number') throw new TypeError(`${field} must be a decimal as text such as "1.10", or a number, but is ${value === null ? 'null' : `of type ${typeof value}`}`)
  const text = Number.isFinite(value) ? withoutExponent(String(value)) : undefined
  if (text === undefined || !isPlainDecimal(text)) throw new TypeError(`${field} must be a number that is not negative, but is ${value}`)
  const isExact = Number.isInteger(value) ? Number.isSafeInteger(value) : text.replace(/^[0.]+|\./g, '').length <= DIGITS_OF_A_DOUBLE
  if (!isExact) throw new TypeError(`${field} is the number ${value}, which a JavaScript number cannot hold exactly; give it as text, such as "1.10"`)
  return text
}
