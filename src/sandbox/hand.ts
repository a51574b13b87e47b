import { isTimed, readNotificationId, type Actor, type Bill } from '../bill/bill.ts'
import type { Move } from '../bill/transitions.ts'
import { STATUS } from '../contract/states.ts'
import { Problem } from '../errors.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { Telling } from '../scenario/notification-schema.ts'
import type { FoundNotification } from '../store/store.ts'
import { runDue } from './due.ts'
import { toldOf } from './telling.ts'
import { commit, moved, type World } from './world.ts'

/** What someone does to a bill by hand: the customer on the checkout page, or a person through the control API. */
export interface HandMove {
  move: Exclude<Move, 'payLate'>
  by: Extract<Actor, 'control' | 'customer'>
  errorCode?: string
  /** Allows a payment after the bill has failed or was cancelled. */
  late?: boolean
}

/** @throws MoveForbidden naming the state and the moves that it allows */
export async function moveByHand(world: World, bill: Bill, { move, by, errorCode, late = false }: HandMove): Promise<Bill> {
  const wanted = move === 'pay' && late && bill.status !== STATUS.waiting ? 'payLate' : move
  let next: Bill
  try {
    next = moved(world, bill, wanted, { at: world.times.now(bill.appKey), by, ...(errorCode === undefined ? {} : { errorCode }) })
  } catch (error) {
    // What stands in the way may still be on its way to the disk.
    await world.store.settled()
    throw error
  }
  await commit(world, next, bill)
  return next
}

/**
 * Sends a notification about a bill now, whatever its state and whatever else waits; once, without retries.
 *
 * @returns the notification, when the merchant has answered, or not answered in time
 */
export async function notifyByHand(world: World, bill: Bill, telling: Telling): Promise<FoundNotification> {
  const told = toldOf(world, bill, telling, { at: world.times.now(bill.appKey), by: 'control' })
  const index = bill.notifications.length
  await commit(world, told, bill)
  const due = told.due.find((one) => one.what === 'attempt' && one.notification === index)
  if (due !== undefined && isTimed(due)) await runDue(world, { billCode: bill.billCode, due })
  const found = findNotification(world, `${bill.billCode}-${index + 1}`)
  // A reset came meanwhile.
  if (found === undefined) throw new Problem(404, `bill ${bill.billCode} is not there any more`)
  return found
}

/** The bills that an id means: a billCode means one at the most, `tradeUuid:<uuid>` one of each merchant. */
export function findBills(world: World, id: string, appKey?: string): Bill[] {
  const prefix = 'tradeUuid:'
  const found = id.startsWith(prefix)
    ? (appKey === undefined ? world.merchants.list().map((merchant) => merchant.appKey) : [appKey])
        .map((key) => world.store.billByTradeUuid(key, id.slice(prefix.length)))
    : [world.store.bill(id)]
  return found.filter((bill) => bill !== undefined && (appKey === undefined || bill.appKey === appKey)) as Bill[]
}

export function findNotification(world: World, id: string): FoundNotification | undefined {
  const place = readNotificationId(id)
  const bill = place === undefined ? undefined : world.store.bill(place.billCode)
  const notification = bill?.notifications[place?.index ?? -1]
  return bill === undefined || notification === undefined ? undefined : { bill, notification }
}

/** Sends a notification once more, now, whatever its schedule says. */
export async function resend(world: World, { bill, notification }: FoundNotification): Promise<void> {
  await world.dispatcher.attempt(bill.billCode, bill.notifications.indexOf(notification), 'resend', () => true)
}

/** Changes a merchant. Attempts that had no URL to go to are due when it gets one. */
export async function changeMerchant(world: World, merchant: Merchant, fields: Partial<Merchant>): Promise<Merchant> {
  const changed = await world.merchants.change(merchant, fields)
  if (merchant.notifyUrl === null && changed.notifyUrl !== null) {
    for (const bill of world.store.untold(merchant.appKey)) {
      for (const due of bill.due) if (due.what === 'attempt' || due.what === 'copy') world.times.of(bill.appKey).agenda.add(due.at, { billCode: bill.billCode, due })
    }
  }
  return changed
}
