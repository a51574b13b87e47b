/**
 * Money as text. An amount is a decimal string from the first byte to the last; it is never a double, so
 * `1.10` stays `1.10` and twenty digits stay twenty digits.
 */

const PLAIN = /^(?:0|[1-9]\d*)(?:\.\d+)?$/
const JSON_NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
// An exponent past this writes out more digits than any limit allows; it is refused before it is written out.
const LARGEST_EXPONENT = 400

/** A plain, non-negative decimal: no sign, no exponent, no needless leading zero. */
export function isPlainDecimal(text: string): boolean {
  return PLAIN.test(text)
}

/**
 * Writes a JSON number's text without its exponent (`1.10E+2` is `110`), each digit kept. Text that is no JSON
 * number, or whose exponent is absurd, comes back as undefined.
 */
export function withoutExponent(text: string): string | undefined {
  const parts = JSON_NUMBER.exec(text)
  if (parts === null) return undefined
  const [, minus = '', integer = '', fraction = '', exponentText] = parts
  if (exponentText === undefined) return text
  const exponent = Number(exponentText)
  if (Math.abs(exponent) > LARGEST_EXPONENT) return undefined
  const digits = integer + fraction
  const point = integer.length + exponent
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const split = Math.max(point, 1)
  const whole = padded.slice(0, split).replace(/^0+(?=\d)/, '')
  const rest = padded.slice(split)
  return minus + whole + (rest === '' ? '' : `.${rest}`)
}

/** How many digits stand before and after the point. */
export function countDigits(plain: string): { integer: number; fraction: number } {
  const [integer = '', fraction = ''] = plain.split('.')
  return { integer: integer.length, fraction: fraction.length }
}

/** Compares two plain decimals exactly: negative, zero or positive, as sort functions do. */
export function compareDecimals(a: string, b: string): number {
  const scale = Math.max(countDigits(a).fraction, countDigits(b).fraction)
  const left = scaled(a, scale)
  const right = scaled(b, scale)
  return left < right ? -1 : left > right ? 1 : 0
}

/** True for 0, 0.0, 0.00 and so on. */
export function isZero(plain: string): boolean {
  return !/[1-9]/.test(plain)
}

function scaled(plain: string, scale: number): bigint {
  const [integer = '', fraction = ''] = plain.split('.')
  return BigInt(integer + fraction.padEnd(scale, '0'))
}
