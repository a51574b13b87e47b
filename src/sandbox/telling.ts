import type { Actor, Bill, Manner } from '../bill/bill.ts'
import { BODY_FORMS } from '../fault/body/table.ts'
import { SIGNATURE_FORMS } from '../fault/signature/table.ts'
import { withNotification } from '../notification/delivery.ts'
import { notificationPayload } from '../notification/payload.ts'
import type { NotificationRule, Telling } from '../scenario/notification-schema.ts'
import { ruleFor } from '../scenario/rule.ts'
import { sign } from '../signing/sign.ts'
import { readDuration } from '../time/duration.ts'
import { lengthOf } from './reactions.ts'
import type { World } from './world.ts'

/** As much of the world as telling takes. */
type Teller = Pick<World, 'ids' | 'merchants' | 'settings'>

/** Adds the notification that tells of the bill's present state, as its scenario has it; nothing is stored yet. */
export function told(world: Teller, bill: Bill, at: number): Bill {
  const rule = ruleFor(bill.scenario, bill.status)
  return rule === undefined ? withTelling(world, bill, {}, undefined, at) : withTelling(world, bill, rule, ruleManner(world, bill, rule, at), at)
}

/**
 * Adds a notification although nothing changed: sent once, without retries.
 *
 * @param telling what it says and how it is sent
 */
export function toldOf(world: Teller, bill: Bill, telling: Telling, { at, by }: { at: number; by: Actor }): Bill {
  const { status = bill.status, sign: signature = 'valid', body = 'intact' } = telling
  const event = { at, what: 'notify', by, note: `tells of ${status}, signature ${signature}, body ${body}`, telling } as const
  const noted = { ...bill, events: bill.events.concat(event) }
  return withTelling(world, noted, telling, { ...common(telling), apart: true, retry: [] }, at)
}

function withTelling({ merchants, settings }: Teller, bill: Bill, telling: Telling, manner: Manner | undefined, at: number): Bill {
  const merchant = merchants.get(bill.appKey)
  if (merchant === undefined) return bill
  const status = telling.status ?? bill.status
  const payload = notificationPayload(bill, { status, at, ...(telling.errorCode === undefined ? {} : { errorCode: telling.errorCode }) }, settings.timeZone)
  const { signed, sent } = BODY_FORMS[telling.body ?? 'intact'].write(payload)
  const { appKey, appSecret } = merchant
  return withNotification(bill, {
    at,
    status,
    body: sent,
    sign: SIGNATURE_FORMS[telling.sign ?? 'valid'].sign({ appKey, appSecret, content: signed }, sign),
    addressed: merchant.notifyUrl !== null,
    ...(manner === undefined || Object.keys(manner).length === 0 ? {} : { manner }),
  })
}

function ruleManner(world: Teller, bill: Bill, rule: NotificationRule, at: number): Manner {
  const { delay, replay, lose, order, retry } = rule
  const number = bill.notifications.length
  return {
    ...common(rule),
    ...(delay === undefined ? {} : { notBefore: at + lengthOf(world, delay, bill.billCode, 'delay', number) }),
    ...(replay === undefined ? {} : { replay: lengthOf(world, replay, bill.billCode, 'replay', number) }),
    ...(lose === undefined ? {} : { lose: lose === 'all' ? null : lose }),
    ...(order === 'reversed' ? { reversed: true } : {}),
    ...(retry === undefined ? {} : { retry }),
  }
}

function common({ copies, gap, together, slow }: Telling): Manner {
  return {
    ...(copies === undefined || copies < 2 ? {} : { copies, ...(together === true ? { together } : { gap: readDuration(gap ?? '0s') ?? 0 }) }),
    ...(slow === undefined ? {} : { slow: readDuration(slow) ?? 0 }),
  }
}
