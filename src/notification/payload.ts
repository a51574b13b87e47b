import type { Bill } from '../bill/bill.ts'
import type { PayNotification } from '../contract/schemas.ts'
import { STATUS, type BillStatus } from '../contract/states.ts'
import { toWireTime } from '../contract/wire-time.ts'

/** The path of the endpoint at the merchant's. */
const PATH = '/payNotification'

/** What a notification tells of, where that need not be how the bill stands. */
export interface Told {
  status: BillStatus
  /** The time of a payment that never was. */
  at: number
  errorCode?: string
}

/** What a merchant is told about a bill (CONTRACT §8), in the document's order. */
export function notificationPayload(bill: Bill, { status, at, errorCode = bill.errorCode }: Told, zone: string): Required<PayNotification> {
  return {
    tradeUuid: bill.tradeUuid,
    billCode: bill.billCode,
    orderCode: bill.orderCode,
    paymentRequestId: bill.paymentRequestId,
    status,
    payTime: status === STATUS.paid ? toWireTime(bill.payTime ?? at, zone) : '',
    errorCode: status === STATUS.failed ? errorCode : '',
  }
}

/** The address that notifications go to: `/payNotification` is appended unless the path already ends in it. */
export function notificationUrl(registered: string): string {
  const url = new URL(registered)
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith(PATH) ? path : path + PATH
  return url.href
}
