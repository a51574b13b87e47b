import type { FaultName } from '../fault/wire/table.ts'
import { Refusal } from '../errors.ts'
import type { Span } from '../scenario/fields.ts'
import type { Reaction } from '../scenario/reaction-schema.ts'
import { spanLength } from '../scenario/timeline.ts'
import type { World } from './world.ts'

/** How an answer travels, where a scenario wants it otherwise than at once and whole. */
export interface Conduct {
  /** Real milliseconds until it leaves. */
  readonly delay: number
  /** What comes in its place. */
  readonly fault: FaultName | undefined
}

/** What a use case answers, and how that travels. A refusal is thrown where it travels as usual. */
export interface Answered<T> {
  readonly answer: T | Refusal
  readonly conduct?: Conduct | undefined
}

/** The entry for an attempt, counted from 0; the last entry stays. */
export function entryFor(entries: readonly Reaction[] | undefined, attempt: number): Reaction | undefined {
  return entries?.[Math.min(attempt, entries.length - 1)]
}

/**
 * How an entry has its answer travel.
 *
 * @param seedParts what the choice between the bounds of a span depends on
 */
export function conductOf(world: Pick<World, 'ids'>, reaction: Reaction | undefined, ...seedParts: (string | number)[]): Conduct | undefined {
  if (reaction?.delay === undefined && reaction?.fault === undefined) return undefined
  return { delay: lengthOf(world, reaction.delay, ...seedParts), fault: reaction.fault }
}

/** Milliseconds of a span, between its bounds as the seed says. */
export function lengthOf({ ids }: Pick<World, 'ids'>, span: Span | undefined, ...seedParts: (string | number)[]): number {
  return span === undefined ? 0 : spanLength(span, () => ids.chance(...seedParts))
}

/** What an entry answers instead of doing anything; undefined where what was asked for is to be done. */
export function refusedBy(reaction: Reaction | undefined): Refusal | undefined {
  if (reaction?.refuse !== undefined) return new Refusal('REFUSED_BY_SCENARIO', reaction.refuse)
  // It never arrives whole; a part of it may.
  return reaction?.effect === 'none' ? new Refusal('REFUSED_BY_SCENARIO', 'the system is busy, nothing was done') : undefined
}

/** What comes of a use case, a refusal included, so that a fault can lose that too. */
export async function answeredBy<T extends object>(work: Promise<T>, conduct: Conduct | undefined): Promise<Answered<T>> {
  if (conduct === undefined) return { answer: await work }
  try {
    return { answer: await work, conduct }
  } catch (error) {
    if (error instanceof Refusal) return { answer: error, conduct }
    throw error
  }
}
