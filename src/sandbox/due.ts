import { sameDue, type Bill, type Due } from '../bill/bill.ts'
import { allowedMoves, type Move } from '../bill/transitions.ts'
import { STATUS } from '../contract/states.ts'
import type { Step } from '../scenario/schema.ts'
import { stepsFromPrevious } from '../scenario/timeline.ts'
import { commit, moved, withoutThis, withSteps, type DueWork, type World } from './world.ts'

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
        return (await world.dispatcher.attempt(bill.billCode, work.due.notification, 'schedule', (now) => has(now, work.due))) !== undefined
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
  const next = allowedMoves(bill.status).includes('expire') ? moved(world, bill, 'expire', { at: world.clock.now(), by: 'expiry' }) : withoutThis(bill, due)
  await commit(world, next, bill)
}

async function takeStep(world: World, bill: Bill, due: Extract<Due, { what: 'step' }>): Promise<void> {
  const rest = withoutThis(bill, due)
  const step = bill.scenario.timeline?.[due.step]
  if (step === undefined) return commit(world, rest, bill)
  const at = world.clock.now()
  const obstacle = whyNot(bill, step)
  if (obstacle !== undefined) {
    const skipped = { at, what: 'step-skipped', by: 'scenario', note: `timeline[${due.step}] (${step.become}): ${obstacle}` } as const
    return commit(world, { ...rest, events: [...rest.events, skipped] }, bill)
  }
  const next = moved(world, rest, moveTo(bill, step), { at, by: 'scenario', errorCode: step.errorCode ?? '' })
  return commit(world, withSteps(next, stepsFromPrevious(bill.scenario, due.step, at)), bill)
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
