import type { PayNotification } from '../contract/schemas.ts'
import { QLinkSignatureInvalid, type InvalidReason } from './errors.ts'
import { checkSecrets, verifyNotification, type NotificationHeaders, type NotificationSecrets } from './notification.ts'

/** What the handlers of notifications share. */
export interface NotificationHandlerOptions {
  /** See {@link verifyNotification}. */
  secrets: NotificationSecrets
  /**
   * Takes a notification whose signature is right. When it is done QLink is told so; when it throws or rejects QLink
   * will try again. The same notification may come more than once, and late.
   */
  onNotification: (notification: PayNotification) => void | Promise<void>
  /** The most bytes that a body may have; 65536 unless given. */
  limit?: number
  /**
   * Is told of what onNotification threw, and of each notification that was refused (QLinkSignatureInvalid). Unless
   * given, what is wrong on this side is written to the console, or to Fastify's log. It must not throw.
   */
  onError?: (error: unknown) => void
}

/** What is answered to QLink. */
export interface NotificationReply {
  status: number
  headers: Record<string, string>
  body: { success: boolean; message?: string }
}

export const DEFAULT_LIMIT = 64 * 1024

/** What is answered to what is no notification: everything but forgeries. */
const STATUSES: Readonly<Partial<Record<InvalidReason, number>>> = {
  // A mistake on this side: QLink tries again, and loses nothing when it is mended.
  'not-raw': 500,
  'not-a-notification': 400,
}

/** @throws TypeError for options that cannot be used, when the handler is made and not when QLink calls */
export function checkHandlerOptions({ secrets, onNotification, limit = DEFAULT_LIMIT }: NotificationHandlerOptions): void {
  checkSecrets(secrets)
  if (typeof onNotification !== 'function') throw new TypeError('onNotification must be a function')
  if (!Number.isSafeInteger(limit) || limit < 1) throw new TypeError(`limit must be a whole number of bytes from 1 on, but is ${String(limit)}`)
}

/** Takes one notification, and says what to answer. It does not reject. */
export async function receive(rawBody: Buffer | Uint8Array | string, headers: NotificationHeaders, options: NotificationHandlerOptions): Promise<NotificationReply> {
  try {
    await options.onNotification(verifyNotification(rawBody, headers, options.secrets))
    return { status: 200, headers: {}, body: { success: true } }
  } catch (error) {
    return refuse(error, options)
  }
}

/** What to answer to what went wrong: in words only where it is the notification. */
export function refuse(error: unknown, { onError = complain }: Pick<NotificationHandlerOptions, 'onError'>): NotificationReply {
  onError(error)
  if (!(error instanceof QLinkSignatureInvalid)) return { status: 500, headers: {}, body: { success: false } }
  return failure(STATUSES[error.reason] ?? 401, error.message)
}

export function failure(status: number, message: string, headers: Record<string, string> = {}): NotificationReply {
  return { status, headers, body: { success: false, message } }
}

export const wrongMethod = (method: string): NotificationReply => failure(405, `notifications come by POST, not by ${method}`, { allow: 'POST' })

export const tooLarge = (limit = DEFAULT_LIMIT): NotificationReply => failure(413, `the body is larger than ${limit} bytes`)

/** Whether it is a mistake of the merchant's own, not somebody's forgery. */
export function isOurs(error: unknown): boolean {
  return !(error instanceof QLinkSignatureInvalid) || error.reason === 'not-raw'
}

function complain(error: unknown): void {
  if (isOurs(error)) console.error('a notification of QLink was not taken:', error)
}
