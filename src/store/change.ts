import type { Bill } from '../bill/bill.ts'
import type { Merchant } from '../merchant/merchant.ts'

/**
 * One thing that happens to a store. It says what is there afterwards, not what differs, so that a change made twice
 * over leaves the same as one made once: a journal may be read again over a document that has some of it already.
 */
export type Change =
  /** A new bill, or a newer version in the place of the one with its billCode. */
  | { readonly bill: Bill }
  /** A merchant that was made or changed. */
  | { readonly merchant: Merchant }
  /** A merchant taken off with its bills; `remember`: the fixtures have it, so it must be known to be deleted. */
  | { readonly removed: string; readonly remember: boolean }
  /** The bills of a merchant taken off; the merchant stays. */
  | { readonly emptied: string }
  /** All bills taken off, and with `merchants` what became of merchants too. */
  | { readonly cleared: { readonly merchants: boolean } }

/** What a store holds, whole; it shows what is there at the moment when it is looked at. */
export interface Contents {
  /** Merchants made, changed (the merchant) or deleted (null) since the fixtures. */
  readonly merchants: ReadonlyMap<string, Merchant | null>
  /** In the order in which they were made. */
  readonly bills: Iterable<Bill>
}
