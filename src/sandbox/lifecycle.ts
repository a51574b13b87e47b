import { isTimed, type Bill } from '../bill/bill.ts'
import type { World } from './world.ts'

/** Puts everything that is due on the agenda, after a start. */
export function resume(world: World): void {
  // Clocks of merchants begin now, not when they are first looked at.
  for (const { appKey } of world.merchants.list()) world.times.of(appKey)
  for (const bill of world.store.allBills()) planAll(world, bill)
}

function planAll({ times }: World, { billCode, appKey, due: all }: Bill): void {
  for (const due of all) if (isTimed(due)) times.of(appKey).agenda.add(due.at, { billCode, due })
}

/** Back to the start: no bills, the files' scenarios, and with `merchants` the merchants of the fixtures; a manual clock where it began. */
export async function reset(world: World, what: { merchants: boolean }): Promise<void> {
  // All in one step: a request that comes while the store writes finds the start, whole.
  const cleared = world.store.clear(what)
  const undo = [world.scenarios.reset(), world.times.resetAll(), world.attempts.reset(), what.merchants ? world.merchants.reset() : () => undefined]
  try {
    await cleared
    world.requests.clear()
    world.times.letGo()
    world.coverage.reset()
    world.coverage.letGo()
    world.feed.publish({ type: 'clock', appKey: undefined, what: 'reset', now: world.times.shared.clock.now() })
  } catch (error) {
    // Everything is still there, and so is what it has due.
    for (const takeBack of undo) takeBack()
    resume(world)
    throw error
  }
}

/** One merchant is back at the start: no bills, no requests, its own clock where it began. Nobody else notices. */
export async function resetMerchant(world: World, appKey: string): Promise<void> {
  const emptied = world.store.emptyMerchant(appKey)
  const undo = [world.times.reset(appKey), world.attempts.reset(appKey)]
  try {
    await emptied
  } catch (error) {
    for (const takeBack of undo) takeBack()
    for (const bill of world.store.allBills()) if (bill.appKey === appKey) planAll(world, bill)
    throw error
  }
  world.requests.clear(appKey)
  world.coverage.reset(appKey)
  const { clock } = world.times.of(appKey)
  if (clock !== world.times.shared.clock) world.feed.publish({ type: 'clock', appKey, what: 'reset', now: clock.now() })
}

/** Takes a merchant off, with its bills and its clock. */
export async function removeMerchant({ merchants, times, coverage }: Pick<World, 'merchants' | 'times' | 'coverage'>, appKey: string): Promise<void> {
  await merchants.remove(appKey)
  times.letGo()
  coverage.letGo()
}
