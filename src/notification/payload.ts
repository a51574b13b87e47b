import type { Bill } from '../bill/bill.ts'
import type { PayNotification } from '../contract/schemas.ts'
import { toWireTime } from '../contract/wire-time.ts'

/** The path of the endpoint at the merchant's. */
const PATH = '/payNotification'

/**
 * The body that tells a merchant where a bill stands (CONTRACT §8). It is serialised here, once: the signature and
 * every attempt are made of these very bytes.
 */
export function notificationBody(bill: Bill, zone: string): string {
  const payload: PayNotification = {
    tradeUuid: bill.tradeUuid,
    billCode: bill.billCode,
    orderCode: bill.orderCode,
    paymentRequestId: bill.paymentRequestId,
    status: bill.status,
    payTime: bill.status === 'PAY_SUCCESS' ? toWireTime(bill.payTime, zone) : '',
    errorCode: bill.status === 'PAY_FAIL' ? bill.errorCode : '',
  }
  return JSON.stringify(payload)
}

/** The address that notifications go to: `/payNotification` is appended unless the path already ends in it. */
export function notificationUrl(registered: string): string {
  const url = new URL(registered)
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith(PATH) ? path : path + PATH
  return url.href
}
