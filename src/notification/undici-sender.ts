import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import type * as Undici from 'undici'
import type { Pace, Sender, Sent } from './sender.ts'
import { inWords } from './trouble.ts'

/** An answer is read to its end to judge it, but not for ever: past this it is no answer. */
const LONGEST_ANSWER = 4 * 1024 * 1024

/** POSTs notifications with undici. Redirects are not followed. */
export class UndiciSender implements Sender {
  #undici: typeof Undici | undefined
  #agent: Undici.Agent | undefined
  #closing = false

  async post(url: string, headers: Record<string, string>, body: string, { timeout, trickle }: Pace): Promise<Sent> {
    const started = performance.now()
    const sent = (rest: Partial<Sent>): Sent => ({ durationMs: Math.round((performance.now() - started) * 10) / 10, ...rest })
    // Loaded by the first delivery: it is the largest thing that a start can do without.
    this.#undici ??= await import('undici')
    if (this.#isClosing()) return sent({ aborted: true })
    // One deadline for it all, ours, in the place of undici's for the headers and for each piece of the body.
    this.#agent ??= new this.#undici.Agent({ connections: null, headersTimeout: 0, bodyTimeout: 0 })
    const { outcome, handler } = exchange(timeout + trickle)
    const { origin, pathname, search } = new URL(url)
    try {
      this.#agent.dispatch({ origin, path: pathname + search, method: 'POST', ...(trickle > 0 ? inPieces(headers, body, trickle) : { headers, body }) }, handler)
    } catch (error) {
      handler.onResponseError(undefined, error as Error)
    }
    const { answer, error } = await outcome
    if (error === undefined) return sent(answer === undefined ? {} : { answer })
    if (this.#isClosing()) return sent({ aborted: true })
    const what = error instanceof Expired ? `no ${answer === undefined ? '' : 'whole '}answer within ${timeout} ms` : inWords(error)
    return sent({ error: what, ...(answer === undefined ? {} : { answer }) })
  }

  /** Asked anew after each wait. */
  #isClosing(): boolean {
    return this.#closing
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#agent?.destroy()
  }
}

/** Of a body that trickles. */
const PIECES = 20

/** A body that takes its time: its bytes in pieces, over so many milliseconds. */
function inPieces(headers: Record<string, string>, body: string, length: number): { headers: Record<string, string>; body: Readable } {
  const bytes = Buffer.from(body)
  const size = Math.ceil(bytes.length / PIECES)
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let from = 0; from < bytes.length; from += size) {
      yield bytes.subarray(from, from + size)
      await setTimeout(length / PIECES, undefined, { ref: false })
    }
  }
  return { headers: { ...headers, 'content-length': String(bytes.length) }, body: Readable.from(pieces(), { objectMode: false }) }
}

class Expired extends Error {}

interface Outcome {
  answer?: NonNullable<Sent['answer']>
  error?: Error
}

type Handler = Required<Pick<Undici.Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd'>> & {
  onResponseError: (controller: unknown, error: Error) => void
}

/** What undici tells of one request, and what came of it; over when the answer is, or the deadline, whichever is first. */
function exchange(timeout: number): { outcome: Promise<Outcome>; handler: Handler } {
  let controller: Undici.Dispatcher.DispatchController | undefined
  let answer: Outcome['answer']
  const chunks: Buffer[] = []
  let size = 0
  let over: Error | true | undefined
  let resolve: (outcome: Outcome) => void = () => undefined
  const outcome = new Promise<Outcome>((done) => (resolve = done))
  const deadline = globalThis.setTimeout(() => {
    end(new Expired())
  }, timeout)
  const end = (error?: Error): void => {
    if (over !== undefined) return
    over = error ?? true
    clearTimeout(deadline)
    if (error !== undefined) controller?.abort(error)
    if (answer !== undefined && error === undefined) answer.body = Buffer.concat(chunks).toString('utf8')
    resolve({ ...(answer === undefined ? {} : { answer }), ...(error === undefined ? {} : { error }) })
  }
  const handler: Handler = {
    onRequestStart: (started) => {
      controller = started
      // The deadline passed while there was no connection yet.
      if (over instanceof Error) started.abort(over)
    },
    onResponseStart: (_controller, status, headers) => {
      // An interim answer, such as 103, is none.
      if (status < 200) return
      answer = { status, headers: flatten(headers), body: '' }
    },
    onResponseData: (_controller, chunk) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > LONGEST_ANSWER) end(new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`))
    },
    onResponseEnd: () => {
      end()
    },
    onResponseError: (_controller, error) => {
      end(error)
    },
  }
  return { outcome, handler }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}
