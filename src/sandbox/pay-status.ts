import type { Bill } from '../bill/bill.ts'
import { LIMITS } from '../contract/limits.ts'
import type { GetPayStatusRequest, PayStatus } from '../contract/schemas.ts'
import { STATUS } from '../contract/states.ts'
import { toWireTime } from '../contract/wire-time.ts'
import { Refusal } from '../errors.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { asOf, countQuery, countsQueries } from './queries.ts'
import type { Answered } from './reactions.ts'
import { readSettled } from './settled-read.ts'
import type { World } from './world.ts'

/**
 * Where bills stand (CONTRACT §5): the union of both lists in the order asked for, no bill twice; what is unknown or
 * another merchant's is left out.
 */
export async function getPayStatus(world: World, merchant: Merchant, { tradeUuidList = [], billCodeList = [] }: GetPayStatusRequest): Promise<Answered<PayStatus[]>> {
  const count = tradeUuidList.length + billCodeList.length
  if (count === 0) throw new Refusal('FIELD_MISSING', 'tradeUuidList and billCodeList are both empty; give at least one id')
  if (count > LIMITS.idsPerQuery) {
    throw new Refusal('FIELD_INVALID', `tradeUuidList and billCodeList have ${count} ids together; at most ${LIMITS.idsPerQuery} are allowed`)
  }
  const { settings, store } = world
  const read = (): Bill[] => find(world, merchant, tradeUuidList, billCodeList)
  if (!read().some(countsQueries)) return { answer: await readSettled(store, () => read().map((bill) => payStatus(bill, settings.timeZone))) }

  const { conduct, refusal, lags } = await countQuery(world, read())
  const now = world.times.now(merchant.appKey)
  const answer = await readSettled(store, () => read().flatMap((bill) => {
    const lag = lags.get(bill.billCode)
    const shown = lag === undefined ? bill : asOf(bill, now - lag)
    return shown === undefined ? [] : [payStatus(shown, settings.timeZone)]
  }))
  return { answer: refusal ?? answer, conduct }
}

function find(world: World, merchant: Merchant, tradeUuidList: readonly string[], billCodeList: readonly string[]): Bill[] {
  const found = new Set<Bill>()
  for (const tradeUuid of tradeUuidList) {
    const bill = world.store.billByTradeUuid(merchant.appKey, tradeUuid)
    if (bill !== undefined) found.add(bill)
  }
  for (const billCode of billCodeList) {
    const bill = world.store.bill(billCode)
    if (bill?.appKey === merchant.appKey) found.add(bill)
  }
  return [...found]
}

function payStatus(bill: Bill, zone: string): PayStatus {
  const paid = bill.status === STATUS.paid
  return {
    tradeUuid: bill.tradeUuid,
    billCode: bill.billCode,
    paymentRequestId: bill.paymentRequestId,
    orderCode: bill.orderCode,
    status: bill.status,
    payTime: toWireTime(paid ? bill.payTime : null, zone),
    amount: paid ? (bill.paidAmount ?? bill.amount) : null,
    currency: bill.currency,
    errorCode: bill.errorCode,
  }
}
