import type { Bill, BillEvent } from '../bill/bill.ts'
import type { CancelAnswer, CancelRequest } from '../contract/schemas.ts'
import { CANCEL_STATUS, ERROR_CODE, STATUS } from '../contract/states.ts'
import { toWireTime } from '../contract/wire-time.ts'
import { Refusal } from '../errors.ts'
import { stepsFromCancel } from '../scenario/timeline.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { commit, moved, withSteps, type World } from './world.ts'

/** A merchant cancels a bill (CONTRACT §6). What a settled bill answers is the contract's table. */
export async function cancel(world: World, merchant: Merchant, request: CancelRequest): Promise<CancelAnswer> {
  const bill = find(world, merchant, request)
  if (bill.status === STATUS.waiting && !bill.cancelling) return cancelWaiting(world, bill)
  await world.store.settled()
  switch (bill.status) {
    case STATUS.cancelled:
      return answer(world, bill, CANCEL_STATUS.done)
    case STATUS.paid:
      return answer(world, bill, CANCEL_STATUS.refused, ERROR_CODE.alreadyPaid)
    case STATUS.failed:
      return answer(world, bill, CANCEL_STATUS.refused, ERROR_CODE.alreadyFailed)
    case STATUS.waiting:
      return answer(world, bill, CANCEL_STATUS.wait)
  }
}

async function cancelWaiting(world: World, bill: Bill): Promise<CancelAnswer> {
  const at = world.clock.now()
  const asked = { ...bill, cancelAttempts: bill.cancelAttempts + 1 }
  const reactions = bill.scenario.on?.cancel ?? []
  const reaction = reactions[Math.min(bill.cancelAttempts, reactions.length - 1)]
  switch (reaction?.answer ?? CANCEL_STATUS.done) {
    case CANCEL_STATUS.refused: {
      const errorCode = reaction?.errorCode ?? ''
      const refused = withEvent(asked, { at, what: 'cancel-refused', by: 'merchant', ...(errorCode === '' ? {} : { errorCode }) })
      await commit(world, refused, bill)
      return answer(world, refused, CANCEL_STATUS.refused, errorCode)
    }
    case CANCEL_STATUS.wait: {
      const accepted = withEvent({ ...asked, cancelling: true }, { at, what: 'cancel-accepted', by: 'merchant' })
      const waiting = withSteps(accepted, stepsFromCancel(bill.scenario, at))
      await commit(world, waiting, bill)
      return answer(world, waiting, CANCEL_STATUS.wait)
    }
    default: {
      const cancelled = withSteps(moved(world, asked, 'cancel', { at, by: 'merchant' }), stepsFromCancel(bill.scenario, at))
      await commit(world, cancelled, bill)
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
