import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UsageError } from '../errors.ts'
import { DURATION_FORMS, readDuration } from '../time/duration.ts'
import { checkAnswer, replyTo, type Answer } from './answers.ts'
import { readReceived, type Keys, type Received } from './received.ts'

export interface EndpointOptions {
  /** How callbacks are answered; 200 where left out. */
  answer?: Answer
  /** A free one where left out. */
  port?: number
  /** Whose signatures it can verify. */
  merchants?: readonly Keys[]
  /** Answers 401 to what is not signed rightly, as a merchant should, in the place of `answer`. */
  verify?: boolean
}

/** Which callback to wait for. */
export interface Awaited {
  tradeUuid?: string
  billCode?: string
  status?: string
  /** A duration in real time; 10 seconds where left out. */
  timeout?: string
}

/** A merchant's server for callbacks: it verifies, remembers, and answers as told. */
export interface MerchantEndpoint extends AsyncDisposable {
  /** What a merchant registers: its notifyUrl. */
  readonly url: string
  readonly port: number
  /** Everything that came, in order. */
  readonly received: readonly Received[]
  /** Answers so from now on; a list begins at its first entry for the next callback. */
  answer(answer: Answer): void
  /** Verifies this merchant's signatures from now on, beside those it knows already: two secrets of one appKey are both right. */
  trust(...merchants: readonly Keys[]): void
  /**
   * The next callback that no earlier `next` gave; it has been answered, or its connection ended.
   *
   * @throws Error after the timeout, saying what came instead
   */
  next(wanted?: Awaited): Promise<Received>
  /** Forgets what came. */
  clear(): void
  /** Ends at once, whatever is under way. */
  close(): Promise<void>
}

/**
 * Starts a merchant's server for callbacks, on 127.0.0.1.
 *
 * @throws UsageError where the options cannot be used, or the port is taken
 */
export async function startMerchantEndpoint({ answer = 200, port = 0, merchants = [], verify = false }: EndpointOptions = {}): Promise<MerchantEndpoint> {
  const endpoint = new Endpoint(answer, verify)
  endpoint.trust(...merchants)
  await endpoint.listen(port)
  return endpoint
}

/** setTimeout takes no more than this: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1

interface Waiter {
  wanted: Awaited
  take: (received: Received) => void
}

class Endpoint implements MerchantEndpoint {
  readonly #server: Server
  readonly #keys = new Map<string, Set<string>>()
  readonly #verify: boolean
  readonly #held = new Set<() => void>()
  readonly #waiters = new Set<Waiter>()
  /** What no next() gave yet, of those that have been answered. */
  #fresh: Received[] = []
  #answer: Answer = 200
  /** How many had come when the answer was chosen. */
  #before = 0
  #all: Received[] = []
  #attempts = new Map<string, number>()
  #number = 0
  #port = 0
  #isClosed = false
  /** Those whose answer is under way, or will never be. */
  readonly #open = new Set<Received>()

  constructor(answer: Answer, verify: boolean) {
    this.answer(answer)
    this.#verify = verify
    this.#server = createServer((incoming, outgoing) => {
      this.#take(incoming, outgoing)
    })
  }

  /** Also when it is closed: that is how one gets a port on which nobody listens. */
  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get received(): readonly Received[] {
    return this.#all
  }

  async listen(port: number): Promise<void> {
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new UsageError([`the endpoint's port must be a whole number from 0 to 65535, but is ${JSON.stringify(port)}`])
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new UsageError([`the endpoint cannot listen on port ${port}: ${error.message}`]))
      })
      this.#server.listen(port, '127.0.0.1', resolve)
    })
    this.#port = (this.#server.address() as AddressInfo).port
  }

  answer(answer: Answer): void {
    checkAnswer(answer)
    this.#answer = answer
    this.#before = this.#number
  }

  trust(...merchants: readonly Keys[]): void {
    for (const merchant of merchants as readonly Partial<Keys>[]) {
      const { appKey, appSecret } = merchant
      if (typeof appKey !== 'string' || typeof appSecret !== 'string') throw new UsageError(['a merchant to trust has an appKey and an appSecret, both texts; give several one after another, not as a list'])
      this.#keys.set(appKey, (this.#keys.get(appKey) ?? new Set()).add(appSecret))
    }
  }

  clear(): void {
    this.#all = []
    this.#fresh = []
    this.#attempts = new Map()
  }

  next(wanted: Awaited = {}): Promise<Received> {
    const { timeout = '10s' } = wanted
    const length = readDuration(timeout)
    if (length === undefined) return Promise.reject(new UsageError([`timeout must be a duration such as ${DURATION_FORMS}, but is "${timeout}"`]))
    const there = this.#fresh.find((one) => fits(one, wanted))
    if (there !== undefined) {
      this.#fresh = this.#fresh.filter((one) => one !== there)
      return Promise.resolve(there)
    }
    const failure = (when: string): Error => new Error(`no callback${inWords(wanted)} came ${when}; ${this.#seen()}`)
    if (this.#isClosed) return Promise.reject(failure('before the endpoint closed'))
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        this.#held.delete(closed)
      }
      const giveUp = (when: string): void => {
        end()
        reject(failure(when))
      }
      const closed = (): void => {
        giveUp('before the endpoint closed')
      }
      const timer = setTimeout(giveUp, Math.min(length, LONGEST_TIMER), `within ${timeout}`)
      const waiter: Waiter = {
        wanted,
        take: (received) => {
          end()
          resolve(received)
        },
      }
      this.#waiters.add(waiter)
      this.#held.add(closed)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
      for (const release of [...this.#held]) release()
      this.#server.closeAllConnections()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming
      const bytes = Buffer.concat(chunks)
      const key = `${path} ${bytes.toString('latin1')}`
      const attempt = (this.#attempts.get(key) ?? 0) + 1
      this.#attempts.set(key, attempt)
      const received = readReceived({ number: ++this.#number, attempt, method, path, headers, bytes }, this.#keys)
      this.#all.push(received)
      this.#open.add(received)
      outgoing.once('close', () => {
        this.#open.delete(received)
        this.#hand(received)
      })
      this.#reply(received, outgoing).catch((error: unknown) => {
        // A rule of the test's own failed: whoever sent this should not wait for it.
        outgoing.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`the endpoint's answer failed: ${(error as Error).message}`)
      })
    })
    incoming.on('error', () => undefined)
  }

  async #reply(received: Received, outgoing: ServerResponse): Promise<void> {
    const { socket } = outgoing
    const isRefused = this.#verify && received.signature !== 'valid'
    const refusal = { status: 401, body: { success: false, message: `the signature is ${received.signature}` } }
    const reply = await replyTo(isRefused ? refusal : this.#answer, received, received.number - this.#before)
    if (reply.kind === 'hang') return
    if (reply.kind === 'reset') socket?.resetAndDestroy()
    if (reply.kind === 'close') socket?.destroy()
    if (reply.kind !== 'http') return
    if (reply.after > 0) await this.#pause(reply.after, outgoing)
    outgoing.writeHead(reply.status, reply.headers).end(reply.body)
  }

  /** Ends early when the endpoint or the connection does. */
  #pause(length: number, outgoing: ServerResponse): Promise<void> {
    // A function may take its time to answer; there may be nobody left to pause for.
    if (outgoing.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#held.delete(end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(length, LONGEST_TIMER))
      this.#held.add(end)
      outgoing.once('close', end)
    })
  }

  #hand(received: Received): void {
    // It was forgotten while it was being answered.
    if (!this.#all.includes(received)) return
    for (const waiter of this.#waiters) {
      if (!fits(received, waiter.wanted)) continue
      waiter.take(received)
      return
    }
    this.#fresh.push(received)
  }

  #seen(): string {
    const last = this.#all.slice(-5).map((received) => {
      const { method, path, tradeUuid, status, signature } = received
      return `${tradeUuid === '' ? `${method} ${path} without a tradeUuid` : `${tradeUuid} ${status}`}, signature ${signature}${this.#open.has(received) ? ', not answered yet' : ''}`
    })
    return last.length === 0 ? 'none has come at all' : `the last that came: ${last.join('; ')}`
  }
}

function fits(received: Received, { tradeUuid, billCode, status }: Awaited): boolean {
  return (tradeUuid === undefined || received.tradeUuid === tradeUuid) && (billCode === undefined || received.billCode === billCode) && (status === undefined || received.status === status)
}

function inWords({ tradeUuid, billCode, status }: Awaited): string {
  const parts = Object.entries({ tradeUuid, billCode, status }).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
  return parts.length === 0 ? '' : ` with ${parts.join(' and ')}`
}
