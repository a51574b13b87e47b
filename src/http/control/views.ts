import { isTimed, type Attempt, type Bill, type Due, type Notification } from '../../bill/bill.ts'
import { readExact } from '../../contract/json.ts'
import { toIsoTime } from '../../contract/wire-time.ts'
import { advise } from '../../notification/doctor.ts'
import { requestHeaders } from '../../notification/dispatcher.ts'
import { notificationUrl } from '../../notification/payload.ts'
import type { Merchant } from '../../merchant/merchant.ts'
import type { FoundNotification } from '../../store/store.ts'

/** What the control API shows. Times are ISO 8601 in the sandbox's zone, amounts text, so that no reader rounds them. */

export function billView(bill: Bill, zone: string): Record<string, unknown> {
  const time = (at: number | null): string | null => (at === null ? null : toIsoTime(at, zone))
  return {
    billCode: bill.billCode,
    appKey: bill.appKey,
    tradeUuid: bill.tradeUuid,
    orderCode: bill.orderCode,
    paymentRequestId: bill.paymentRequestId,
    status: bill.status,
    cancelling: bill.cancelling,
    amount: bill.amount,
    ...(bill.paidAmount === undefined ? {} : { paidAmount: bill.paidAmount }),
    currency: bill.currency,
    createdAt: time(bill.createdAt),
    payTime: time(bill.payTime),
    cancelTime: time(bill.cancelTime),
    errorCode: bill.errorCode,
    scenario: bill.scenario.name,
  }
}

/** A bill with everything that is known of it. */
export function billDetail(bill: Bill, merchant: Merchant | undefined, zone: string): Record<string, unknown> {
  return {
    ...billView(bill, zone),
    actionValue: bill.actionValue,
    application: readExact(bill.request),
    timeline: bill.events.map(({ at, ...event }) => ({ at: toIsoTime(at, zone), ...event })),
    notifications: bill.notifications.map((notification) => notificationView({ bill, notification }, merchant, zone)),
    due: bill.due.toSorted((a, b) => timeOf(a) - timeOf(b)).map((due) => dueView(bill, due, zone)),
  }
}

export function notificationView({ bill, notification }: FoundNotification, merchant: Merchant | undefined, zone: string): Record<string, unknown> {
  const index = bill.notifications.indexOf(notification)
  const next = bill.due.find((due) => due.what === 'attempt' && due.notification === index)
  return {
    id: notification.id,
    appKey: bill.appKey,
    billCode: bill.billCode,
    tradeUuid: bill.tradeUuid,
    status: notification.status,
    state: notification.state,
    createdAt: toIsoTime(notification.createdAt, zone),
    nextAttemptAt: next === undefined || !isTimed(next) ? null : toIsoTime(next.at, zone),
    url: merchant?.notifyUrl == null ? null : notificationUrl(merchant.notifyUrl),
    body: notification.body,
    attempts: notification.attempts.map((attempt, place) => attemptView(bill, notification, attempt, place, zone)),
  }
}

function attemptView(bill: Bill, notification: Notification, attempt: Attempt, place: number, zone: string): Record<string, unknown> {
  return {
    number: place + 1,
    at: toIsoTime(attempt.at, zone),
    trigger: attempt.trigger,
    acknowledged: attempt.acknowledged,
    durationMs: attempt.durationMs,
    request: { method: 'POST', url: attempt.url, headers: requestHeaders(bill.appKey, notification.sign), body: notification.body },
    status: attempt.answer?.status ?? null,
    answer: attempt.answer ?? null,
    error: attempt.error ?? null,
    advice: advise(attempt) ?? null,
  }
}

function dueView(bill: Bill, due: Due, zone: string): Record<string, unknown> {
  const { what } = due
  const at = isTimed(due) ? { at: toIsoTime(due.at, zone) } : {}
  switch (what) {
    case 'expire':
      return { ...at, what }
    case 'step':
    case 'query-step':
      return { ...at, what, ...(what === 'query-step' ? { queriesLeft: due.left } : {}), step: due.step, become: bill.scenario.timeline?.[due.step]?.become }
    case 'attempt':
    case 'copy':
      return { ...at, what, ...(what === 'copy' ? { copy: due.copy } : {}), notification: bill.notifications[due.notification]?.id }
  }
}

/** What waits for queries stands behind what waits for its time. */
function timeOf(due: Due): number {
  return isTimed(due) ? due.at : Number.POSITIVE_INFINITY
}

/** Without the secret: it is shown only by the answer that makes or changes it. */
export function merchantView({ appSecret: _, ...merchant }: Merchant): Omit<Merchant, 'appSecret'> {
  return merchant
}
