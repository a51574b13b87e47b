import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { isTimed, type Bill } from '../../bill/bill.ts'
import { toIsoTime } from '../../contract/wire-time.ts'
import { Problem } from '../../errors.ts'
import type { Happening } from '../../journal/feed.ts'
import { fits, requestId } from '../../journal/requests.ts'
import { waitFor } from '../../sandbox/waiting.ts'
import type { World } from '../../sandbox/world.ts'
import type { BillFilter, FoundNotification, Page, PageRequest } from '../../store/store.ts'
import { DURATION_FORMS, readDuration } from '../../time/duration.ts'
import type { BillWait, NotificationWait, RequestWait } from './journal-schemas.ts'
import { requestView } from './requests.ts'
import { billView, notificationView } from './views.ts'

const DEFAULT_TIMEOUT = '10s'
const LONGEST_TIMEOUT = 10 * 60_000
/** How much of what was there instead is told. */
const SEEN = 10
/** A page of what is looked through. */
const LOOK = { limit: 500 }

/** One kind of thing that can be waited for. */
interface Waited<T> {
  /** In words, for a wait that was in vain: `no notification … was acknowledged`. */
  missed: string
  /** Whether a happening may have brought one that fits. */
  concerns: (happening: Happening) => boolean
  /** What fits, newest first. */
  found(): Iterable<T>
  show(found: T): object
  /** What was there instead, in short, and the bills that it is about. */
  instead(): { seen: object[]; bills: Bill[] }
}

/**
 * Calls that answer when something is there, so that no test has to sleep or to ask again and again (INTERFACE §3). What
 * is there already is answered at once; time passes in reality, also on a manual clock.
 */
export function waitRoutes(app: FastifyInstance, world: World): void {
  const { store, requests, settings } = world
  const zone = settings.timeZone
  const closing = new AbortController()
  app.addHook('preClose', (done) => {
    closing.abort()
    done()
  })
  const answer = async <T>(query: { count?: string; timeout?: string }, reply: FastifyReply, waited: Waited<T>): Promise<object> => {
    const timeout = readTimeout(query.timeout ?? DEFAULT_TIMEOUT)
    const count = Number(query.count ?? 1)
    const gone = new AbortController()
    reply.raw.once('close', () => {
      gone.abort()
    })
    const found = await waitFor(world, {
      timeout,
      signal: AbortSignal.any([closing.signal, gone.signal]),
      concerns: waited.concerns,
      look: () => lookFor(waited.found(), count),
    })
    if (found !== undefined) {
      await store.settled()
      return waited.show(found)
    }
    if (closing.signal.aborted) throw new Problem(503, 'the sandbox is closing')
    const { seen, bills } = waited.instead()
    const so = seen.length === 0 ? 'nothing of the kind was there' : `there ${seen.length === 1 ? 'was' : 'were'} instead: ${seen.map(inShort).join('; ')}`
    const due = nextDue(world, bills)
    const many = count === 1 ? '' : ` ${count} times`
    throw new Problem(408, `${waited.missed}${many} within ${query.timeout ?? DEFAULT_TIMEOUT}; ${so}${due === undefined ? '' : `; ${due.hint}`}`, { seen, ...(due === undefined ? {} : { nextDueAt: due.at }) })
  }

  app.get('/notifications/wait', { config: { operationId: 'waitForNotification' } }, (request, reply) => {
    const query = request.query as Static<typeof NotificationWait>
    const { appKey, tradeUuid, billCode, status, state = 'acknowledged' } = query
    const about = { appKey, tradeUuid, billCode }
    const list = (filter: object) => all((page) => store.listNotifications(filter, page))
    return answer<FoundNotification>(query, reply, {
      missed: `no notification ${inWords({ status, ...about })}${state === 'acknowledged' ? 'was acknowledged' : `was ${state}`}`,
      concerns: (one) => one.type === 'notification' && one.notification.state === state && isAbout(one.bill, about),
      *found() {
        for (const one of list({ ...about, state })) if (status === undefined || one.notification.status === status) yield one
      },
      show: (found) => notificationView(found, world.merchants.get(found.bill.appKey), zone),
      instead() {
        const others = [...first(list(about), SEEN)]
        // What is not told yet may be about to come up.
        const bills = others.length > 0 ? others.map(({ bill }) => bill) : [...first(all((page) => store.listBills({ appKey, tradeUuid }, page)), SEEN)]
        return {
          seen: others.map(({ bill, notification: { id, status: told, state: stands, attempts } }) =>
            ({ id, tradeUuid: bill.tradeUuid, status: told, state: stands, attempts: attempts.length, error: attempts.at(-1)?.error ?? null })),
          bills,
        }
      },
    })
  })

  app.get('/bills/wait', { config: { operationId: 'waitForBill' } }, (request, reply) => {
    const query = request.query as Static<typeof BillWait>
    const { status, appKey, tradeUuid, billCode, orderCode } = query
    const about = { appKey, tradeUuid, billCode, orderCode }
    const list = (filter: Pick<BillFilter, 'status'>): Iterable<Bill> => {
      if (billCode === undefined) return all((page) => store.listBills({ appKey, tradeUuid, orderCode, ...filter }, page))
      const bill = store.bill(billCode)
      return bill === undefined ? [] : [bill]
    }
    return answer<Bill>(query, reply, {
      missed: `no bill ${inWords(about)}was ${status ?? 'there'}`,
      concerns: (one) => one.type === 'bill' && isAbout(one.bill, about),
      *found() {
        for (const bill of list({ status })) if (isAbout(bill, { ...about, status })) yield bill
      },
      show: (bill) => billView(bill, zone),
      instead() {
        const bills = [...first(list({}), SEEN)]
        return { seen: bills.map(({ billCode: code, tradeUuid: uuid, orderCode: order, status: stands }) => ({ billCode: code, tradeUuid: uuid, orderCode: order, status: stands })), bills }
      },
    })
  })

  app.get('/requests/wait', { config: { operationId: 'waitForRequest' } }, (request, reply) => {
    const query = request.query as Static<typeof RequestWait>
    const { appKey, operation, outcome, tradeUuid, billCode } = query
    const filter = { appKey, operation, outcome, tradeUuid, billCode }
    const list = (wanted: object) => all((page) => requests.list(wanted, page))
    return answer(query, reply, {
      missed: `no request ${inWords(filter)}came`,
      concerns: (one) => one.type === 'request' && fits(one.request, filter),
      found: () => list(filter),
      show: (found) => requestView(found, zone),
      instead: () => ({
        seen: [...first(list({ appKey }), SEEN)].map((one) => ({ id: requestId(one), operation: one.operation, url: one.url, outcome: one.outcome, reason: one.reason ?? null })),
        bills: [],
      }),
    })
  })
}

function isAbout(bill: Bill, about: Partial<Record<'appKey' | 'tradeUuid' | 'billCode' | 'orderCode' | 'status', string | undefined>>): boolean {
  return Object.entries(about).every(([name, value]) => value === undefined || bill[name as keyof typeof about] === value)
}

function readTimeout(text: string): number {
  const length = readDuration(text)
  if (length === undefined || length > LONGEST_TIMEOUT) {
    throw new Problem(400, `timeout must be a duration of at most 10m such as ${DURATION_FORMS}, but is "${text}"`)
  }
  return length
}

/** The newest of what is there, where there is as much as is wanted. */
function lookFor<T>(found: Iterable<T>, count: number): T | undefined {
  let newest: T | undefined
  let seen = 0
  for (const one of found) {
    newest ??= one
    if (++seen === count) return newest
  }
  return undefined
}

function* all<T>(list: (page: PageRequest) => Page<T>): Generator<T> {
  let cursor: string | null | undefined
  do {
    const { items, nextCursor } = list({ ...LOOK, ...(cursor == null ? {} : { cursor }) })
    yield* items
    cursor = nextCursor
  } while (cursor !== null)
}

function* first<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count
  for (const item of items) {
    if (left-- === 0) return
    yield item
  }
}

/** A filter, for a sentence: `with status PAY_SUCCESS and tradeUuid t-1 `. */
function inWords(filter: Record<string, string | undefined>): string {
  const parts = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
  return parts.length === 0 ? '' : `with ${parts.join(' and ')} `
}

function inShort(entry: object): string {
  return Object.values(entry).filter((value) => value !== null && value !== '').join(' ')
}

/** What a wait may have been in vain for: on a clock that stands still nothing falls due by itself. */
function nextDue({ times, settings }: World, bills: readonly Bill[]): { at: string; hint: string } | undefined {
  const waiting = bills.flatMap((bill) => bill.due.filter(isTimed).map((due) => ({ ...due, clock: times.of(bill.appKey).clock, appKey: bill.appKey })))
  const [next] = waiting.filter(({ at, clock }) => clock.mode === 'manual' && at > clock.now()).sort((a, b) => a.at - b.at)
  if (next === undefined) return undefined
  const { clock, appKey } = next
  const whose = clock === times.shared.clock ? '' : `?appKey=${encodeURIComponent(appKey)}`
  const [now, at] = [toIsoTime(clock.now(), settings.timeZone), toIsoTime(next.at, settings.timeZone)]
  return { at, hint: `the clock is manual and stands at ${now}; what is due next (${next.what}) is due at ${at}: POST /_sandbox/clock/advance${whose}` }
}
