import type { Bill } from '../bill/bill.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { BillFilter, FoundNotification, NotificationFilter, Page, PageRequest, Store } from './store.ts'

/** Makes a change not to have happened. Changes are taken back in the opposite order of their making. */
export type Undo = () => void

/** Keeps everything in memory and nothing else: it is gone with the process. */
export class MemoryStore implements Store {
  #bills = new Map<string, Bill>()
  #byTrade = new Map<string, string>()
  /** billCodes in the order in which the bills were made; a gap is left where one was removed. */
  #order: (string | undefined)[] = []
  /** Notifications in the order in which they came up, likewise. */
  #told: ({ billCode: string; index: number } | undefined)[] = []
  #merchants = new Map<string, Merchant | null>()

  bill(billCode: string): Bill | undefined {
    return this.#bills.get(billCode)
  }

  billByTradeUuid(appKey: string, tradeUuid: string): Bill | undefined {
    const billCode = this.#byTrade.get(tradeKey(appKey, tradeUuid))
    return billCode === undefined ? undefined : this.#bills.get(billCode)
  }

  countBills(): number {
    return this.#bills.size
  }

  allBills(): Iterable<Bill> {
    return this.#bills.values()
  }

  merchants(): ReadonlyMap<string, Merchant | null> {
    return this.#merchants
  }

  listBills(filter: BillFilter, page: PageRequest): Page<Bill> {
    const { appKey, status, tradeUuid, orderCode } = filter
    if (appKey !== undefined && tradeUuid !== undefined) {
      const bill = this.billByTradeUuid(appKey, tradeUuid)
      return { items: bill !== undefined && fits(status, bill.status) && fits(orderCode, bill.orderCode) ? [bill] : [], nextCursor: null }
    }
    return takePage(this.#order, page, (billCode) => {
      const bill = this.#bills.get(billCode)
      if (bill === undefined) return undefined
      const wanted = fits(appKey, bill.appKey) && fits(status, bill.status) && fits(tradeUuid, bill.tradeUuid) && fits(orderCode, bill.orderCode)
      return wanted ? bill : undefined
    })
  }

  listNotifications({ appKey, tradeUuid, billCode, state }: NotificationFilter, page: PageRequest): Page<FoundNotification> {
    const one = billCode === undefined ? undefined : this.#bills.get(billCode)
    const told = billCode === undefined ? this.#told : (one?.notifications ?? []).map((_, index) => ({ billCode, index }))
    return takePage(told, page, (place) => {
      const bill = this.#bills.get(place.billCode)
      const notification = bill?.notifications[place.index]
      if (bill === undefined || notification === undefined) return undefined
      const wanted = fits(appKey, bill.appKey) && fits(tradeUuid, bill.tradeUuid) && fits(state, notification.state)
      return wanted ? { bill, notification } : undefined
    })
  }

  putBill(bill: Bill): Promise<void> {
    return this.persist(this.#putBill(bill))
  }

  putMerchant(appKey: string, merchant: Merchant | null): Promise<void> {
    return this.persist(this.#putMerchant(appKey, merchant))
  }

  removeMerchant(appKey: string, remember: boolean): Promise<void> {
    const undoBills = this.#replaceBills((bill) => bill.appKey !== appKey)
    const undoMerchant = this.#putMerchant(appKey, remember ? null : undefined)
    return this.persist(() => {
      undoMerchant()
      undoBills()
    })
  }

  clear({ merchants }: { merchants: boolean }): Promise<void> {
    const undoBills = this.#replaceBills(() => false)
    const before = this.#merchants
    if (merchants) this.#merchants = new Map()
    return this.persist(() => {
      this.#merchants = before
      undoBills()
    })
  }

  settled(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Takes in what was kept before. */
  protected load(bills: Iterable<Bill>, merchants: Iterable<[string, Merchant | null]>): void {
    for (const [appKey, merchant] of merchants) this.#putMerchant(appKey, merchant)
    for (const bill of bills) this.#putBill(bill)
  }

  /**
   * Called with each change, made already. A store that writes ends the promise when the change is durable; where it
   * cannot be, it takes the change back and rejects.
   */
  protected persist(_undo: Undo): Promise<void> {
    return Promise.resolve()
  }

  #putBill(bill: Bill): Undo {
    const before = this.#bills.get(bill.billCode)
    const key = tradeKey(bill.appKey, bill.tradeUuid)
    const [ordered, told] = [this.#order.length, this.#told.length]
    if (before === undefined) {
      this.#byTrade.set(key, bill.billCode)
      this.#order.push(bill.billCode)
    }
    for (let index = before?.notifications.length ?? 0; index < bill.notifications.length; index++) {
      this.#told.push({ billCode: bill.billCode, index })
    }
    this.#bills.set(bill.billCode, bill)
    return () => {
      if (before === undefined) {
        this.#bills.delete(bill.billCode)
        this.#byTrade.delete(key)
      } else this.#bills.set(bill.billCode, before)
      this.#order.length = ordered
      this.#told.length = told
    }
  }

  #putMerchant(appKey: string, merchant: Merchant | null | undefined): Undo {
    const set = (value: Merchant | null | undefined): void => {
      if (value === undefined) this.#merchants.delete(appKey)
      else this.#merchants.set(appKey, value)
    }
    const before = this.#merchants.get(appKey)
    set(merchant)
    return () => {
      set(before)
    }
  }

  /** Keeps the bills that are wanted, in one pass. Places stay as they are, so that cursors stay good. */
  #replaceBills(wanted: (bill: Bill) => boolean): Undo {
    const before = { bills: this.#bills, byTrade: this.#byTrade, order: this.#order, told: this.#told }
    const kept = [...this.#bills].filter(([, bill]) => wanted(bill))
    this.#bills = new Map(kept)
    this.#byTrade = new Map(kept.map(([billCode, bill]) => [tradeKey(bill.appKey, bill.tradeUuid), billCode]))
    this.#order = kept.length === 0 ? [] : before.order.map((billCode) => (billCode !== undefined && this.#bills.has(billCode) ? billCode : undefined))
    this.#told = kept.length === 0 ? [] : before.told.map((told) => (told !== undefined && this.#bills.has(told.billCode) ? told : undefined))
    return () => {
      this.#bills = before.bills
      this.#byTrade = before.byTrade
      this.#order = before.order
      this.#told = before.told
    }
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
