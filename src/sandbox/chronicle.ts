import { isTimed, type Attempt, type Bill, type BillEvent, type Notification } from '../bill/bill.ts'
import { toIsoTime, toWireTime } from '../contract/wire-time.ts'
import { advise } from '../notification/doctor.ts'
import type { News } from './news.ts'
import type { World } from './world.ts'

type Line = [fields: { at: number } & Record<string, unknown>, message: string]

/**
 * Logs one thing that is new in a bill, with its time on the sandbox's clock. What was sent and how it was signed is
 * left to the record.
 */
export function chronicle({ log, settings }: Pick<World, 'log' | 'settings'>, bill: Bill, news: News): void {
  const line = lineOf(bill, news, settings.timeZone)
  if (line === undefined) return
  const [{ at, ...fields }, message] = line
  const { billCode, tradeUuid, appKey } = bill
  log.info({ at: toIsoTime(at, settings.timeZone), billCode, tradeUuid, appKey, ...fields }, message)
}

function lineOf(bill: Bill, news: News, zone: string): Line | undefined {
  if (news.what === 'event') return ofEvent(bill, news.event)
  if (news.what === 'attempt') return ofAttempt(bill, news.notification, news.attempt, news.number, zone)
  const { id, status, state, createdAt } = news.notification
  // That one came up is said by the event that it tells of.
  return state === 'unaddressed' ? [{ at: createdAt, event: 'unaddressed', notification: id }, `nobody is told of ${status}: the merchant has no notifyUrl`] : undefined
}

function ofEvent(bill: Bill, { at, what, by, from, to, errorCode, note }: BillEvent): Line {
  if (what === 'apply') {
    const { amount, currency, scenario } = bill
    const lost = note === undefined ? '' : `; ${note}`
    // No more fields than that: there is such a line for every application, and each field costs.
    return [{ at, event: what, by, scenario: scenario.name }, `bill applied: ${amount} ${currency}, scenario ${scenario.name}${lost}`]
  }
  const fields = { at, event: what, by, from, to, errorCode, note }
  const did = to === undefined ? what.replace('-', ' ') : `${String(from)} → ${to}`
  const why = [errorCode, note].filter((part) => part !== undefined && part !== '')
  return [fields, `${did}, by ${BY[by]}${why.length === 0 ? '' : `: ${why.join('; ')}`}`]
}

const BY = {
  merchant: 'the merchant',
  scenario: 'the scenario',
  control: 'the control API',
  customer: 'the customer',
  expiry: 'expiry',
} as const satisfies Record<BillEvent['by'], string>

function ofAttempt(bill: Bill, { id, status, state, attempts }: Notification, attempt: Attempt, number: number, zone: string): Line {
  const { at, trigger, acknowledged, answer, error } = attempt
  // Said once, of what the merchant's own log cannot say.
  const advice = number === 1 && answer === undefined ? advise(attempt) : undefined
  const index = bill.notifications.findIndex((one) => one.id === id)
  const next = bill.due.filter(isTimed).find((due) => due.what === 'attempt' && due.notification === index)?.at
  // What follows is said once, though copies come together.
  const isLast = number === attempts.length
  const givenUp = isLast && state === 'given-up'
  const follows = !isLast || acknowledged ? '' : givenUp ? '; given up' : next === undefined ? '' : `; next at ${toWireTime(next, zone)}`
  const how = trigger === 'schedule' ? '' : trigger === 'copy' ? ', a copy' : ', by hand'
  return [
    {
      at, event: 'attempt', notification: id, status, attempt: number, trigger, acknowledged, givenUp, answered: answer?.status, error,
      ...(next === undefined ? {} : { nextAttemptAt: toIsoTime(next, zone) }),
    },
    `told of ${status} (attempt ${number}${how}): ${acknowledged ? 'acknowledged' : `not acknowledged, ${error ?? 'no answer'}`}${follows}${advice === undefined ? '' : `. Try: ${advice}`}`,
  ]
}
