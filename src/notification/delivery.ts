import { withDue, withoutDue, type Attempt, type Bill, type Due, type Manner, type Notification } from '../bill/bill.ts'
import type { BillStatus } from '../contract/states.ts'
import { nextWait, policyOf, type Schedule } from './schedule.ts'

/** What a new notification says, serialised and signed. */
export interface Wording {
  at: number
  status: BillStatus
  body: string
  /** Empty for none. */
  sign: string
  /** False where the merchant has no URL: the notification is kept, and can be sent by hand later. */
  addressed: boolean
  manner?: Manner
}

/**
 * Adds a duty to tell the merchant. Notifications of one bill keep their order, so it is due only if no earlier one is
 * still to be delivered.
 */
export function withNotification(bill: Bill, { at, status, body, sign, addressed, manner }: Wording): Bill {
  const notification: Notification = {
    id: `${bill.billCode}-${bill.notifications.length + 1}`,
    status,
    createdAt: at,
    body,
    sign,
    state: addressed ? 'pending' : 'unaddressed',
    attempts: [],
    ...(manner === undefined ? {} : { manner }),
  }
  const told = { ...bill, notifications: bill.notifications.concat(notification) }
  return manner?.apart === true && addressed ? withDue(told, { at, what: 'attempt', notification: bill.notifications.length }) : promoteNext(told, at)
}

/** How many POSTs the next attempt by the schedule makes: all copies of a first one that go together. */
export function postsOf({ attempts, manner }: Notification, trigger: Attempt['trigger']): number {
  return trigger === 'schedule' && attempts.length === 0 && manner?.together === true ? (manner.copies ?? 1) : 1
}

/** Whether the next attempt is lost on its way, as a scenario can have it. One by hand gets through. */
export function isLost({ attempts, manner }: Notification, trigger: Attempt['trigger'], ahead: number): boolean {
  if (manner?.lose === undefined || trigger === 'resend') return false
  return manner.lose === null || attempts.filter((one) => one.trigger !== 'resend').length + ahead < manner.lose
}

/**
 * Records an attempt and decides what follows: nothing more after an acknowledgement, the next attempt after the
 * schedule's wait, or giving up when the schedule is used up or the answer ends it. When a notification is settled
 * either way, the bill's next one is due.
 *
 * @param schedule a preset's name, or the waits between attempts, as durations
 */
export function withAttempt(bill: Bill, index: number, attempt: Attempt, schedule: Schedule): Bill {
  const before = bill.notifications[index]
  if (before === undefined) return bill
  const attempts = before.attempts.concat(attempt)
  const settle = (state: Notification['state'], last = attempt): Bill => {
    const settled = withState(bill, index, { ...before, state, attempts: before.attempts.concat(last) })
    return promoteNext(withoutDue(settled, (due) => due.what === 'attempt' && due.notification === index), attempt.at)
  }
  if (attempt.acknowledged) return settle('acknowledged')
  // An attempt by hand, or a copy, leaves the schedule alone: what was given up stays so, what is pending goes on.
  if (attempt.trigger !== 'schedule') return withState(bill, index, { ...before, attempts })
  const { wait, over } = nextWait(policyOf(schedule), attempts.filter((one) => one.trigger === 'schedule'))
  if (over !== undefined) return settle('given-up', { ...attempt, error: [attempt.error, over].filter(Boolean).join('; ') })
  const rest = withoutDue(bill, (due) => due.what === 'attempt' && due.notification === index)
  return withDue(withState(rest, index, { ...before, attempts }), { at: attempt.at + wait, what: 'attempt', notification: index })
}

/** Plans what follows the first attempt of a notification whatever comes of it: copies after a gap, and a replay. */
export function withCopies(bill: Bill, index: number, at: number): Bill {
  const notification = bill.notifications[index]
  const { copies = 1, together, gap = 0, replay } = notification?.manner ?? {}
  if (notification === undefined || notification.attempts.length > 0) return bill
  const due: Due[] = []
  for (let copy = 1; copy < copies && together !== true; copy++) due.push({ at: at + copy * gap, what: 'copy', notification: index, copy })
  if (replay !== undefined) due.push({ at: at + replay, what: 'copy', notification: index, copy: copies })
  return withDue(bill, ...due)
}

function withState(bill: Bill, index: number, notification: Notification): Bill {
  return { ...bill, notifications: bill.notifications.with(index, notification) }
}

/**
 * The next notification that is still to be delivered gets its turn, unless one has it already: in their order, those
 * that are held back last, when the timeline is over, and of them the newest first.
 */
export function promoteNext(bill: Bill, at: number): Bill {
  const isApart = (index: number): boolean => bill.notifications[index]?.manner?.apart === true
  if (bill.due.some((due) => due.what === 'attempt' && !isApart(due.notification))) return bill
  const isPending = (reversed: boolean) => ({ state, manner }: Notification): boolean => state === 'pending' && manner?.apart !== true && (manner?.reversed === true) === reversed
  const inOrder = bill.notifications.findIndex(isPending(false))
  const isOpen = bill.due.some(({ what }) => what === 'step' || what === 'query-step')
  const next = inOrder >= 0 || isOpen ? inOrder : bill.notifications.findLastIndex(isPending(true))
  const notBefore = bill.notifications[next]?.manner?.notBefore ?? 0
  return next < 0 ? bill : withDue(bill, { at: Math.max(at, notBefore), what: 'attempt', notification: next })
}
