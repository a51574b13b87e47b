import { toWireTime } from '../contract/wire-time.ts'

/** How lines are written for people. */
export interface Reading {
  /** The time on the sandbox's clock, in milliseconds since 1970. */
  now: () => number
  timeZone: string
  colours: boolean
}

/** What the message says already, or what only a program wants to know. */
const UNSAID = ['level', 'time', 'msg', 'pid', 'hostname', 'reqId', 'at', 'err']
/** Of what happened to a bill, the message says everything but whose it is. */
const WHOSE = ['billCode', 'tradeUuid', 'appKey']
const LEVELS: Readonly<Record<number, readonly [word: string, colour: number]>> = {
  10: ['trace', 2], 20: ['debug', 2], 40: ['warning', 33], 50: ['error', 31], 60: ['fatal', 31],
}
const GREEN = 32
const RED = 31
const DIM = 2

/**
 * Writes pino's lines for people: the time on the sandbox's clock, what happened, and whose bill it is. What happened to a
 * bill has the time that its record has; every other line the time at which it is written.
 *
 * @returns takes a line of JSON and gives the readable one, with its end
 */
export function readable({ now, timeZone, colours }: Reading): (json: string) => string {
  const paint = (colour: number, text: string): string => (colours && text !== '' ? `\x1b[${colour}m${text}\x1b[0m` : text)
  return (json) => {
    const line = JSON.parse(json) as Record<string, unknown>
    const [word, colour] = LEVELS[Number(line['level'])] ?? []
    const isAboutBill = typeof line['at'] === 'string' && typeof line['event'] === 'string'
    const at = isAboutBill ? Date.parse(String(line['at'])) : now()
    const names = isAboutBill ? WHOSE : Object.keys(line).filter((name) => !UNSAID.includes(name))
    const fields = names.filter((name) => line[name] !== undefined).map((name) => `${name}=${shown(line[name])}`).join(' ')
    const { message } = (line['err'] ?? {}) as { message?: unknown }
    const what = `${word === undefined ? '' : `${word}: `}${plain(String(line['msg']))}${typeof message === 'string' ? `: ${plain(message)}` : ''}`
    const good = line['to'] === 'PAY_SUCCESS' || line['acknowledged'] === true
    const bad = line['to'] === 'PAY_FAIL' || line['acknowledged'] === false
    const painted = colour ?? (good ? GREEN : bad ? RED : undefined)
    return `${paint(DIM, toWireTime(at, timeZone))}  ${painted === undefined ? what : paint(painted, what)}${fields === '' ? '' : `  ${paint(DIM, fields)}`}\n`
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=]+$/.test(text) ? plain(text) : plain(JSON.stringify(value))
}

/** What others chose must not move the terminal's cursor. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
