import type { Attempt, Bill, BillEvent, Notification } from '../bill/bill.ts'
import { chronicle } from './chronicle.ts'
import type { World } from './world.ts'

/** One thing that a bill's new version has and the one before had not. */
export type News =
  | { readonly what: 'event'; readonly event: BillEvent }
  | { readonly what: 'notification'; readonly notification: Notification }
  /** The `number`-th attempt at a notification. */
  | { readonly what: 'attempt'; readonly notification: Notification; readonly attempt: Attempt; readonly number: number }

/** As much of the world as takes note of news. */
export type Witnesses = Pick<World, 'log' | 'settings' | 'feed'>

/**
 * Tells the log and whoever watches what is new in a bill.
 *
 * @param bill the version that is durable now
 * @param before the one that it takes the place of; none for a new bill
 */
export function tellNews(world: Witnesses, bill: Bill, before: Bill | undefined): void {
  const isLogged = world.log.isLevelEnabled('info')
  for (const one of newsOf(bill, before)) {
    if (isLogged) chronicle(world, bill, one)
    const { appKey } = bill
    if (one.what === 'event') world.feed.publish({ type: 'bill', appKey, bill, event: one.event })
    else if (one.what === 'notification') world.feed.publish({ type: 'notification', appKey, bill, notification: one.notification })
    else world.feed.publish({ type: 'notification', appKey, bill, notification: one.notification, attempt: one.attempt, number: one.number })
  }
}

function* newsOf(bill: Bill, before: Bill | undefined): Generator<News> {
  for (const event of bill.events.slice(before?.events.length ?? 0)) yield { what: 'event', event }
  for (const [index, notification] of bill.notifications.entries()) {
    const known = before?.notifications[index]
    if (known === notification) continue
    if (known === undefined) yield { what: 'notification', notification }
    const { attempts } = notification
    for (let made = known?.attempts.length ?? 0; made < attempts.length; made++) {
      const attempt = attempts[made]
      if (attempt !== undefined) yield { what: 'attempt', notification, attempt, number: made + 1 }
    }
  }
}
