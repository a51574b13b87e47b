import { isTimed, type Attempt, type Bill, type BillEvent, type Notification } from '../bill/bill.ts'
import { toIsoTime, toWireTime } from '../contract/wire-time.ts'
import type { World } from './world.ts'

type Teller = Pick<World, 'log' | 'settings'>
type Line = [fields: { at: number } & Record<string, unknown>, message: string]

/**
 * Logs what is new in a bill: a line for each event and each attempt, with its time on the sandbox's clock. What was
 * sent and how it was signed is left to the record.
 *
 * @param bill the version that is durable now
 * @param before the one that it takes the place of; none for a new bill
 */
export function chronicle({ log, settings }: Teller, bill: Bill, before: Bill | undefined): void {
  if (!log.isLevelEnabled('info')) return
  for (const [{ at, ...fields }, message] of news(bill, before, settings.timeZone)) {
    const { billCode, tradeUuid, appKey } = bill
    log.info({ at: toIsoTime(at, settings.timeZone), billCode, tradeUuid, appKey, ...fields }, message)
  }
}

function* news(bill: Bill, before: Bill | undefined, zone: string): Generator<Line> {
  for (const event of bill.events.slice(before?.events.length ?? 0)) yield ofEvent(bill, event)
  for (const [index, notification] of bill.notifications.entries()) {
    const known = before?.notifications[index]
    if (known === notification) continue
    if (known === undefined && notification.state === 'unaddressed') {
      yield [{ at: notification.createdAt, event: 'unaddressed', notification: notification.id }, `nobody is told of ${notification.status}: the merchant has no notifyUrl`]
    }
    const { attempts } = notification
    for (let made = known?.attempts.length ?? 0; made < attempts.length; made++) {
      const attempt = attempts[made]
      if (attempt !== undefined) yield ofAttempt(bill, notification, attempt, made + 1, zone)
    }
  }
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

function ofAttempt(bill: Bill, { id, status, state, attempts }: Notification, { at, trigger, acknowledged, answer, error }: Attempt, number: number, zone: string): Line {
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
    `told of ${status} (attempt ${number}${how}): ${acknowledged ? 'acknowledged' : `not acknowledged, ${error ?? 'no answer'}`}${follows}`,
  ]
}
