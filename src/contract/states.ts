/**
 * Where a bill stands. `PAY_WAIT` and `PAY_SUCCESS` are in QLink's document; `PAY_FAIL` and `PAY_CANCEL` are the
 * sandbox's decision (CONTRACT §7). This table is the one place where the names on the wire are spelt.
 */
export const STATUS = {
  waiting: 'PAY_WAIT',
  paid: 'PAY_SUCCESS',
  failed: 'PAY_FAIL',
  cancelled: 'PAY_CANCEL',
} as const

export type BillStatus = (typeof STATUS)[keyof typeof STATUS]

/** What /cancel answers: `WAIT` is in the document, the other two are the sandbox's decision (CONTRACT §6). */
export const CANCEL_STATUS = { wait: 'WAIT', done: 'SUCCESS', refused: 'FAIL' } as const

export type CancelStatus = (typeof CANCEL_STATUS)[keyof typeof CANCEL_STATUS]

/** Error codes that the sandbox itself gives (CONTRACT §6 and §7). */
export const ERROR_CODE = {
  expired: 'PAYMENT_REQUEST_EXPIRED',
  alreadyPaid: 'BILL_ALREADY_PAID',
  alreadyFailed: 'BILL_ALREADY_FAILED',
} as const

/** Error codes of failed payments, after the provider behind QRIS (CONTRACT §7). Any other code may be given. */
export const PAYMENT_ERROR_CODES = [
  'INSUFFICIENT_BALANCE',
  'USER_DECLINED_PAYMENT',
  'USER_DID_NOT_AUTHORIZE',
  'PAYMENT_REQUEST_EXPIRED',
  'CHANNEL_UNAVAILABLE',
  'ISSUER_UNAVAILABLE',
  'PARTNER_TIMEOUT_ERROR',
  'TIMEOUT_ERROR',
  'PAYMENT_AMOUNT_LIMITS_EXCEEDED',
  'SUSPECTED_FRAUDULENT',
  'SERVER_ERROR',
  'FAILURE_DETAILS_UNAVAILABLE',
] as const

/** The kinds of rows in an account's list of methods. */
export const METHOD_TYPES = ['PAY_TYPE', 'PAY_CHANNEL'] as const

/** The channel whose `actionValue` is an EMVCo QR text. */
export const QRIS_CHANNEL = 'QRIS'

/** The four endpoints, by their last path segment. */
export const OPERATIONS = ['queryPayAccount', 'apply', 'getPayStatus', 'cancel'] as const

export type Operation = (typeof OPERATIONS)[number]
