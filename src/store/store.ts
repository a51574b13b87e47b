import type { Bill, Notification, NotificationState } from '../bill/bill.ts'
import type { BillStatus } from '../contract/states.ts'
import type { Merchant } from '../merchant/merchant.ts'

/** One page of a list, newest first. */
export interface Page<T> {
  items: T[]
  /** Where the next page begins; null on the last one. */
  nextCursor: string | null
}

export interface PageRequest {
  limit: number
  cursor?: string | undefined
}

export interface BillFilter {
  appKey?: string | undefined
  status?: BillStatus | undefined
  tradeUuid?: string | undefined
  orderCode?: string | undefined
}

export interface NotificationFilter {
  appKey?: string | undefined
  tradeUuid?: string | undefined
  billCode?: string | undefined
  state?: NotificationState | undefined
}

/** A notification and the bill that it is about. */
export interface FoundNotification {
  bill: Bill
  notification: Notification
}

/**
 * Where bills live, and the merchants that were made or changed while running.
 *
 * Reading is at once and sees every change that was handed in, so that two requests at the same moment can never
 * both get a tradeUuid. Writing returns a promise that ends when the change is as durable as the store makes it; only
 * then may anyone outside be told of it. Where it rejects (with StoreUnavailable), the change did not happen.
 */
export interface Store {
  bill(billCode: string): Bill | undefined
  billByTradeUuid(appKey: string, tradeUuid: string): Bill | undefined
  /** Adds a bill, or puts a newer version in the place of the one with its billCode. */
  putBill(bill: Bill): Promise<void>
  countBills(): number
  listBills(filter: BillFilter, page: PageRequest): Page<Bill>
  listNotifications(filter: NotificationFilter, page: PageRequest): Page<FoundNotification>
  /** Every bill, oldest first, for the agenda after a start. */
  allBills(): Iterable<Bill>
  /** The bills of a merchant that have a notification still to deliver. */
  untold(appKey: string): Iterable<Bill>
  /** The latest time that a merchant's bills record, in milliseconds since 1970; 0 where nothing is recorded. */
  latest(appKey: string): number
  /** Merchants made, changed (the merchant) or deleted (null) since the fixtures. */
  merchants(): ReadonlyMap<string, Merchant | null>
  putMerchant(merchant: Merchant): Promise<void>
  /**
   * Takes a merchant off, with its bills, in one step.
   *
   * @param remember whether the fixtures have it, so that it must be remembered as deleted
   */
  removeMerchant(appKey: string, remember: boolean): Promise<void>
  /** Takes off the bills of a merchant, in one step. */
  emptyMerchant(appKey: string): Promise<void>
  /** Takes off all bills, and with `merchants` what has become of merchants since the fixtures too. */
  clear(what: { merchants: boolean }): Promise<void>
  /**
   * Ends when every change handed in so far is durable. Whoever answers from what was only read awaits it, or the
   * answer could tell of a change that is lost after all.
   *
   * @throws StoreUnavailable where one of them could not be made durable
   */
  settled(): Promise<void>
  /** Makes everything durable and lets go of files. */
  close(): Promise<void>
}
