const SHORT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const ISO = /^P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** A hundred years: anything longer is a slip of the pen, and would leave the range of dates. */
const LONGEST = 100 * 365 * UNITS.d

/** What a duration may look like, for messages. */
export const DURATION_FORMS = '500ms, 3s, 15m, 48h, 2d or ISO 8601 such as PT15M'

/**
 * Reads a duration: `500ms`, `3s`, `15m`, `48h`, `2d`, or ISO 8601 (`PT15M`).
 *
 * @returns whole milliseconds, or undefined where the text is no duration or longer than a hundred years
 */
export function readDuration(text: string): number | undefined {
  const length = readShort(text) ?? readIso(text)
  return length === undefined || length > LONGEST ? undefined : Math.round(length)
}

/** Writes a length of time for people: `16h 2m 27s`; nothing below a millisecond. */
export function writeDuration(length: number): string {
  let rest = length
  const parts = (['d', 'h', 'm', 's', 'ms'] as const).flatMap((unit) => {
    const count = Math.floor(rest / UNITS[unit])
    rest -= count * UNITS[unit]
    return count === 0 ? [] : [`${count}${unit}`]
  })
  return parts.length === 0 ? '0s' : parts.join(' ')
}

function readShort(text: string): number | undefined {
  const parts = SHORT.exec(text)
  if (parts === null) return undefined
  return Number(parts[1]) * UNITS[parts[2] as keyof typeof UNITS]
}

function readIso(text: string): number | undefined {
  const parts = ISO.exec(text)
  if (parts === null || text === 'P') return undefined
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = parts
  return Number(days) * UNITS.d + Number(hours) * UNITS.h + Number(minutes) * UNITS.m + Number(seconds) * UNITS.s
}
