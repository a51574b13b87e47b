/** A way in which a language writes a number anew: by a scalar as it was written, and the key it stands under. */
export interface Rewriting {
  readonly change: (raw: string, key: string) => string
  readonly rare?: boolean
}

/** Where the zeros at the end of a number begin. A regular expression would look for them from each zero on. */
function endWithoutZeros(raw: string): number {
  let end = raw.length
  while (raw.charCodeAt(end - 1) === 0x30) end--
  return end
}

const isNumber = (raw: string): boolean => raw < ':' && !raw.startsWith('"')
const isDecimalText = (raw: string): boolean => raw.startsWith('"') && raw.length > 2 && (raw[1] ?? '') < ':' && /^"-?\d+(?:\.\d+)?"$/.test(raw)
const isFraction = (raw: string): boolean => isNumber(raw) && /[.eE]/.test(raw)
const isAmount = (raw: string, key: string): boolean => isNumber(raw) && key === 'amount'

/** JSON.parse and JSON.stringify, and Go by way of float64. */
const asJavaScript = (raw: string): string => String(Number(raw))
/** Python by way of float, and Java by way of Double: a whole number gets a fraction. */
const withFraction = (raw: string): string => (Number.isInteger(Number(raw)) && Math.abs(Number(raw)) < 1e16 ? `${Number(raw)}.0` : String(Number(raw)))
const withTwoDigits = (raw: string): string => {
  const [whole = '', fraction = ''] = raw.split('.')
  return /[eE]/.test(raw) ? Number(raw).toFixed(2) : fraction.length <= 2 ? `${whole}.${fraction.padEnd(2, '0')}` : Number(raw).toFixed(2)
}
/** BigDecimal.stripTrailingZeros, written plainly. */
const withoutZeros = (raw: string): string => (/[eE]/.test(raw) || !raw.includes('.') ? raw : raw.slice(0, endWithoutZeros(raw)).replace(/\.$/, ''))
/** Java's Double.toString: with an exponent from ten million on, and below a thousandth. */
const asJavaDouble = (raw: string): string => {
  const value = Number(raw)
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return withFraction(raw)
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
}
/** BigDecimal.stripTrailingZeros and toString: 100 is 1E+2. */
const asStrippedBigDecimal = (raw: string): string => {
  const plain = withoutZeros(raw)
  const end = endWithoutZeros(plain)
  if (!/^-?\d+$/.test(plain) || end === plain.length || /^-?0/.test(plain)) return plain
  const [, first = '', rest = ''] = /^(-?\d)(\d*)$/.exec(plain.slice(0, end)) ?? []
  return `${first}${rest === '' ? '' : `.${rest}`}E+${plain.replace('-', '').length - 1}`
}
/** PHP before 7.1: seventeen digits. */
const inSeventeenDigits = (raw: string): string => (Number.isInteger(Number(raw)) ? raw : Number(raw).toPrecision(17).replace(/\.?0+$/, ''))

const quoted = (raw: string): string => `"${raw}"`
const unquoted = (raw: string): string => raw.slice(1, -1)

const where = (applies: (raw: string, key: string) => boolean, write: (raw: string) => string) =>
  (raw: string, key: string): string => (applies(raw, key) ? write(raw) : raw)

/** The commonest first; what gives the same text is looked at once. */
export const NUMBERS: readonly Rewriting[] = [
  { change: where(isNumber, asJavaScript) },
  { change: where(isFraction, withFraction) },
  { change: where(isNumber, withoutZeros), rare: true },
  { change: where(isNumber, withFraction), rare: true },
  { change: where(isAmount, withFraction), rare: true },
  { change: where(isNumber, asJavaDouble), rare: true },
  { change: where(isAmount, asJavaDouble), rare: true },
  { change: where(isNumber, withTwoDigits), rare: true },
  { change: where(isFraction, withTwoDigits), rare: true },
  { change: where(isAmount, withTwoDigits), rare: true },
  { change: where(isNumber, asStrippedBigDecimal), rare: true },
  { change: where(isAmount, asStrippedBigDecimal), rare: true },
  { change: where(isNumber, inSeventeenDigits), rare: true },
  { change: where(isNumber, quoted), rare: true },
  { change: where(isFraction, quoted), rare: true },
  { change: where(isAmount, quoted), rare: true },
  { change: where(isDecimalText, unquoted), rare: true },
  { change: where((raw, key) => isDecimalText(raw) && key === 'amount', unquoted), rare: true },
  { change: where(isDecimalText, (raw) => asJavaScript(unquoted(raw))), rare: true },
  { change: where((raw, key) => isDecimalText(raw) && key === 'amount', (raw) => asJavaScript(unquoted(raw))), rare: true },
]
