import type { ServerResponse } from 'node:http'
import { nodeHandler, type NotificationRequest } from './node-handler.ts'
import type { NotificationHandlerOptions } from './receive.ts'

/**
 * A handler for Express 4 and 5: `app.post('/payNotification', expressHandler({ secrets, onNotification }))`, before
 * `express.json()`. It reads the raw body itself, or takes what `express.raw()` or a `verify` that keeps `req.rawBody`
 * has left. Where `express.json()` has eaten the body it answers 500 and says so, as QLink's signature can no longer be
 * checked then. What it answers otherwise: see {@link nodeHandler}.
 *
 * @throws TypeError for options that cannot be used
 */
export function expressHandler(options: NotificationHandlerOptions): (request: NotificationRequest, response: ServerResponse, next?: unknown) => void {
  return nodeHandler(options)
}
