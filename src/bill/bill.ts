import type { BillStatus } from '../contract/states.ts'
import type { Telling } from '../scenario/notification-schema.ts'
import type { Scenario } from '../scenario/schema.ts'
import type { Move } from './transitions.ts'

/**
 * A bill, and everything that ever happens to it: its state, what is still due and its notifications are one
 * document, so one write makes them durable together and a restart finds them together. A bill is never changed
 * in place; each change makes a new one. All times are milliseconds since 1970 on the sandbox's clock.
 */
export interface Bill {
  readonly billCode: string
  readonly appKey: string
  readonly tradeUuid: string
  readonly orderCode: string
  readonly paymentRequestId: string
  /** What the customer needs: QR text or URL; empty where the provider declined. */
  readonly actionValue: string
  readonly currency: string
  /** Plain decimal text, digit for digit as applied for. */
  readonly amount: string
  /** The body of /apply, so that whatever it says is kept; letters that are not Latin may stand as \uXXXX. */
  readonly request: string
  readonly createdAt: number
  readonly status: BillStatus
  /** The merchant asked to cancel and was told WAIT; it is not settled yet. */
  readonly cancelling: boolean
  readonly payTime: number | null
  /** The amount paid, where it is not the one applied for. */
  readonly paidAmount?: string
  readonly cancelTime: number | null
  /** Why the payment failed; empty unless it did. */
  readonly errorCode: string
  /** Fixed when the bill is made: editing a scenario changes later bills only. */
  readonly scenario: Scenario
  /** How often /cancel was asked about this bill, for answers that differ by attempt. */
  readonly cancelAttempts: number
  /** The same of /apply, where the scenario has answers that differ by attempt. */
  readonly applyAttempts?: number
  /** The same of /getPayStatus. */
  readonly queries?: number
  readonly events: readonly BillEvent[]
  readonly due: readonly Due[]
  readonly notifications: readonly Notification[]
}

/** Who made something happen. */
export type Actor = 'merchant' | 'scenario' | 'control' | 'customer' | 'expiry'

/** One thing that happened to a bill. */
export interface BillEvent {
  readonly at: number
  readonly what: 'apply' | Move | 'cancel-accepted' | 'cancel-refused' | 'step-skipped' | 'notify' | 'fault'
  readonly by: Actor
  readonly from?: BillStatus
  readonly to?: BillStatus
  readonly errorCode?: string
  readonly note?: string
  /** What a notification told although nothing had changed. */
  readonly telling?: Telling
}

/** Something that is to happen to a bill at its time. */
export type TimedDue =
  | { readonly at: number; readonly what: 'expire' }
  /** Step `step` of the scenario's timeline. */
  | { readonly at: number; readonly what: 'step'; readonly step: number }
  /** The next attempt of notification `notification` (its place in {@link Bill.notifications}). */
  | { readonly at: number; readonly what: 'attempt'; readonly notification: number }
  /** One more copy of a notification, number `copy` of it, whatever came of the others. */
  | { readonly at: number; readonly what: 'copy'; readonly notification: number; readonly copy: number }

/** Step `step` of the timeline, which the `left`-th query about the bill from now on sees taken. */
export interface QueryDue {
  readonly what: 'query-step'
  readonly step: number
  readonly left: number
}

/** Something that is to happen to a bill later. */
export type Due = TimedDue | QueryDue

/**
 * `pending`: there is an attempt to come, or an earlier notification of the bill to wait for. `acknowledged`: the
 * merchant said yes. `given-up`: no retry is left, or an answer ended it. `unaddressed`: the merchant had no URL.
 */
export type NotificationState = 'pending' | 'acknowledged' | 'given-up' | 'unaddressed'

/** The duty to tell the merchant of one change. Serialised and signed once: every attempt sends the same bytes. */
export interface Notification {
  /** `<billCode>-<n>`, counted from 1, so that the bill is found by the notification's id. */
  readonly id: string
  readonly status: BillStatus
  readonly createdAt: number
  readonly body: string
  readonly sign: string
  readonly state: NotificationState
  readonly attempts: readonly Attempt[]
  /** How it is sent, where a scenario or a person wants it otherwise than usual. */
  readonly manner?: Manner
}

/** How a notification is sent. Lengths are milliseconds on the sandbox's clock, but for `slow`, which is real. */
export interface Manner {
  /** Not sent before this time. */
  readonly notBefore?: number
  /** So many copies in all, `gap` after each other or all `together`. */
  readonly copies?: number
  readonly gap?: number
  readonly together?: true
  /** Once more so long after the first. */
  readonly replay?: number
  /** The first so many attempts are never sent; null for none ever. */
  readonly lose?: number | null
  /** The body trickles for so long. */
  readonly slow?: number
  /** Out of the row of the bill's notifications: it waits for none of them, and none for it. */
  readonly apart?: true
  /** Held back until the timeline is over; the newest goes first. */
  readonly reversed?: true
  /** A retry preset or the waits between attempts, in the place of the merchant's; an empty list for none. */
  readonly retry?: string | readonly string[]
}

/** One POST of a notification, and what came of it. */
export interface Attempt {
  readonly at: number
  readonly trigger: 'schedule' | 'copy' | 'resend'
  readonly url: string
  /** Real milliseconds from the first byte sent to the last one read. */
  readonly durationMs: number
  readonly acknowledged: boolean
  readonly answer?: Answer
  /** Why there was no answer, or why it is no acknowledgement, in words. */
  readonly error?: string
}

/** What a merchant answered to an attempt. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
  /** Headers and body were let go to keep memory within bounds. */
  readonly letGo?: true
}

/** The bill and place that a notification's id names. */
export function readNotificationId(id: string): { billCode: string; index: number } | undefined {
  const parts = /^(.+)-([1-9]\d{0,8})$/.exec(id)
  return parts === null ? undefined : { billCode: String(parts[1]), index: Number(parts[2]) - 1 }
}

/** Adds due work to a bill. */
export function withDue(bill: Bill, ...due: readonly Due[]): Bill {
  return due.length === 0 ? bill : { ...bill, due: bill.due.concat(due) }
}

/** Takes due work off a bill. */
export function withoutDue(bill: Bill, done: (due: Due) => boolean): Bill {
  return { ...bill, due: bill.due.filter((due) => !done(due)) }
}

/** Whether two pieces of due work are the same one. */
export function sameDue(a: Due, b: Due): boolean {
  const fields = (due: Due): { at?: number; step?: number; notification?: number; copy?: number } => due
  return a.what === b.what && fields(a).at === fields(b).at && fields(a).step === fields(b).step
    && fields(a).notification === fields(b).notification && fields(a).copy === fields(b).copy
}

/** Whether work is due at a time, and not by queries. */
export function isTimed(due: Due): due is TimedDue {
  return due.what !== 'query-step'
}
