import type { Bill, QueryDue } from '../bill/bill.ts'
import { STATUS } from '../contract/states.ts'
import type { Refusal } from '../errors.ts'
import { afterStep } from './due.ts'
import { conductOf, entryFor, lengthOf, refusedBy, type Conduct } from './reactions.ts'
import { commit, type World } from './world.ts'

/** Whether a query about a bill is more than looking: its scenario counts queries, or answers them in its own way. */
export function countsQueries({ scenario, due }: Bill): boolean {
  return scenario.on?.getPayStatus !== undefined || due.some(({ what }) => what === 'query-step')
}

/** What the scenarios of the bills asked for make of a query. */
export interface CountedQuery {
  /** The longest delay and the first fault of all. */
  conduct: Conduct | undefined
  refusal: Refusal | undefined
  /** By billCode, how many milliseconds ago the bill is shown as it was. */
  lags: ReadonlyMap<string, number>
}

/**
 * Counts a query for each bill, and takes the steps that this query is the one to see.
 *
 * @returns when what it changed is durable
 */
export async function countQuery(world: World, bills: readonly Bill[]): Promise<CountedQuery> {
  const lags = new Map<string, number>()
  const conducts: Conduct[] = []
  const changes: Promise<void>[] = []
  let refusal: Refusal | undefined
  for (const bill of bills) {
    if (!countsQueries(bill)) continue
    const entries = bill.scenario.on?.getPayStatus
    const attempt = bill.queries ?? 0
    const reaction = entryFor(entries, attempt)
    const conduct = conductOf(world, reaction, 'query', bill.billCode, attempt)
    if (conduct !== undefined) conducts.push(conduct)
    if (reaction?.lag !== undefined) lags.set(bill.billCode, lengthOf(world, reaction.lag, 'lag', bill.billCode, attempt))
    const refused = refusedBy(reaction)
    refusal ??= refused
    const counted = attempt < (entries?.length ?? 0) ? { ...bill, queries: attempt + 1 } : bill
    // Where nothing happened, the query does not count towards a step; the attempt is over all the same.
    const seen = refused === undefined ? seenOnce(world, counted) : counted
    if (seen !== bill) changes.push(commit(world, seen, bill))
  }
  await Promise.all(changes)
  return { conduct: together(conducts), refusal, lags }
}

/** A bill as it stood at a time; undefined where it was not there yet. */
export function asOf(bill: Bill, at: number): Bill | undefined {
  const last = bill.events.findLast((event) => event.to !== undefined && event.at <= at)
  if (last?.to === undefined) return undefined
  return { ...bill, status: last.to, payTime: last.to === STATUS.paid ? last.at : null, errorCode: last.errorCode ?? '' }
}

/** A bill that one more query has been made about. */
function seenOnce(world: World, bill: Bill): Bill {
  const queried = bill.due.filter((due): due is QueryDue => due.what === 'query-step')
  if (queried.length === 0) return bill
  const rest = bill.due.filter(({ what }) => what !== 'query-step')
  const left = queried.flatMap((due) => (due.left > 1 ? [{ ...due, left: due.left - 1 }] : []))
  const counted: Bill = { ...bill, due: [...rest, ...left] }
  return queried.filter((due) => due.left <= 1).reduce((now, due) => afterStep(world, now, due.step), counted)
}

function together(conducts: readonly Conduct[]): Conduct | undefined {
  if (conducts.length === 0) return undefined
  return { delay: Math.max(...conducts.map(({ delay }) => delay)), fault: conducts.find(({ fault }) => fault !== undefined)?.fault }
}
