import { isTimed, sameDue, type Bill, type Due, type TimedDue } from '../bill/bill.ts'
import { allowedMoves, type Move } from '../bill/transitions.ts'
import { withoutExponent } from '../contract/decimal.ts'
import { STATUS } from '../contract/states.ts'
import { promoteNext } from '../notification/delivery.ts'
import { ruleFor } from '../scenario/rule.ts'
import type { Step } from '../scenario/schema.ts'
import { stepsFromPrevious } from '../scenario/timeline.ts'
import { toldOf } from './telling.ts'
import { chanceOf, commit, moved, withoutThis, withSteps, type DueWork, type World } from './world.ts'

/**
 * Does a piece of work whose time has come, if the bill still has it to do.
 *
 * @returns whether it had
 * @throws StoreUnavailable where what was done could not be recorded; the bill has the work still to do
 */
export async function runDue(world: World, work: DueWork): Promise<boolean> {
  const bill = world.store.bill(work.billCode)
  if (bill === undefined || !has(bill, work.due)) return false
  try {
    switch (work.due.what) {
      case 'expire':
        await expire(world, bill, work.due)
        break
      case 'step':
        await takeStep(world, bill, work.due)
        break
      case 'attempt':
      case 'copy':
        return await world.dispatcher.attempt(bill.billCode, work.due.notification, work.due.what === 'copy' ? work.due : 'schedule', (now) => has(now, work.due))
    }
    return true
  } catch (error) {
    world.log.error({ billCode: bill.billCode, due: work.due.what, err: error }, 'due work failed and will be tried again')
    throw error
  }
}

function has(bill: Bill, wanted: Due): boolean {
  return bill.due.some((due) => sameDue(due, wanted))
}

async function expire(world: World, bill: Bill, due: Due): Promise<void> {
  // A settled bill has no expiry, unless its file was changed by hand.
  const next = allowedMoves(bill.status).includes('expire') ? moved(world, bill, 'expire', { at: world.times.now(bill.appKey), by: 'expiry' }) : withoutThis(bill, due)
  await commit(world, next, bill)
}

async function takeStep(world: World, bill: Bill, due: Extract<Due, { what: 'step' }>): Promise<void> {
  await commit(world, afterStep(world, withoutThis(bill, due), due.step), bill)
}

/**
 * A bill after a step of its timeline; nothing is stored yet. A step that cannot be taken is skipped, and the record
 * says why.
 *
 * @param bill with the step taken off its due work
 */
export function afterStep(world: World, bill: Bill, index: number): Bill {
  const step = bill.scenario.timeline?.[index]
  if (step === undefined) return bill
  const at = world.times.now(bill.appKey)
  const obstacle = step.become === undefined ? undefined : whyNot(bill, step)
  if (obstacle !== undefined) {
    const skipped = { at, what: 'step-skipped', by: 'scenario', note: `timeline[${index}] (${String(step.become)}): ${obstacle}` } as const
    return promoteNext({ ...bill, events: bill.events.concat(skipped) }, at)
  }
  // What comes next is planned first: a notification that is held back until the timeline is over has to know.
  const planned = withSteps(bill, stepsFromPrevious(bill.scenario, index, at, chanceOf(world, bill)))
  if (step.become === undefined) return promoteNext(toldOf(world, planned, step.notify ?? {}, { at, by: 'scenario' }), at)
  const amount = step.amount === undefined ? undefined : withoutExponent(String(step.amount))
  const paid = amount === undefined ? planned : { ...planned, paidAmount: amount }
  return moved(world, paid, moveTo(bill, step), { at, by: 'scenario', errorCode: step.errorCode ?? '' })
}

/**
 * Does at once what is due now and is to be told before /apply answers. What fails here is tried again by the agenda,
 * as everything that is due: the application itself is stored already.
 *
 * @returns when the merchant has answered, or not answered in time
 */
export async function tellEarly(world: World, billCode: string): Promise<void> {
  try {
    for (let [step] = dueNow(world, billCode, 'step'); step !== undefined; [step] = dueNow(world, billCode, 'step')) {
      await runDue(world, { billCode, due: step })
    }
    for (const due of dueNow(world, billCode, 'attempt')) {
      const bill = world.store.bill(billCode)
      const isEarly = bill !== undefined && ruleFor(bill.scenario, bill.notifications[due.notification]?.status)?.early === true
      if (isEarly) await runDue(world, { billCode, due })
    }
  } catch {
    // The log has it.
  }
}

function dueNow<What extends TimedDue['what']>(world: World, billCode: string, what: What): Extract<TimedDue, { what: What }>[] {
  const bill = world.store.bill(billCode)
  if (bill === undefined) return []
  const now = world.times.now(bill.appKey)
  return bill.due.filter((due): due is Extract<TimedDue, { what: What }> => isTimed(due) && due.what === what && due.at <= now)
}

function moveTo(bill: Bill, { become }: Step): Move {
  if (become === STATUS.failed) return 'fail'
  if (become === STATUS.cancelled) return 'cancel'
  return bill.status === STATUS.waiting ? 'pay' : 'payLate'
}

/**
 * Why a step cannot be taken, if so. A late success is a scenario's to cause, but only after what the scenario itself
 * or the expiry did: when the merchant or a person has settled the bill, steps that count from the application are
 * void, or every pay-after-3s would pay bills that were cancelled within the three seconds.
 */
function whyNot(bill: Bill, step: Step): string | undefined {
  if (!allowedMoves(bill.status).includes(moveTo(bill, step))) return `the bill is ${bill.status}`
  const settledBy = bill.events.findLast((event) => event.to !== undefined)?.by
  const byOthers = bill.status !== STATUS.waiting && settledBy !== 'scenario' && settledBy !== 'expiry'
  return byOthers && step.from !== 'cancel' ? `the bill was already ${bill.status} by the ${String(settledBy)}` : undefined
}
