import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { toIsoTime } from '../../contract/wire-time.ts'
import type { Happening, Published } from '../../journal/feed.ts'
import { requestId } from '../../journal/requests.ts'
import { advise } from '../../notification/doctor.ts'
import type { World } from '../../sandbox/world.ts'
import type { EventQuery } from './journal-schemas.ts'

/** A line now and then keeps proxies from taking the connection for dead. */
const KEEP_ALIVE = 15_000
/** A client that reads so much slower than things happen is sent away; it comes back with Last-Event-ID. */
const MOST_UNSENT = 4 * 1024 * 1024

/** Server-sent events (INTERFACE §3): what happens, as it happens. */
export function eventRoutes(app: FastifyInstance, world: World): void {
  const { feed } = world
  const open = new Set<() => void>()
  app.addHook('preClose', (done) => {
    for (const close of open) close()
    done()
  })

  app.get('/events', { config: { operationId: 'streamEvents' } }, (request, reply) => {
    const { raw } = reply
    // Reading again after a failed write must not begin a second time.
    if (raw.headersSent) return Promise.resolve(reply)
    const { appKey, type } = request.query as Static<typeof EventQuery>
    const types = type?.split(',')
    const wanted = ({ happening }: Published): boolean =>
      (types === undefined || types.includes(happening.type)) && (appKey === undefined || concerns(happening, appKey))
    reply.hijack()
    raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    raw.write('retry: 1000\n\n')
    const send = (published: Published): void => {
      if (!wanted(published)) return
      const { happening } = published
      raw.write(`id: ${feed.idOf(published)}\nevent: ${happening.type}\ndata: ${JSON.stringify(eventView(happening, world.settings.timeZone))}\n\n`)
      if (raw.writableLength > MOST_UNSENT) raw.destroy()
    }
    const last = request.headers['last-event-id']
    if (typeof last === 'string' && last !== '') {
      const { published, missed } = feed.since(last)
      if (missed) raw.write('event: missed\ndata: {"detail":"events that came before these are not kept any more, or are of an earlier run"}\n\n')
      published.forEach(send)
    }
    const unsubscribe = feed.subscribe(send)
    const alive = setInterval(() => raw.write(': alive\n\n'), KEEP_ALIVE)
    const close = (): void => {
      clearInterval(alive)
      unsubscribe()
      open.delete(close)
      raw.end()
    }
    open.add(close)
    raw.once('close', close)
    return Promise.resolve(reply)
  })
}

/** Whether a happening is a merchant's. The sandbox's own clock is everyone's. */
function concerns(happening: Happening, appKey: string): boolean {
  return happening.appKey === appKey || (happening.type === 'clock' && happening.appKey === undefined)
}

function eventView(happening: Happening, zone: string): object {
  const time = (at: number): string => toIsoTime(at, zone)
  switch (happening.type) {
    case 'bill': {
      const { bill: { billCode, appKey, tradeUuid, orderCode, status }, event: { at, ...event } } = happening
      return { at: time(at), appKey, billCode, tradeUuid, orderCode, status, ...event }
    }
    case 'notification': {
      const { bill, notification: { id, status, state, createdAt }, attempt, number } = happening
      const { billCode, appKey, tradeUuid } = bill
      const tried = attempt === undefined ? null
        : { number, trigger: attempt.trigger, acknowledged: attempt.acknowledged, status: attempt.answer?.status ?? null, error: attempt.error ?? null, advice: advise(attempt) ?? null, durationMs: attempt.durationMs }
      return { at: time(attempt?.at ?? createdAt), appKey, id, billCode, tradeUuid, status, state, attempt: tried }
    }
    case 'request': {
      const { request } = happening
      const { at, operation, method, url, appKey = null, outcome, reason = null, message = null, fault = null, durationMs } = request
      return { at: time(at), id: requestId(request), operation, method, url, appKey, outcome, reason, message, fault, status: request.response?.status ?? null, durationMs }
    }
    case 'clock':
      return { at: time(happening.now), what: happening.what, appKey: happening.appKey ?? null }
  }
}
