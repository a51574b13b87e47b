import { withDue, withoutDue, type Attempt, type Bill, type Notification } from '../bill/bill.ts'
import { nextWait } from './schedule.ts'

/** What a new notification says, serialised and signed. */
export interface Wording {
  at: number
  body: string
  sign: string
  /** False where the merchant has no URL: the notification is kept, and can be sent by hand later. */
  addressed: boolean
}

/**
 * Adds the duty to tell the merchant of the bill's present state. Notifications of one bill keep their order, so it
 * is due now only if no earlier one is still to be delivered.
 */
export function withNotification(bill: Bill, { at, body, sign, addressed }: Wording): Bill {
  const index = bill.notifications.length
  const notification: Notification = {
    id: `${bill.billCode}-${index + 1}`,
    status: bill.status,
    createdAt: at,
    body,
    sign,
    state: addressed ? 'pending' : 'unaddressed',
    attempts: [],
  }
  const waits = bill.notifications.some((earlier) => earlier.state === 'pending')
  const told = { ...bill, notifications: bill.notifications.concat(notification) }
  return addressed && !waits ? withDue(told, { at, what: 'attempt', notification: index }) : told
}

/**
 * Records an attempt and decides what follows: nothing more after an acknowledgement, the next attempt after the
 * schedule's wait, or giving up when the schedule is used up. When a notification is settled either way, the bill's
 * next one is due.
 *
 * @param schedule the waits between attempts, as durations
 */
export function withAttempt(bill: Bill, index: number, attempt: Attempt, schedule: readonly string[]): Bill {
  const before = bill.notifications[index]
  if (before === undefined) return bill
  const attempts = before.attempts.concat(attempt)
  const settle = (state: Notification['state']): Bill => {
    const settled = withState(bill, index, { ...before, state, attempts })
    return promoteNext(withoutDue(settled, (due) => due.what === 'attempt' && due.notification === index), attempt.at)
  }
  if (attempt.acknowledged) return settle('acknowledged')
  // An attempt by hand leaves the schedule alone: what was given up stays so, what is pending goes on in its time.
  if (attempt.trigger === 'resend') return withState(bill, index, { ...before, attempts })
  const wait = nextWait(schedule, attempts.filter((one) => one.trigger === 'schedule').length)
  if (wait === undefined) return settle('given-up')
  const rest = withoutDue(bill, (due) => due.what === 'attempt' && due.notification === index)
  return withDue(withState(rest, index, { ...before, attempts }), { at: attempt.at + wait, what: 'attempt', notification: index })
}

function withState(bill: Bill, index: number, notification: Notification): Bill {
  return { ...bill, notifications: bill.notifications.with(index, notification) }
}

/** The first notification that is still to be delivered gets its turn, unless it has it already. */
function promoteNext(bill: Bill, at: number): Bill {
  const next = bill.notifications.findIndex((notification) => notification.state === 'pending')
  const planned = bill.due.some((due) => due.what === 'attempt')
  return next < 0 || planned ? bill : withDue(bill, { at, what: 'attempt', notification: next })
}
