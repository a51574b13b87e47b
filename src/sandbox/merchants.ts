import type { Ids } from '../bill/ids.ts'
import type { Store } from '../store/store.ts'
import { DEMO_APP_KEY, type Merchant } from '../merchant/merchant.ts'

/** The merchants of a running sandbox: the fixtures', and over them what was made, changed or deleted since. */
export class Merchants {
  readonly #fixtures: ReadonlyMap<string, Merchant>
  readonly #store: Store
  readonly #ids: Ids
  #made = 0

  constructor(fixtures: readonly Merchant[], store: Store, ids: Ids) {
    this.#fixtures = new Map(fixtures.map((merchant) => [merchant.appKey, merchant]))
    this.#store = store
    this.#ids = ids
  }

  get(appKey: string): Merchant | undefined {
    const changed = this.#store.merchants().get(appKey)
    return changed === undefined ? this.#fixtures.get(appKey) : (changed ?? undefined)
  }

  list(): Merchant[] {
    return [...this.all()]
  }

  /** One after the other, for who does not want them all. */
  *all(): Generator<Merchant> {
    for (const appKey of this.#fixtures.keys()) {
      const merchant = this.get(appKey)
      if (merchant !== undefined) yield merchant
    }
    for (const [appKey, merchant] of this.#store.merchants()) if (merchant !== null && !this.#fixtures.has(appKey)) yield merchant
  }

  /**
   * Makes a merchant. What is left out is generated; the accounts are the demo merchant's, or where the fixtures have
   * none, their first one's.
   *
   * @returns undefined where the appKey is taken
   */
  async create(fields: Partial<Merchant>): Promise<Merchant | undefined> {
    const generated = this.#freshKeys()
    const appKey = fields.appKey ?? generated.appKey
    if (this.get(appKey) !== undefined) {
      // It may still be on its way to the disk.
      await this.#store.settled()
      return undefined
    }
    const merchant: Merchant = {
      name: appKey,
      notifyUrl: null,
      payAccounts: (this.#fixtures.get(DEMO_APP_KEY) ?? [...this.#fixtures.values()][0])?.payAccounts ?? [],
      ...fields,
      appKey,
      appSecret: fields.appSecret ?? generated.appSecret,
    }
    await this.#store.putMerchant(merchant)
    return merchant
  }

  async change(merchant: Merchant, fields: Partial<Merchant>): Promise<Merchant> {
    const changed = { ...merchant, ...fields, appKey: merchant.appKey }
    await this.#store.putMerchant(changed)
    return changed
  }

  /** Takes a merchant off, with its bills. */
  async remove(appKey: string): Promise<void> {
    await this.#store.removeMerchant(appKey, this.#fixtures.has(appKey))
  }

  #freshKeys(): { appKey: string; appSecret: string } {
    for (;;) {
      const keys = this.#ids.merchant(this.#made++)
      if (this.get(keys.appKey) === undefined) return keys
    }
  }

  /** The next generated keys are those of a fresh start again; what is returned takes that back. */
  reset(): () => void {
    const before = this.#made
    this.#made = 0
    return () => {
      this.#made = before
    }
  }
}
