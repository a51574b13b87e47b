import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { textFromHeader } from '../../contract/header-text.ts'
import type { NearMiss, Refusal } from '../../errors.ts'
import type { RecordedRequest } from '../../journal/requests.ts'
import type { World } from '../../sandbox/world.ts'
import type { Explanation } from '../../signing/explain/explain.ts'
import type { Clock } from '../../time/clock.ts'

/** What is noted of a request while it is handled, for the journal. */
export interface Record {
  /** The clock of the merchant. */
  readonly clock: Clock
  /** When it came. */
  at: number
  /** Its bytes, once they are all there. */
  body?: Buffer
  /** Why it is refused whatever its body says; it is read all the same, so that the journal can show it. */
  early?: Refusal
  warnings: string[]
  nearMisses: NearMiss[]
  /** Of a signature that does not fit. */
  diagnosis?: Explanation
  /** What a scenario put in the place of the answer. */
  fault?: string
  lostAnswer?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined for requests that the journal has no interest in. */
    record: Record | undefined
  }
  interface FastifyReply {
    /** Why the request was refused, for the log and the journal. */
    refusal: Refusal | undefined
  }
}

/** @param appKey whose clock it is written down by; the sandbox's where it is not known */
export function beginRecord({ times }: World, appKey?: string): Record {
  const { clock } = appKey === undefined ? times.shared : times.of(appKey)
  return { clock, at: clock.now(), warnings: [], nearMisses: [] }
}

/** Puts every request to the emulated API into the journal just before its answer leaves, so that whoever has the answer finds it there. */
export function recordRequests(app: FastifyInstance, world: World): void {
  app.decorateReply('refusal', undefined)
  app.decorateRequest('record', undefined)
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.record !== undefined) {
      addToJournal(world, request, reply, { status: reply.statusCode, headers: reply.getHeaders(), body: typeof payload === 'string' ? payload : '' })
    }
    done()
  })
}

/** Puts a request into the journal whose answer was no HTTP. */
export function recordFault(world: World, request: FastifyRequest, reply: FastifyReply): void {
  addToJournal(world, request, reply, undefined)
}

/** What a request carries that is nobody else's business. */
const PRIVATE = ['authorization', 'proxy-authorization', 'cookie']

function addToJournal(world: World, request: FastifyRequest, reply: FastifyReply, response: { status: number; headers: object; body: string } | undefined): void {
  const { record } = request
  if (record === undefined) return
  const { refusal } = reply
  const nearMiss = refusal?.nearMiss
  const recorded = world.requests.add({
    at: record.at,
    operation: request.routeOptions.config.operation ?? null,
    method: request.method,
    url: request.url,
    appKey: appKeyOf(request),
    headers: shownHeaders(request.headers),
    body: record.body,
    outcome: record.fault !== undefined ? 'fault' : refusal === undefined && reply.statusCode < 400 ? 'accepted' : 'refused',
    reason: refusal?.reason,
    message: refusal?.message,
    fault: record.fault,
    lostAnswer: record.lostAnswer,
    warnings: record.warnings,
    diagnosis: record.diagnosis,
    nearMisses: nearMiss === undefined ? record.nearMisses : [...record.nearMisses, nearMiss],
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    // Fastify makes the headers anew for whoever asks.
    response: response as RecordedRequest['response'],
  })
  request.record = undefined
  world.feed.publish({ type: 'request', appKey: recorded.appKey, request: recorded })
}

function appKeyOf({ headers }: FastifyRequest): string | undefined {
  // Node hands header names on in lower case.
  const { appkey } = headers
  return typeof appkey === 'string' && appkey !== '' ? textFromHeader(appkey) : undefined
}

function shownHeaders(headers: FastifyRequest['headers']): FastifyRequest['headers'] {
  if (!PRIVATE.some((name) => name in headers)) return headers
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, PRIVATE.includes(name) ? '…' : value]))
}
