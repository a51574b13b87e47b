import pLimit, { type LimitFunction } from 'p-limit'
import { sameDue, withoutDue, type Attempt, type Bill, type Due, type Notification } from '../bill/bill.ts'
import { headerFromText } from '../contract/header-text.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { readDuration } from '../time/duration.ts'
import { whyNotAcknowledged } from './acknowledgement.ts'
import { isLost, postsOf, withAttempt, withCopies } from './delivery.ts'
import { notificationUrl } from './payload.ts'
import type { Schedule } from './schedule.ts'
import type { Sender } from './sender.ts'

/** Of a merchant's answer, this much is kept in the record. */
const KEPT_CHARACTERS = 16 * 1024

/** The server's settings for merchants that have none of their own. */
export interface NotificationDefaults {
  schedule: Schedule
  timeout: string
  concurrency: number
}

/** What the dispatcher asks of the rest of the sandbox. */
export interface DispatcherNeeds {
  /** On a merchant's clock. */
  now(appKey: string): number
  bill(billCode: string): Bill | undefined
  merchant(appKey: string): Merchant | undefined
  /** Makes a bill's new version durable and plans what is due. */
  commit(bill: Bill, before: Bill): Promise<void>
}

/** Why an attempt is made. */
export type Cause = 'schedule' | 'resend' | Extract<Due, { what: 'copy' }>

interface Post {
  appKey: string
  notification: Notification
  url: string
  at: number
  trigger: Attempt['trigger']
  lost: boolean
  /** Real milliseconds that the merchant may take. */
  timeout: number
}

/** Makes attempts: one at a time about a bill, and no more at once to a merchant than it can take. */
export class Dispatcher {
  readonly #sender: Sender
  readonly #needs: DispatcherNeeds
  readonly #defaults: NotificationDefaults
  readonly #limits = new Map<string, LimitFunction>()
  readonly #lanes = new Map<string, Promise<unknown>>()

  constructor(sender: Sender, needs: DispatcherNeeds, defaults: NotificationDefaults) {
    this.#sender = sender
    this.#needs = needs
    this.#defaults = defaults
  }

  /**
   * Makes one attempt, or as many copies as go together, and records what came of it. The record comes after the POST,
   * so that a crash in between leads to a second delivery, never to none.
   *
   * @param cause the schedule, a person, or the due copy that this is
   * @param wanted asked when the attempt's turn has come, since an earlier attempt may have made it needless
   * @returns whether it was made; not where it was not wanted any more or was broken off
   */
  async attempt(billCode: string, index: number, cause: Cause, wanted: (bill: Bill) => boolean): Promise<boolean> {
    return this.#inLane(billCode, async () => {
      const appKey = this.#needs.bill(billCode)?.appKey
      if (appKey === undefined) return false
      return this.#limited(appKey, async () => {
        // Asked for now, not before the wait: a reset, a deletion or a new URL may have come meanwhile.
        const bill = this.#needs.bill(billCode)
        const merchant = this.#needs.merchant(appKey)
        // Without a URL an attempt waits for one, and none of the schedule is spent.
        if (bill === undefined || merchant?.notifyUrl == null || !wanted(bill)) return false
        return this.#deliver(bill, merchant, notificationUrl(merchant.notifyUrl), index, cause)
      })
    })
  }

  /** How a merchant is told: its own settings over the server's. */
  #settingsOf(merchant: Merchant | undefined): NotificationDefaults {
    return { ...this.#defaults, ...merchant?.notification }
  }

  async #deliver(bill: Bill, merchant: Merchant, url: string, index: number, cause: Cause): Promise<boolean> {
    const notification = bill.notifications[index]
    if (notification === undefined) return false
    const { schedule, timeout } = this.#settingsOf(merchant)
    const trigger = typeof cause === 'string' ? cause : 'copy'
    const at = this.#needs.now(bill.appKey)
    const posts = Array.from({ length: postsOf(notification, trigger) }, (_, ahead) =>
      this.#post({ appKey: bill.appKey, notification, url, at, trigger: ahead === 0 ? trigger : 'copy', lost: isLost(notification, trigger, ahead), timeout: readDuration(timeout) ?? 0 }))
    const attempts = (await Promise.all(posts)).filter((attempt) => attempt !== undefined)
    if (attempts.length === 0) return false
    // The bill may have moved on meanwhile, or a reset may have put another in its place.
    const now = this.#needs.bill(bill.billCode)
    if (now === undefined || now.events[0] !== bill.events[0]) return false
    let next = trigger === 'schedule' ? withCopies(now, index, at) : now
    if (typeof cause !== 'string') next = withoutDue(next, (due) => sameDue(due, cause))
    for (const attempt of attempts) next = withAttempt(next, index, attempt, notification.manner?.retry ?? schedule)
    await this.#needs.commit(next, now)
    return true
  }

  /** One POST, or its loss on the way; undefined where it was broken off. */
  async #post({ appKey, notification, url, at, trigger, lost, timeout }: Post): Promise<Attempt | undefined> {
    if (lost) return { at, trigger, url, durationMs: 0, acknowledged: false, error: 'lost on its way: the scenario has it never sent' }
    const { sign, body, manner } = notification
    const sent = await this.#sender.post(url, requestHeaders(appKey, sign), body, { timeout, trickle: manner?.slow ?? 0 })
    if (sent.aborted === true) return undefined
    const complaint = sent.error ?? whyNotAcknowledged(sent.answer?.status ?? 0, sent.answer?.body ?? '')
    return {
      at,
      trigger,
      url,
      durationMs: sent.durationMs,
      acknowledged: complaint === undefined,
      ...(sent.answer === undefined ? {} : { answer: { ...sent.answer, body: sent.answer.body.slice(0, KEPT_CHARACTERS) } }),
      ...(complaint === undefined ? {} : { error: complaint }),
    }
  }

  /** Attempts about one bill go one after another. */
  #inLane<T>(billCode: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(billCode) ?? Promise.resolve()
    const result = before.then(work)
    const done = result.catch(() => undefined).then(() => {
      if (this.#lanes.get(billCode) === done) this.#lanes.delete(billCode)
    })
    this.#lanes.set(billCode, done)
    return result
  }

  async #limited<T>(appKey: string, work: () => Promise<T>): Promise<T> {
    const { concurrency } = this.#settingsOf(this.#needs.merchant(appKey))
    const limit = this.#limits.get(appKey) ?? pLimit(concurrency)
    this.#limits.set(appKey, limit)
    if (limit.concurrency !== concurrency) limit.concurrency = concurrency
    try {
      return await limit(work)
    } finally {
      if (limit.activeCount === 0 && limit.pendingCount === 0) this.#limits.delete(appKey)
    }
  }
}

/** The headers of a notification: signed as a request is (CONTRACT §8), unless a scenario leaves the signature out. */
export function requestHeaders(appKey: string, sign: string): Record<string, string> {
  return { 'content-type': 'application/json', 'user-agent': 'qlink-sandbox', appKey: headerFromText(appKey), ...(sign === '' ? {} : { sign }) }
}
