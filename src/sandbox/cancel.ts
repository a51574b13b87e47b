import type { Bill, BillEvent } from '../bill/bill.ts'
import type { CancelAnswer, CancelRequest } from '../contract/schemas.ts'
import { CANCEL_STATUS, ERROR_CODE, STATUS } from '../contract/states.ts'
import { toWireTime } from '../contract/wire-time.ts'
import { Refusal } from '../errors.ts'
import type { Reaction } from '../scenario/reaction-schema.ts'
import { stepsFromCancel } from '../scenario/timeline.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { answeredBy, conductOf, entryFor, refusedBy, type Answered } from './reactions.ts'
import { chanceOf, commit, moved, withSteps, type World } from './world.ts'

/** A merchant cancels a bill (CONTRACT §6). What a settled bill answers is the contract's table. */
export async function cancel(world: World, merchant: Merchant, request: CancelRequest): Promise<Answered<CancelAnswer>> {
  const bill = find(world, merchant, request)
  const entries = bill.scenario.on?.cancel
  if (entries === undefined) return { answer: await cancelNow(world, bill, bill, undefined) }

  const attempt = bill.cancelAttempts
  const reaction = entryFor(entries, attempt)
  const conduct = conductOf(world, reaction, 'cancel', bill.billCode, attempt)
  const isNew = attempt < entries.length
  const asked = isNew ? { ...bill, cancelAttempts: attempt + 1 } : bill
  const refusal = refusedBy(reaction)
  if (refusal === undefined) return answeredBy(cancelNow(world, asked, bill, reaction), conduct)
  if (isNew) await commit(world, asked, bill)
  return { answer: refusal, conduct }
}

/**
 * @param asked the bill with this attempt counted
 * @param before the bill as it was
 * @param reaction what the scenario answers to this attempt
 */
async function cancelNow(world: World, asked: Bill, before: Bill, reaction: Reaction | undefined): Promise<CancelAnswer> {
  // While it is being cancelled, an attempt that the scenario says nothing special about is told WAIT again.
  const settles = asked !== before && reaction?.answer !== undefined
  if (asked.status === STATUS.waiting && (!asked.cancelling || settles)) return cancelWaiting(world, asked, before, reaction)
  if (asked === before) await world.store.settled()
  else await commit(world, asked, before)
  switch (asked.status) {
    case STATUS.cancelled:
      return answer(world, asked, CANCEL_STATUS.done)
    case STATUS.paid:
      return answer(world, asked, CANCEL_STATUS.refused, ERROR_CODE.alreadyPaid)
    case STATUS.failed:
      return answer(world, asked, CANCEL_STATUS.refused, ERROR_CODE.alreadyFailed)
    case STATUS.waiting:
      return answer(world, asked, CANCEL_STATUS.wait)
  }
}

async function cancelWaiting(world: World, asked: Bill, before: Bill, reaction: Reaction | undefined): Promise<CancelAnswer> {
  const at = world.times.now(asked.appKey)
  // A cancel that was taken before has its steps planned already, whatever became of it.
  const isTaken = asked.events.some(({ what }) => what === 'cancel-accepted')
  const steps = isTaken ? [] : stepsFromCancel(asked.scenario, at, chanceOf(world, asked))
  switch (reaction?.answer ?? CANCEL_STATUS.done) {
    case CANCEL_STATUS.refused: {
      const errorCode = reaction?.errorCode ?? ''
      const refused = withEvent({ ...asked, cancelling: false }, { at, what: 'cancel-refused', by: 'merchant', ...(errorCode === '' ? {} : { errorCode }) })
      await commit(world, refused, before)
      return answer(world, refused, CANCEL_STATUS.refused, errorCode)
    }
    case CANCEL_STATUS.wait: {
      const waiting = asked.cancelling ? asked : withSteps(withEvent({ ...asked, cancelling: true }, { at, what: 'cancel-accepted', by: 'merchant' }), steps)
      await commit(world, waiting, before)
      return answer(world, waiting, CANCEL_STATUS.wait)
    }
    default: {
      const cancelled = moved(world, withSteps(asked, steps), 'cancel', { at, by: 'merchant' })
      await commit(world, cancelled, before)
      return answer(world, cancelled, CANCEL_STATUS.done)
    }
  }
}

function find(world: World, merchant: Merchant, { tradeUuid = '', billCode = '' }: CancelRequest): Bill {
  if (tradeUuid === '' && billCode === '') throw new Refusal('FIELD_MISSING', 'tradeUuid and billCode are both empty; give at least one')
  const byTrade = tradeUuid === '' ? undefined : world.store.billByTradeUuid(merchant.appKey, tradeUuid)
  const named = billCode === '' ? undefined : world.store.bill(billCode)
  const byCode = named?.appKey === merchant.appKey ? named : undefined
  if (tradeUuid !== '' && billCode !== '' && byTrade?.billCode !== byCode?.billCode) {
    throw new Refusal('BILL_IDS_DISAGREE', `tradeUuid "${tradeUuid}" and billCode "${billCode}" do not mean the same bill`)
  }
  const bill = byTrade ?? byCode
  if (bill === undefined) {
    throw new Refusal('BILL_UNKNOWN', tradeUuid === '' ? `billCode "${billCode}" is no bill of this merchant` : `tradeUuid "${tradeUuid}" is no bill of this merchant`)
  }
  return bill
}

function answer(world: World, bill: Bill, status: CancelAnswer['status'], errorCode = ''): CancelAnswer {
  const cancelTime = status === CANCEL_STATUS.done ? toWireTime(bill.cancelTime, world.settings.timeZone) : ''
  return { status, cancelTime, errorCode }
}

function withEvent(bill: Bill, event: BillEvent): Bill {
  return { ...bill, events: bill.events.concat(event) }
}
