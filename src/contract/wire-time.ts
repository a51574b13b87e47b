/**
 * The contract's times: `yyyy-MM-dd HH:mm:ss`, read and written in one zone, which the text does not name
 * (CONTRACT §1). Inside, a time is a number of milliseconds since 1970 in UTC.
 */

const WIRE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/
const ISO = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2})(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/
const formatters = new Map<string, Intl.DateTimeFormat>()

/** Whether this Node.js knows a time zone by that name. */
export function isTimeZone(zone: string): boolean {
  try {
    formatter(zone)
    return true
  } catch {
    return false
  }
}

/** Writes a time as the contract does; null, for what has not happened, is the empty text. */
export function toWireTime(time: number | null, zone: string): string {
  if (time === null) return ''
  return new Date(time + zoneOffset(time, zone)).toISOString().slice(0, 19).replace('T', ' ')
}

/** Writes a time in ISO 8601 with the zone's offset, to the millisecond: the control API's times. */
export function toIsoTime(time: number, zone: string): string {
  const offset = zoneOffset(time, zone)
  const minutes = Math.abs(offset) / 60_000
  const pad = (value: number): string => String(Math.trunc(value)).padStart(2, '0')
  const local = new Date(time + offset).toISOString().slice(0, -1)
  return `${local}${offset < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`
}

/** Whether a text is a real calendar time in the contract's format: 30 February is not. */
export function isWireTime(text: string): boolean {
  return readFields(text) !== undefined
}

/**
 * Reads a time in the contract's format.
 *
 * @returns milliseconds since 1970, or undefined where the text is not such a time
 */
export function fromWireTime(text: string, zone: string): number | undefined {
  const local = readFields(text)
  if (local === undefined) return undefined
  // The offset depends on the instant, which depends on the offset: twice is enough but in the skipped hour
  // of a change to summer time, where no answer is right.
  const guess = local - zoneOffset(local, zone)
  return local - zoneOffset(guess, zone)
}

/** Reads a time that a person types: the contract's format in the zone, or ISO 8601 with an offset. */
export function readTime(text: string, zone: string): number | undefined {
  const wire = fromWireTime(text, zone)
  if (wire !== undefined) return wire
  const parts = ISO.exec(text)
  if (parts === null || !isWireTime(`${String(parts[1])} ${String(parts[2])}:${parts[3] ?? '00'}`)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

function readFields(text: string): number | undefined {
  if (!WIRE.test(text)) return undefined
  const part = (from: number, to: number): number => Number(text.slice(from, to))
  const [year, month, day] = [part(0, 4), part(5, 7), part(8, 10)]
  const [hour, minute, second] = [part(11, 13), part(14, 16), part(17, 19)]
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  // 30 February rolls over to March.
  if (time.getUTCDate() !== day) return undefined
  return time.setUTCHours(hour, minute, second)
}

function formatter(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone)
  if (found === undefined) {
    found = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    formatters.set(zone, found)
  }
  return found
}

// Zones change their offset on quarter hours only, so one answer serves for the quarter hour around it.
const QUARTER_HOUR = 900_000
const lastOffsets = new Map<string, { quarter: number; offset: number }>()

/** How far the zone is ahead of UTC at a time, in milliseconds. */
function zoneOffset(time: number, zone: string): number {
  const quarter = Math.floor(time / QUARTER_HOUR)
  const last = lastOffsets.get(zone)
  if (last?.quarter === quarter) return last.offset
  const offset = computeOffset(time, zone)
  lastOffsets.set(zone, { quarter, offset })
  return offset
}

function computeOffset(time: number, zone: string): number {
  const name = formatter(zone).formatToParts(time).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  const parts = /GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(name)
  if (parts === null) return 0
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = parts
  const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -size : size
}
