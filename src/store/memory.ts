import type { Bill } from '../bill/bill.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { Bills, type Undo } from './bills.ts'
import type { Change, Contents } from './change.ts'
import type { AnswerLimits } from './kept-answers.ts'
import type { BillFilter, FoundNotification, NotificationFilter, Page, PageRequest, Store } from './store.ts'

export type { Undo } from './bills.ts'

let turn: Promise<void> | undefined

/**
 * Ends when all requests that have arrived by now have been heard. What they are answered leaves together then, which
 * wakes whoever waits for it once and not for each.
 */
export function endOfTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined
      resolve()
    })
  })
  return turn
}

const UNLIMITED: AnswerLimits = { count: Number.POSITIVE_INFINITY, size: Number.POSITIVE_INFINITY }

/** Keeps everything in memory and nothing else: it is gone with the process. */
export class MemoryStore implements Store {
  readonly #limits: AnswerLimits
  #bills: Bills
  #merchants = new Map<string, Merchant | null>()

  /** @param limits how much of what merchants answered is kept */
  constructor(limits: AnswerLimits = UNLIMITED) {
    this.#limits = limits
    this.#bills = new Bills(limits)
  }

  bill(billCode: string): Bill | undefined {
    return this.#bills.get(billCode)
  }

  billByTradeUuid(appKey: string, tradeUuid: string): Bill | undefined {
    return this.#bills.byTradeUuid(appKey, tradeUuid)
  }

  countBills(): number {
    return this.#bills.count
  }

  allBills(): Iterable<Bill> {
    return this.#bills.all()
  }

  untold(appKey: string): Iterable<Bill> {
    return this.#bills.untold(appKey)
  }

  latest(appKey: string): number {
    return this.#bills.latest(appKey)
  }

  merchants(): ReadonlyMap<string, Merchant | null> {
    return this.#merchants
  }

  listBills(filter: BillFilter, page: PageRequest): Page<Bill> {
    return this.#bills.list(filter, page)
  }

  listNotifications(filter: NotificationFilter, page: PageRequest): Page<FoundNotification> {
    return this.#bills.listNotifications(filter, page)
  }

  putBill(bill: Bill): Promise<void> {
    return this.#commit({ bill })
  }

  putMerchant(merchant: Merchant): Promise<void> {
    return this.#commit({ merchant })
  }

  removeMerchant(appKey: string, remember: boolean): Promise<void> {
    return this.#commit({ removed: appKey, remember })
  }

  emptyMerchant(appKey: string): Promise<void> {
    return this.#commit({ emptied: appKey })
  }

  clear({ merchants }: { merchants: boolean }): Promise<void> {
    return this.#commit({ cleared: { merchants } })
  }

  settled(): Promise<void> {
    return endOfTurn()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /**
   * Called with each change, made already. A store that writes ends the promise when the change is durable; where it
   * cannot be, it takes the change back and rejects.
   */
  protected persist(_change: Change, _undo: Undo): Promise<void> {
    return Promise.resolve()
  }

  protected readonly contents: Contents = ((store: MemoryStore) => ({
    get merchants() {
      return store.#merchants
    },
    get bills() {
      return store.#bills.all()
    },
  }))(this)

  /** Makes a change in memory. */
  protected make(change: Change): Undo {
    if ('bill' in change) return this.#bills.put(change.bill)
    if ('merchant' in change) return this.#setMerchant(change.merchant.appKey, change.merchant)
    if ('removed' in change) {
      const undoBills = this.#bills.removeMerchant(change.removed)
      const undoMerchant = this.#setMerchant(change.removed, change.remember ? null : undefined)
      return () => {
        undoMerchant()
        undoBills()
      }
    }
    if ('emptied' in change) return this.#bills.removeMerchant(change.emptied)
    const before = { bills: this.#bills, merchants: this.#merchants }
    this.#bills = new Bills(this.#limits)
    if (change.cleared.merchants) this.#merchants = new Map()
    return () => {
      this.#bills = before.bills
      this.#merchants = before.merchants
    }
  }

  #commit(change: Change): Promise<void> {
    return this.persist(change, this.make(change))
  }

  #setMerchant(appKey: string, merchant: Merchant | null | undefined): Undo {
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
}
