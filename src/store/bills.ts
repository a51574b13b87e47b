import type { Bill, Notification, NotificationState } from '../bill/bill.ts'
import { STATUS } from '../contract/states.ts'
import { KeptAnswers, type AnswerLimits } from './kept-answers.ts'
import { Places, type Placed } from './places.ts'
import type { BillFilter, FoundNotification, NotificationFilter, Page, PageRequest } from './store.ts'

/** Makes a change not to have happened. Changes are taken back in the opposite order of their making. */
export type Undo = () => void

/** A bill, and where it stands in lists. */
export interface Entry extends Placed {
  bill: Bill
  /** Its notifications' places in lists. */
  told: readonly Told[]
}

/** A notification in lists. */
interface Told extends Placed {
  entry: Entry
  index: number
}

/** All lists are of one state; those of any are put together of these. */
const STATUSES = Object.values(STATUS)
const STATES = ['pending', 'acknowledged', 'given-up', 'unaddressed'] as const satisfies readonly NotificationState[]

/** All bills, found by every id and listed by every filter without looking at others. */
export class Bills {
  /** In the order in which the bills were made. */
  readonly #byCode = new Map<string, Entry>()
  /** By appKey, then tradeUuid: a tradeUuid is a merchant's own. */
  readonly #byTrade = new Map<string, Map<string, Entry>>()
  readonly #lists = new Places<Entry>()
  readonly #byOrderCode = new Places<Entry>()
  readonly #told = new Places<Told>()
  readonly #answers: KeptAnswers
  #place = 0
  readonly #latest = new Map<string, number>()

  constructor(limits: AnswerLimits) {
    this.#answers = new KeptAnswers(limits, (billCode) => this.#byCode.get(billCode))
  }

  get count(): number {
    return this.#byCode.size
  }

  /** The latest time that a merchant's bills record, in milliseconds since 1970; 0 where nothing is recorded. */
  latest(appKey: string): number {
    return this.#latest.get(appKey) ?? 0
  }

  get(billCode: string): Bill | undefined {
    return this.#byCode.get(billCode)?.bill
  }

  byTradeUuid(appKey: string, tradeUuid: string): Bill | undefined {
    return this.#byTrade.get(appKey)?.get(tradeUuid)?.bill
  }

  /** Every bill, oldest first. */
  *all(): Generator<Bill> {
    for (const { bill } of this.#byCode.values()) yield bill
  }

  /** The bills of a merchant that have a notification still to deliver, each once. */
  untold(appKey: string): Set<Bill> {
    return new Set([...this.#told.newestFirst(keys(appKey, 'pending', STATES))].map(({ entry }) => entry.bill))
  }

  put(bill: Bill): Undo {
    const known = this.#byCode.get(bill.billCode)
    if (known === undefined) {
      const entry: Entry = { place: this.#place++, bill, told: NONE_TOLD }
      this.#add(entry)
      this.#note(bill, NO_NOTIFICATIONS)
      return () => {
        this.#remove(entry)
      }
    }
    const before = known.bill
    this.#change(known, bill)
    this.#note(bill, before.notifications)
    return () => {
      this.#change(known, before)
      // What comes up in its stead comes up later.
      known.told = known.told.slice(0, before.notifications.length)
    }
  }

  /** Takes off the bills of a merchant. */
  removeMerchant(appKey: string): Undo {
    const entries = [...this.#lists.newestFirst(keys(appKey, undefined, STATUSES))]
    const latest = this.latest(appKey)
    for (const entry of entries) this.#remove(entry)
    this.#latest.delete(appKey)
    const remember = this.#answers.forget(new Set(entries.map(({ bill }) => bill.billCode)))
    return () => {
      remember()
      this.#latest.set(appKey, latest)
      for (const entry of entries) this.#add(entry)
      // Back in the order of their making, which the map keeps.
      const all = [...this.#byCode.values()].sort((a, b) => a.place - b.place)
      this.#byCode.clear()
      for (const entry of all) this.#byCode.set(entry.bill.billCode, entry)
    }
  }

  list({ appKey, status, tradeUuid, orderCode }: BillFilter, page: PageRequest): Page<Bill> {
    const wanted = ({ bill }: Entry): boolean =>
      fits(appKey, bill.appKey) && fits(status, bill.status) && fits(tradeUuid, bill.tradeUuid) && fits(orderCode, bill.orderCode)
    const before = placeOf(page.cursor)
    const candidates = tradeUuid !== undefined ? this.#traded(tradeUuid, appKey).filter(({ place }) => place < before)
      : orderCode !== undefined ? this.#byOrderCode.newestFirst([orderCode], before)
        : this.#lists.newestFirst(keys(appKey, status, STATUSES), before)
    return takePage(candidates, page.limit, wanted, ({ bill }) => bill)
  }

  listNotifications({ appKey, tradeUuid, billCode, state }: NotificationFilter, page: PageRequest): Page<FoundNotification> {
    const before = placeOf(page.cursor)
    const wanted = ({ entry, index }: Told): boolean => fits(appKey, entry.bill.appKey) && fits(state, notificationAt(entry.bill, index).state)
    const about = billCode !== undefined ? [this.#byCode.get(billCode)].filter((entry) => entry !== undefined && fits(tradeUuid, entry.bill.tradeUuid))
      : tradeUuid !== undefined ? this.#traded(tradeUuid, appKey) : undefined
    const candidates = about === undefined ? this.#told.newestFirst(keys(appKey, state, STATES), before)
      : about.flatMap((entry) => entry?.told.slice(0, entry.bill.notifications.length) ?? []).filter(({ place }) => place < before).sort((a, b) => b.place - a.place)
    return takePage(candidates, page.limit, wanted, ({ entry, index }) => ({ bill: entry.bill, notification: notificationAt(entry.bill, index) }))
  }

  /** The bills with a tradeUuid, newest first: one of each merchant at the most. */
  #traded(tradeUuid: string, appKey: string | undefined): Entry[] {
    const merchants = appKey === undefined ? [...this.#byTrade.values()] : [this.#byTrade.get(appKey)]
    return merchants.flatMap((bills) => bills?.get(tradeUuid) ?? []).sort((a, b) => b.place - a.place)
  }

  #add(entry: Entry): void {
    const { bill } = entry
    this.#byCode.set(bill.billCode, entry)
    let ofMerchant = this.#byTrade.get(bill.appKey)
    if (ofMerchant === undefined) this.#byTrade.set(bill.appKey, (ofMerchant = new Map<string, Entry>()))
    ofMerchant.set(bill.tradeUuid, entry)
    for (const list of listsOfState(bill.appKey, bill.status)) this.#lists.add(list, entry)
    this.#byOrderCode.add(bill.orderCode, entry)
    this.#retell(entry, bill.notifications, NO_NOTIFICATIONS)
  }

  #remove(entry: Entry): void {
    const { bill } = entry
    this.#retell(entry, NO_NOTIFICATIONS, bill.notifications)
    this.#byCode.delete(bill.billCode)
    const ofMerchant = this.#byTrade.get(bill.appKey)
    ofMerchant?.delete(bill.tradeUuid)
    if (ofMerchant?.size === 0) this.#byTrade.delete(bill.appKey)
    for (const list of listsOfState(bill.appKey, bill.status)) this.#lists.remove(list, entry)
    this.#byOrderCode.remove(bill.orderCode, entry)
  }

  #change(entry: Entry, bill: Bill): void {
    const before = entry.bill
    entry.bill = bill
    if (before.status !== bill.status) {
      for (const list of listsOfState(bill.appKey, before.status)) this.#lists.remove(list, entry)
      for (const list of listsOfState(bill.appKey, bill.status)) this.#lists.add(list, entry)
    }
    if (before.notifications !== bill.notifications) this.#retell(entry, bill.notifications, before.notifications)
  }

  /** Takes note of what is new in a bill's record. */
  #note(bill: Bill, before: readonly Notification[]): void {
    let latest = Math.max(this.latest(bill.appKey), bill.events.at(-1)?.at ?? 0)
    if (before !== bill.notifications) {
      for (const { attempts } of bill.notifications) latest = Math.max(latest, attempts.at(-1)?.at ?? 0)
      this.#answers.keep(bill, before)
    }
    this.#latest.set(bill.appKey, latest)
  }

  /** Lists a bill's notifications by their states. */
  #retell(entry: Entry, after: readonly Notification[], before: readonly Notification[]): void {
    const { appKey } = entry.bill
    for (let index = 0; index < Math.max(after.length, before.length); index++) {
      const [was, is] = [before[index]?.state, after[index]?.state]
      if (was === is) continue
      let one = entry.told[index]
      if (one === undefined) {
        one = { place: this.#place++, entry, index }
        entry.told = [...entry.told, one]
      }
      if (was !== undefined) for (const list of listsOfState(appKey, was)) this.#told.remove(list, one)
      if (is !== undefined) for (const list of listsOfState(appKey, is)) this.#told.add(list, one)
    }
  }
}

const NO_NOTIFICATIONS: readonly Notification[] = []
const NONE_TOLD: readonly Told[] = []

/** The lists of a state, or of all there are, over all merchants or of one. */
function keys(appKey: string | undefined, state: string | undefined, states: readonly string[]): readonly string[] {
  const wanted = state === undefined ? states : [state]
  return appKey === undefined ? wanted : wanted.map((one) => ofMerchant(appKey, one))
}

function listsOfState(appKey: string, state: string): [string, string] {
  return [state, ofMerchant(appKey, state)]
}

function ofMerchant(appKey: string, state: string): string {
  // No state has a blank.
  return `${state} ${appKey}`
}

function notificationAt({ billCode, notifications }: Bill, index: number): Notification {
  const notification = notifications[index]
  if (notification === undefined) throw new Error(`bill ${billCode} has no notification ${index}`)
  return notification
}

function fits(wanted: string | undefined, value: string): boolean {
  return wanted === undefined || wanted === value
}

/** A cursor is the place before which the next page begins, and so stays good while new entries come. */
function placeOf(cursor: string | undefined | null): number {
  return cursor == null ? Number.POSITIVE_INFINITY : Number(cursor)
}

function takePage<E extends Placed, T>(newestFirst: Iterable<E>, limit: number, wanted: (entry: E) => boolean, show: (entry: E) => T): Page<T> {
  const items: T[] = []
  let last: E | undefined
  for (const entry of newestFirst) {
    if (!wanted(entry)) continue
    if (items.length === limit) return { items, nextCursor: String(last?.place ?? 0) }
    items.push(show(entry))
    last = entry
  }
  return { items, nextCursor: null }
}
