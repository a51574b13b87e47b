import type { Operation } from '../contract/states.ts'
import type { NearMiss } from '../errors.ts'
import type { Explanation } from '../signing/explain/explain.ts'
import type { Page, PageRequest } from '../store/store.ts'
import { Queue } from './queue.ts'

/** How much of the requests is kept. */
export interface JournalLimits {
  /** So many requests. */
  count: number
  /** So many bytes of bodies, headers and answers. */
  size: number
}

/**
 * `accepted`: done, or answered. `refused`: QLink said no. `fault`: a scenario took the answer away, whatever was done.
 */
export type Outcome = 'accepted' | 'refused' | 'fault'

export const OUTCOMES = ['accepted', 'refused', 'fault'] as const satisfies readonly Outcome[]

/** A request to the emulated API, byte for byte, and what came of it. */
export interface RecordedRequest {
  /** Counted from 1 since the start; {@link requestId} writes it. */
  readonly number: number
  /** On the clock of the merchant, in milliseconds since 1970. */
  readonly at: number
  /** Null where the path is none of the four endpoints. */
  readonly operation: Operation | null
  readonly method: string
  readonly url: string
  /** As it was sent, whether there is such a merchant or not. */
  readonly appKey: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Undefined where it did not arrive whole. */
  readonly body: Buffer | undefined
  readonly outcome: Outcome
  /** Why it was refused, by the names of CONTRACT §1. */
  readonly reason: string | undefined
  readonly message: string | undefined
  readonly fault: string | undefined
  /** What the answer would have said, where a fault took it away. */
  readonly lostAnswer: string | undefined
  /** Of a signature that does not fit. */
  readonly diagnosis: Explanation | undefined
  readonly warnings: readonly string[]
  readonly nearMisses: readonly NearMiss[]
  /** Real milliseconds until it was answered. */
  readonly durationMs: number
  /** Undefined where a fault left nothing that is HTTP. */
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string } | undefined
}

export interface RequestFilter {
  appKey?: string | undefined
  operation?: string | undefined
  /** An outcome, or the reason of a refusal. */
  outcome?: string | undefined
  tradeUuid?: string | undefined
  billCode?: string | undefined
}

/** The journal of requests: the newest, in memory. */
export class Requests {
  readonly #limits: JournalLimits
  readonly #byNumber = new Map<number, RecordedRequest>()
  /** In the order in which they came. */
  #all = new Queue<RecordedRequest>()
  readonly #byMerchant = new Map<string, Queue<RecordedRequest>>()
  #count = 0
  #size = 0

  constructor(limits: JournalLimits) {
    this.#limits = limits
  }

  /** @param request everything but its number */
  add(request: Omit<RecordedRequest, 'number'>): RecordedRequest {
    const recorded = request as RecordedRequest & { number: number }
    recorded.number = ++this.#count
    this.#byNumber.set(recorded.number, recorded)
    this.#all.push(recorded)
    const key = merchantOf(recorded)
    let own = this.#byMerchant.get(key)
    if (own === undefined) this.#byMerchant.set(key, (own = new Queue()))
    own.push(recorded)
    this.#size += sizeOf(recorded)
    while (this.#byNumber.size > this.#limits.count || this.#size > this.#limits.size) {
      const oldest = this.#all.shift()
      if (oldest === undefined) break
      this.#forget(oldest)
      // The oldest of all is the oldest of its merchant.
      const its = this.#byMerchant.get(merchantOf(oldest))
      its?.shift()
      if (its?.size === 0) this.#byMerchant.delete(merchantOf(oldest))
    }
    return recorded
  }

  get(id: string): RecordedRequest | undefined {
    return this.#byNumber.get(Number(/^r-(\d{1,15})$/.exec(id)?.[1]))
  }

  /** Newest first. */
  list(filter: RequestFilter, { limit, cursor }: PageRequest): Page<RecordedRequest> {
    const candidates = filter.appKey === undefined ? this.#all : this.#byMerchant.get(filter.appKey)
    const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor)
    const items: RecordedRequest[] = []
    for (const request of candidates?.newestFirst() ?? []) {
      if (request.number >= before || !fits(request, filter)) continue
      if (items.length === limit) return { items, nextCursor: String(items.at(-1)?.number) }
      items.push(request)
    }
    return { items, nextCursor: null }
  }

  /** Forgets all requests, or those of one merchant. */
  clear(appKey?: string): void {
    if (appKey === undefined) {
      this.#byNumber.clear()
      this.#byMerchant.clear()
      this.#all = new Queue()
      this.#size = 0
      return
    }
    for (const request of this.#byMerchant.get(appKey)?.newestFirst() ?? []) this.#forget(request)
    this.#byMerchant.delete(appKey)
    this.#all = new Queue()
    for (const request of this.#byNumber.values()) this.#all.push(request)
  }

  #forget(request: RecordedRequest): void {
    this.#byNumber.delete(request.number)
    this.#size -= sizeOf(request)
  }
}

/** How a request is called: `r-17`. */
export function requestId({ number }: RecordedRequest): string {
  return `r-${number}`
}

/** Whether a request is what someone looks for. */
export function fits(request: RecordedRequest, { appKey, operation, outcome, tradeUuid, billCode }: RequestFilter): boolean {
  return (appKey === undefined || request.appKey === appKey)
    && (operation === undefined || request.operation === operation)
    && (outcome === undefined || request.outcome === outcome || request.reason === outcome)
    && (tradeUuid === undefined || says(request.body?.toString(), tradeUuid))
    && (billCode === undefined || says(request.body?.toString(), billCode) || says(request.response?.body, billCode) || says(request.lostAnswer, billCode))
}

/** Whether one of the texts in a JSON document is this one, whatever it is called there. */
function says(json: string | undefined, text: string): boolean {
  if (json === undefined) return false
  try {
    return holds(JSON.parse(json), text)
  } catch {
    return false
  }
}

function holds(value: unknown, text: string): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some((one) => holds(one, text))
  return value === text
}

function merchantOf({ appKey = '' }: RecordedRequest): string {
  return appKey
}

/** What an entry takes besides its texts, more or less. */
const ENTRY = 500

function sizeOf({ url, headers, body, response, lostAnswer, diagnosis }: RecordedRequest): number {
  let size = ENTRY + url.length + (body?.length ?? 0) + (response?.body.length ?? 0) + (lostAnswer?.length ?? 0)
  if (diagnosis !== undefined) size += ENTRY + diagnosis.stringToSign.length + (diagnosis.hashed?.length ?? 0)
  // For each request: no list is made of them.
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0)
  return size
}
