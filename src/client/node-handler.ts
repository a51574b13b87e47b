import type { IncomingMessage, ServerResponse } from 'node:http'
import { isUint8Array } from 'node:util/types'
import { QLinkSignatureInvalid } from './errors.ts'
import { checkHandlerOptions, DEFAULT_LIMIT, receive, refuse, tooLarge, wrongMethod, type NotificationHandlerOptions, type NotificationReply } from './receive.ts'

/** A request as Express hands it on, or plain: middleware may have left the body in it. */
export type NotificationRequest = IncomingMessage & { body?: unknown; rawBody?: unknown }

/**
 * A handler for node:http: `createServer(nodeHandler({ secrets, onNotification }))`, or called for the path that
 * QLink has been given. It reads the raw body itself.
 *
 * Answers 200 `{"success":true}` when onNotification is done, 401 where the signature is wrong, 400 where what is signed is
 * no notification, 405 and 413 for other methods and bodies over the limit, and 500 when onNotification throws, so that
 * QLink tries again.
 *
 * @throws TypeError for options that cannot be used
 */
export function nodeHandler(options: NotificationHandlerOptions): (request: NotificationRequest, response: ServerResponse) => void {
  checkHandlerOptions(options)
  return (request, response) => {
    void serve(request, options).then((reply) => {
      if (reply !== undefined) answer(response, reply)
    })
  }
}

/** @returns undefined where there is nobody left to answer */
async function serve(request: NotificationRequest, options: NotificationHandlerOptions): Promise<NotificationReply | undefined> {
  const { method = '', headers } = request
  if (method !== 'POST') {
    request.resume()
    return wrongMethod(method)
  }
  let body: Awaited<ReturnType<typeof rawBodyOf>>
  try {
    body = await rawBodyOf(request, options.limit ?? DEFAULT_LIMIT)
  } catch (error) {
    return error instanceof QLinkSignatureInvalid ? refuse(error, options) : undefined
  }
  return body === undefined ? tooLarge(options.limit) : receive(body, headers, options)
}

const EATEN =
  'the notification’s body was read and parsed before its signature could be checked, by express.json() or another body parser; ' +
  'the signature covers the raw bytes: put this handler before the parser, or give its path express.raw({ type: "*/*" }), ' +
  'or let the parser keep them: express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes } })'

/**
 * The raw body: as a parser of raw bodies left it, or read here.
 *
 * @returns undefined where it is larger than the limit
 * @throws QLinkSignatureInvalid where somebody has read it, and kept an object alone
 * @throws Error where the request broke off
 */
async function rawBodyOf(request: NotificationRequest, limit: number): Promise<Buffer | Uint8Array | string | undefined> {
  for (const kept of [request.rawBody, request.body]) {
    if (typeof kept === 'string' || isUint8Array(kept)) return Buffer.byteLength(kept) > limit ? undefined : kept
  }
  if (request.readableDidRead) throw new QLinkSignatureInvalid('not-raw', EATEN)
  return read(request, limit)
}

function read(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size <= limit) {
        chunks.push(chunk)
        return
      }
      // What else comes is let go by.
      request.off('data', take)
      request.resume()
      resolve(undefined)
    }
    request.on('data', take)
    request.once('end', () => {
      resolve(Buffer.concat(chunks))
    })
    request.once('error', reject)
    request.once('close', () => {
      reject(new Error('the request broke off'))
    })
  })
}

function answer(response: ServerResponse, { status, headers, body }: NotificationReply): void {
  // Who sends too much is not read to the end.
  const more = status === 413 ? { connection: 'close' } : {}
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers, ...more }).end(JSON.stringify(body))
}
