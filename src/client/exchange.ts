import type { Dispatcher } from 'undici'

/** An answer of 500 bills has a few hundred kilobytes; what is larger than this is none. */
const LONGEST_ANSWER = 4 * 1024 * 1024

/** What QLink answered, as it came. */
export interface RawAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
}

/** An answer; or what went wrong, and whether the request may have gone out by then. */
export type Exchanged = { answer: RawAnswer } | { error: unknown; sent: boolean }

/** How long a whole exchange may take, in milliseconds, and what breaks it off before. */
export interface Patience {
  timeout: number
  signal: AbortSignal | undefined
}

/** No whole answer came in time. */
export class Late extends Error {}

type Handler = Required<Pick<Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd'>> & {
  onResponseError: (controller: unknown, error: Error) => void
}

/**
 * Sends one request and reads the answer to its end. The dispatcher is used directly, as it alone tells when a request
 * is about to be written: a failure before that is certain to have had no effect. Redirects are not followed.
 *
 * @returns what came of it; it does not reject
 */
export function exchange(dispatcher: Dispatcher, request: Pick<Dispatcher.DispatchOptions, 'origin' | 'path' | 'headers' | 'body'>, { timeout, signal }: Patience): Promise<Exchanged> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let head: Omit<RawAnswer, 'body'> | undefined
    let isOver = false
    let size = 0
    const chunks: Buffer[] = []
    const end = (exchanged: Exchanged): void => {
      if (isOver) return
      isOver = true
      clearTimeout(deadline)
      signal?.removeEventListener('abort', aborted)
      resolve(exchanged)
    }
    const fail = (error: unknown): void => {
      if (isOver) return
      end({ error, sent: controller !== undefined })
      controller?.abort(error instanceof Error ? error : new Error('aborted'))
    }
    const aborted = (): void => {
      fail(signal?.reason)
    }
    const deadline = setTimeout(() => {
      fail(new Late(controller === undefined ? `no connection within ${timeout} ms` : `no whole answer within ${timeout} ms`))
    }, timeout)
    const handler: Handler = {
      onRequestStart: (started) => {
        // It was given up while it waited for a connection: nothing is written then.
        if (isOver) started.abort(new Error('given up'))
        else controller = started
      },
      onResponseStart: (_controller, status, headers) => {
        // An interim answer, such as 103, is none.
        if (status >= 200) head = { status, headers }
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > LONGEST_ANSWER) fail(new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`))
      },
      onResponseEnd: () => {
        end(head === undefined ? { error: new Error('no answer'), sent: true } : { answer: { ...head, body: Buffer.concat(chunks) } })
      },
      onResponseError: (_controller, error) => {
        fail(error)
      },
    }
    if (signal?.aborted === true) {
      aborted()
      return
    }
    signal?.addEventListener('abort', aborted, { once: true })
    try {
      dispatcher.dispatch({ ...request, method: 'POST' }, handler)
    } catch (error) {
      fail(error)
    }
  })
}
