import { isTimed, type Bill } from '../bill/bill.ts'
import type { World } from './world.ts'

/** Puts everything that is due on the agenda, after a start. */
export function resume(world: World): void {
  beginClocks(world)
  for (const bill of world.store.allBills()) planAll(world, bill)
}

/** Clocks of merchants begin now, not when they are first looked at. */
function beginClocks({ merchants, times }: World): void {
  for (const { appKey } of merchants.list()) times.of(appKey)
}

function planOf(world: World, appKey: string): void {
  for (const bill of world.store.allBills()) if (bill.appKey === appKey) planAll(world, bill)
}

function planAll({ times }: World, { billCode, appKey, due: all }: Bill): void {
  for (const due of all) if (isTimed(due)) times.of(appKey).agenda.add(due.at, { billCode, due })
}

/** Back to the start: no bills, the files' scenarios, and with `merchants` the merchants of the fixtures; a manual clock where it began. */
export async function reset(world: World, what: { merchants: boolean }): Promise<void> {
  // All in one step: a request that comes while the store writes finds the start, whole.
  const cleared = world.store.clear(what)
  const undo = [world.scenarios.reset(), world.times.resetAll(), world.times.letGo(), world.attempts.reset(), what.merchants ? world.merchants.reset() : () => undefined]
  beginClocks(world)
  try {
    await cleared
    world.requests.clear()
    world.coverage.reset()
    world.coverage.letGo()
    world.feed.publish({ type: 'clock', appKey: undefined, what: 'reset', now: world.times.shared.clock.now() })
  } catch (error) {
    // Everything is still there, and so is what it has due.
    for (const takeBack of undo) takeBack()
    world.times.letGo()
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
    planOf(world, appKey)
    throw error
  }
  world.requests.clear(appKey)
  world.coverage.reset(appKey)
  const { clock } = world.times.of(appKey)
  if (clock !== world.times.shared.clock) world.feed.publish({ type: 'clock', appKey, what: 'reset', now: clock.now() })
}

/** Takes a merchant off, with its bills and its clock. */
export async function removeMerchant(world: World, appKey: string): Promise<void> {
  const { merchants, times, coverage } = world
  const removed = merchants.remove(appKey)
  const takeBack = times.letGo()
  try {
    await removed
  } catch (error) {
    takeBack()
    if (times.of(appKey) !== times.shared) planOf(world, appKey)
    throw error
  }
  coverage.letGo()
}
