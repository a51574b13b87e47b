import { isTimed } from '../bill/bill.ts'
import type { World } from './world.ts'

/** Puts everything that is due on the agenda, after a start. */
export function resume(world: World): void {
  for (const bill of world.store.allBills()) {
    for (const due of bill.due) if (isTimed(due)) world.agenda.add(due.at, { billCode: bill.billCode, due })
  }
}

/** Back to the start: no bills, the files' scenarios, and with `merchants` the merchants of the fixtures; a manual clock where it began. */
export async function reset(world: World, what: { merchants: boolean }): Promise<void> {
  world.agenda.clear()
  // All in one step: a request that comes while the store writes finds the start, whole.
  const cleared = world.store.clear(what)
  const undo = [world.scenarios.reset(), world.clock.reset(), world.attempts.reset(), what.merchants ? world.merchants.reset() : () => undefined]
  try {
    await cleared
    world.requests.clear()
  } catch (error) {
    // Everything is still there, and so is what it has due.
    for (const takeBack of undo) takeBack()
    resume(world)
    throw error
  }
}
