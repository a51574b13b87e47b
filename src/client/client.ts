import { Pool, type Dispatcher } from 'undici'
import type {
  ApplyAnswer, ApplyRequest, CancelAnswer, CancelRequest, GetPayStatusRequest, PayMethod, PayStatus, QueryPayAccountRequest,
} from '../contract/schemas.ts'
import { sign } from '../signing/sign.ts'
import { readAnswer } from './answers.ts'
import { applyOnce, type AppliedOnce, type ApplyOnceOptions } from './apply-once.ts'
import { QLinkAmbiguous, QLinkUnreachable, type Operation } from './errors.ts'
import { exchange } from './exchange.ts'
import { readOptions, type ClientSettings, type QLinkClientOptions } from './options.ts'
import { writeApplication, writeRequest } from './requests.ts'

/** What each call takes besides its request. */
export interface CallOptions {
  /** Breaks the call off: QLinkUnreachable where nothing was sent yet, QLinkAmbiguous otherwise. */
  signal?: AbortSignal | undefined
}

/** More requests at once than this wait for a connection. */
const CONNECTIONS = 64

/**
 * A merchant's client of QLink: signs, keeps connections, and tells refusals from answers that leave it open whether
 * something happened. Amounts go in and come out as text, digit for digit.
 *
 * Each call rejects with QLinkRefused (QLink says no), QLinkSignatureRefused (to the signature), QLinkAmbiguous
 * (nobody knows whether it was done) or QLinkUnreachable (nothing was sent), all of them QLinkError with a `kind`;
 * and with a TypeError for a request that cannot be written. No call is ever repeated by itself.
 */
export class QLinkClient {
  readonly #settings: ClientSettings
  readonly #dispatcher: Dispatcher
  readonly #isOwn: boolean
  #closing: Promise<void> | undefined

  /** @throws TypeError naming the option that cannot be used */
  constructor(options: QLinkClientOptions) {
    this.#settings = readOptions(options)
    const { origin, timeout } = this.#settings
    this.#isOwn = options.dispatcher === undefined
    // One deadline for it all, ours, in the place of undici's for the headers and for each piece of the body.
    this.#dispatcher = options.dispatcher ?? new Pool(origin, { connections: CONNECTIONS, headersTimeout: 0, bodyTimeout: 0, connect: { timeout } })
  }

  /** The ways to pay that an account has. */
  queryPayAccount(request: QueryPayAccountRequest, options?: CallOptions): Promise<PayMethod[]> {
    return this.#call('queryPayAccount', () => writeRequest(request), options)
  }

  /**
   * Applies for a payment, once, whatever comes of it; {@link applyOnce} knows what to do next.
   *
   * @param request `amount` as text, such as `"1.10"`, or as a number that is exact; it is sent as a JSON number
   * @returns `errorCode` is set where the provider declined: then a bill exists, and has failed
   */
  apply(request: ApplyRequest, options?: CallOptions): Promise<ApplyAnswer> {
    return this.#call('apply', () => writeApplication(request), options)
  }

  /**
   * Applies for a payment and, where the answer is ambiguous, asks what became of it instead of applying again.
   * See {@link ApplyOnceOptions} for the details.
   *
   * @returns `applied` with QLink's answer; or `found` with the bill that is there, as getPayStatus shows it: without an
   *   actionValue, which only the answer to apply has
   * @throws QLinkAmbiguous where the bill was not found, or nobody could tell; the same tradeUuid can be tried later
   */
  applyOnce(request: ApplyRequest, options?: ApplyOnceOptions): Promise<AppliedOnce> {
    return applyOnce(this, request, options)
  }

  /** Where bills stand; those that are unknown are left out. An amount is text, or null until the bill is paid. */
  getPayStatus(request: GetPayStatusRequest, options?: CallOptions): Promise<PayStatus[]> {
    return this.#call('getPayStatus', () => writeRequest(request), options)
  }

  /** Cancels a bill. After `WAIT` the outcome shows in getPayStatus and comes as a notification. */
  cancel(request: CancelRequest, options?: CallOptions): Promise<CancelAnswer> {
    return this.#call('cancel', () => writeRequest(request), options)
  }

  /** Lets go of the connections when what is under way has been answered. A dispatcher that was given stays open. */
  async close(): Promise<void> {
    if (this.#isOwn) await (this.#closing ??= this.#dispatcher.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #call<T>(operation: Operation, write: () => string, { signal }: CallOptions = {}): Promise<T> {
    const { keys, appKeyHeader, origin, path, timeout, form } = this.#settings
    const content = write()
    const headers = { 'content-type': 'application/json', 'accept': 'application/json', 'appKey': appKeyHeader, 'sign': sign({ ...keys, content }) }
    const exchanged = await exchange(this.#dispatcher, { origin, path: `${path}/${operation}`, headers, body: Buffer.from(content) }, { timeout, signal })
    if ('answer' in exchanged) return readAnswer(operation, exchanged.answer, form) as T
    const { error, sent } = exchanged
    if (sent) throw new QLinkAmbiguous(`${operation} was sent, but not answered: ${inWords(error)}; whether it was done is not known`, { operation, cause: error })
    throw new QLinkUnreachable(`${operation} was not sent: ${inWords(error)}`, { operation, cause: error })
  }
}

/** A host with several addresses fails with an error that has a code alone. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, code = error.name } = error as NodeJS.ErrnoException
  return message === '' ? code : message
}
