import { isTimed, sameDue, withDue, withoutDue, type Bill, type Due, type TimedDue } from '../bill/bill.ts'
import type { Ids } from '../bill/ids.ts'
import { transition, type Circumstances, type Move } from '../bill/transitions.ts'
import type { Coverage } from '../coverage/coverage.ts'
import { MoveForbidden } from '../errors.ts'
import type { Feed } from '../journal/feed.ts'
import type { Requests } from '../journal/requests.ts'
import type { Dispatcher } from '../notification/dispatcher.ts'
import type { Catalogue } from '../scenario/catalogue.ts'
import type { Chance, PlannedStep } from '../scenario/timeline.ts'
import type { Store } from '../store/store.ts'
import type { Attempts } from './attempts.ts'
import type { Merchants } from './merchants.ts'
import { tellNews, type Witnesses } from './news.ts'
import { told } from './telling.ts'
import type { Times } from './times.ts'

/** Due work as the agenda holds it. */
export interface DueWork {
  billCode: string
  due: TimedDue
}

/** Everything that a use case works with. Put together in app.ts, handed to each. */
export interface World {
  readonly times: Times
  readonly store: Store
  readonly merchants: Merchants
  readonly scenarios: Catalogue
  readonly ids: Ids
  readonly dispatcher: Dispatcher
  /** What no bill can count. */
  readonly attempts: Attempts
  readonly requests: Requests
  readonly feed: Feed
  readonly coverage: Coverage
  readonly log: Log
  readonly settings: WorldSettings
  /** What the link to a bill's checkout page ends in. */
  readonly checkoutQuery: (billCode: string) => string
  /** The base of links to this server; known once it listens. */
  publicUrl: string
}

export interface WorldSettings {
  readonly timeZone: string
  /** Milliseconds until an unpaid bill expires. */
  readonly expireAfter: number
  /** The scenario of a bill that no other one claims. */
  readonly scenario: string
}

/** As much of a logger as the use cases need; pino's fits. */
export interface Log {
  error(fields: object, message: string): void
  info(fields: object, message: string): void
  isLevelEnabled(level: 'info'): boolean
}

/**
 * Makes a bill's new version durable, and only then plans what is newly due and tells what is new: nobody is told of
 * what could still be lost.
 *
 * @throws StoreUnavailable, and then nothing has changed
 */
export async function commit(world: Pick<World, 'store' | 'times'> & Witnesses, bill: Bill, before?: Bill): Promise<void> {
  await world.store.putBill(bill)
  tellNews(world, bill, before)
  for (const due of bill.due) {
    if (isTimed(due) && before?.due.some((planned) => sameDue(planned, due)) !== true) world.times.of(bill.appKey).agenda.add(due.at, { billCode: bill.billCode, due })
  }
}

/**
 * Moves a bill to another state and adds the notification that tells of it; nothing is stored yet.
 *
 * @throws MoveForbidden where the transition table does not allow it
 */
export function moved(world: World, bill: Bill, move: Move, circumstances: Circumstances): Bill {
  const result = transition(bill, move, circumstances)
  if (!result.allowed) throw new MoveForbidden(bill.billCode, move, result.status, result.moves)
  return told(world, result.bill, circumstances.at)
}

/** Plans steps of a bill's timeline. */
export function withSteps(bill: Bill, steps: readonly PlannedStep[]): Bill {
  return withDue(bill, ...steps.map((planned): Due =>
    'at' in planned ? { at: planned.at, what: 'step', step: planned.step } : { what: 'query-step', step: planned.step, left: planned.queries }))
}

/** What the seed decides about a bill. */
export function chanceOf(world: Pick<World, 'ids'>, bill: Pick<Bill, 'billCode'>): Chance {
  return (what, index) => world.ids.chance(bill.billCode, what, index)
}

/** Takes one piece of due work off a bill. */
export function withoutThis(bill: Bill, done: Due): Bill {
  return withoutDue(bill, (due) => sameDue(due, done))
}
