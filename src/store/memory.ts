import type { Bill } from '../bill/bill.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { BillFilter, FoundNotification, NotificationFilter, Page, PageRequest, Store } from './store.ts'

/** Keeps everything in memory and nothing else: it is gone with the process. */
export class MemoryStore implements Store {
  readonly #bills = new Map<string, Bill>()
  readonly #byTrade = new Map<string, string>()
  /** billCodes in the order in which the bills were made; gaps are left where bills were removed. */
  readonly #order: (string | undefined)[] = []
  /** Notifications in the order in which they came up, likewise. */
  readonly #told: ({ billCode: string; index: number } | undefined)[] = []
  readonly #merchants = new Map<string, Merchant | null>()

  bill(billCode: string): Bill | undefined {
    return this.#bills.get(billCode)
  }

  billByTradeUuid(appKey: string, tradeUuid: string): Bill | undefined {
    const billCode = this.#byTrade.get(tradeKey(appKey, tradeUuid))
    return billCode === undefined ? undefined : this.#bills.get(billCode)
  }

  putBill(bill: Bill): Promise<void> {
    const before = this.#bills.get(bill.billCode)
    if (before === undefined) {
      this.#byTrade.set(tradeKey(bill.appKey, bill.tradeUuid), bill.billCode)
      this.#order.push(bill.billCode)
    }
    for (let index = before?.notifications.length ?? 0; index < bill.notifications.length; index++) {
      this.#told.push({ billCode: bill.billCode, index })
    }
    this.#bills.set(bill.billCode, bill)
    return Promise.resolve()
  }

  /** Puts back what {@link putBill} replaced, when it could not be made durable after all. */
  protected takeBack(bill: Bill, before: Bill | undefined): void {
    if (this.#bills.get(bill.billCode) !== bill) return
    if (before === undefined) {
      this.#forget(bill)
      return
    }
    this.#bills.set(bill.billCode, before)
    this.#told.forEach((told, place) => {
      if (told?.billCode === bill.billCode && told.index >= before.notifications.length) this.#told[place] = undefined
    })
  }

  countBills(): number {
    return this.#bills.size
  }

  allBills(): IterableIterator<Bill> {
    return this.#bills.values()
  }

  listBills({ appKey, status, tradeUuid, orderCode }: BillFilter, page: PageRequest): Page<Bill> {
    return takePage(this.#order, page, (billCode) => {
      const bill = this.#bills.get(billCode)
      if (bill === undefined) return undefined
      const wanted = fits(appKey, bill.appKey) && fits(status, bill.status) && fits(tradeUuid, bill.tradeUuid) && fits(orderCode, bill.orderCode)
      return wanted ? bill : undefined
    })
  }

  listNotifications({ appKey, tradeUuid, billCode, state }: NotificationFilter, page: PageRequest): Page<FoundNotification> {
    return takePage(this.#told, page, (told) => {
      const bill = this.#bills.get(told.billCode)
      const notification = bill?.notifications[told.index]
      if (bill === undefined || notification === undefined) return undefined
      const wanted = fits(appKey, bill.appKey) && fits(tradeUuid, bill.tradeUuid) && fits(billCode, bill.billCode) && fits(state, notification.state)
      return wanted ? { bill, notification } : undefined
    })
  }

  *billsWithDue(): Iterable<Bill> {
    for (const bill of this.#bills.values()) if (bill.due.length > 0) yield bill
  }

  removeBillsOf(appKey: string): Promise<void> {
    for (const bill of [...this.#bills.values()]) if (bill.appKey === appKey) this.#forget(bill)
    return Promise.resolve()
  }

  merchants(): ReadonlyMap<string, Merchant | null> {
    return this.#merchants
  }

  putMerchant(appKey: string, merchant: Merchant | null): Promise<void> {
    this.#merchants.set(appKey, merchant)
    return Promise.resolve()
  }

  clear({ merchants }: { merchants: boolean }): Promise<void> {
    this.#bills.clear()
    this.#byTrade.clear()
    this.#order.length = 0
    this.#told.length = 0
    if (merchants) this.#merchants.clear()
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #forget(bill: Bill): void {
    this.#bills.delete(bill.billCode)
    this.#byTrade.delete(tradeKey(bill.appKey, bill.tradeUuid))
    const place = this.#order.indexOf(bill.billCode)
    if (place >= 0) this.#order[place] = undefined
    this.#told.forEach((told, index) => {
      if (told?.billCode === bill.billCode) this.#told[index] = undefined
    })
  }
}

function tradeKey(appKey: string, tradeUuid: string): string {
  return JSON.stringify([appKey, tradeUuid])
}

function fits(wanted: string | undefined, value: string): boolean {
  return wanted === undefined || wanted === value
}

/** Reads backwards from a cursor, which is a place in the order and so stays good while new entries come. */
function takePage<E, T>(order: readonly (E | undefined)[], { limit, cursor }: PageRequest, find: (entry: E) => T | undefined): Page<T> {
  const items: T[] = []
  let place = cursor === undefined ? order.length : Math.min(Number(cursor), order.length)
  while (place > 0) {
    const entry = order[--place]
    const item = entry === undefined ? undefined : find(entry)
    if (item === undefined) continue
    if (items.length === limit) return { items, nextCursor: String(place + 1) }
    items.push(item)
  }
  return { items, nextCursor: null }
}
