import { Problem } from '../../errors.ts'
import type { Merchant } from '../../merchant/merchant.ts'
import type { World } from '../../sandbox/world.ts'

/**
 * The merchant whom a notification by hand goes to.
 *
 * @throws Problem 409 where there is no URL to tell it at
 */
export function merchantToTell(world: World, appKey: string): Merchant {
  const merchant = world.merchants.get(appKey)
  if (merchant?.notifyUrl == null) {
    throw new Problem(409, `merchant ${appKey} has no notifyUrl; set one by PATCH /_sandbox/merchants/${encodeURIComponent(appKey)}`)
  }
  return merchant
}
