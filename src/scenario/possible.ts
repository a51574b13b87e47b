import { nextStates } from '../contract/moves.ts'
import { CANCEL_STATUS, STATUS, type BillStatus } from '../contract/states.ts'
import { readDuration } from '../time/duration.ts'
import { about, type Problem } from './problem.ts'
import type { Reaction } from './reaction-schema.ts'
import type { Scenario, Step } from './schema.ts'

/**
 * What a scenario says and no run can ever show. Merchants, people and the expiry may act between any two steps, and a
 * step that is void in one run is not in another: only what is void in every run is a mistake.
 */
export function impossible(scenario: Scenario): Problem[] {
  const { on = {}, timeline = [], notifications = [] } = scenario
  if (!makesBill(scenario)) {
    const never = 'can never happen: no entry of on.apply makes a bill, each refuses or has no effect'
    const parts = [['timeline', timeline.length], ['notifications', notifications.length], ['on.cancel', on.cancel?.length ?? 0], ['on.getPayStatus', on.getPayStatus?.length ?? 0]] as const
    return parts.flatMap(([part, length]) => (length === 0 ? [] : about([], [[part, never]])))
  }
  return [...impossibleSteps(scenario), ...hiddenRules(scenario)]
}

/** Where a bill stands, and whether somebody else than the scenario or the expiry has brought it there. */
interface Place {
  readonly status: BillStatus
  readonly byOthers: boolean
}

function impossibleSteps(scenario: Scenario): Problem[] {
  const { timeline = [] } = scenario
  const problems: Problem[] = []
  // Where the bill can stand when a step is due; none where that never comes.
  const places: Place[][] = []
  for (const [index, step] of timeline.entries()) {
    const at = placesBefore(scenario, index, places)
    places.push(at)
    // What follows a step that is reported already says nothing new.
    const follows = originOf(step, index) === 'previous'
    const complaint = whyNever(scenario, step)
    if (complaint !== undefined) {
      places[index] = []
      problems.push(...about(['timeline', String(index)], [complaint]))
    } else if (at.length === 0) {
      if (!follows) problems.push(...about(['timeline', String(index)], [['from', unstarted(scenario)]]))
    } else if (!at.some((place) => allows(place, step))) {
      problems.push(...about(['timeline', String(index)], [['become', forbidden(at, step, scenario)]]))
    }
  }
  return problems
}

/** A reason that has nothing to do with where the bill stands. */
function whyNever({ on = {} }: Scenario, step: Step): [string, string] | undefined {
  if (step.afterQueries === undefined || on.getPayStatus?.every(nothingDone) !== true) return undefined
  return ['afterQueries', 'can never be reached: every getPayStatus is refused, and what is refused does not count']
}

function unstarted(scenario: Scenario): string {
  return declines(scenario)
    ? 'can never happen: the bill is declined at once, and a bill that failed cannot be cancelled; count from apply'
    : 'can never happen: no entry of on.cancel takes the cancel; let one answer WAIT or SUCCESS'
}

function forbidden(places: readonly Place[], { become, from }: Step, { on }: Scenario): string {
  // Of a step that does not count from the cancel, what others have settled is no business.
  const own = places.filter(({ byOthers }) => !byOthers || from === 'cancel')
  const stands = [...new Set((own.length > 0 ? own : places).map(({ status }) => status))].join(' or ')
  const wayOut = from === 'cancel' && on?.cancel?.some(({ answer }) => answer === CANCEL_STATUS.wait) !== true ? '; let on.cancel answer WAIT' : ''
  return `can never happen: the bill is ${stands} by then, which does not become ${String(become)}${wayOut}`
}

/** Where the bill can stand when a step is due. */
function placesBefore(scenario: Scenario, index: number, places: readonly Place[][]): Place[] {
  const { timeline = [] } = scenario
  const step = timeline[index]
  if (step === undefined) return []
  const origin = originOf(step, index)
  if (origin === 'previous') {
    const before = timeline[index - 1]
    // It is planned when the step before was taken, not when that was skipped.
    return before === undefined ? [] : later((places[index - 1] ?? []).filter((place) => allows(place, before)).map((place) => taken(place, before)))
  }
  const earlier = timeline
    .map((other, otherIndex) => ({ other, otherIndex }))
    .filter(({ other, otherIndex }) => otherIndex !== index && originOf(other, otherIndex) === origin && surelyBefore(other, otherIndex, step, index))
    .sort((a, b) => (surelyBefore(a.other, a.otherIndex, b.other, b.otherIndex) ? -1 : 1))
  return earlier.reduce(
    (now, { other }) => later(now.map((place) => (allows(place, other) ? taken(place, other) : place))),
    origin === 'apply' ? afterApply(scenario) : afterCancel(scenario),
  )
}

const EVERYWHERE: readonly Place[] = later([{ status: STATUS.waiting, byOthers: false }])

function afterApply(scenario: Scenario): Place[] {
  return declines(scenario) ? later([{ status: STATUS.failed, byOthers: false }]) : [...EVERYWHERE]
}

/** A bill that is settled cannot be cancelled any more, so nothing counts from there. */
function afterCancel(scenario: Scenario): Place[] {
  if (declines(scenario)) return []
  const answers = (scenario.on?.cancel ?? [{}]).filter((entry) => !nothingDone(entry)).map(({ answer = CANCEL_STATUS.done }: Reaction) => answer)
  const places: Place[] = []
  if (answers.includes(CANCEL_STATUS.wait)) places.push({ status: STATUS.waiting, byOthers: false })
  if (answers.includes(CANCEL_STATUS.done)) places.push({ status: STATUS.cancelled, byOthers: true })
  return later(places)
}

/** All places that can be reached from some, whoever moves the bill. */
function later(from: readonly Place[]): Place[] {
  const reached = new Map(from.map((place) => [`${place.status} ${String(place.byOthers)}`, place]))
  // A map's iteration goes on to what is added meanwhile.
  for (const place of reached.values()) {
    for (const status of nextStates(place.status)) {
      for (const byOthers of [false, true]) reached.set(`${status} ${String(byOthers)}`, { status, byOthers })
    }
  }
  return [...reached.values()]
}

/** Whether a step can be taken; what others have settled is theirs but for steps that count from the cancel. */
function allows({ status, byOthers }: Place, { become, from }: Step): boolean {
  if (become === undefined) return true
  return nextStates(status).includes(become) && (!byOthers || from === 'cancel')
}

function taken(place: Place, { become }: Step): Place {
  return become === undefined ? place : { status: become, byOthers: false }
}

/** Whether of two steps that count from the same the first comes first in every run. */
function surelyBefore(a: Step, aIndex: number, b: Step, bIndex: number): boolean {
  if (a.afterQueries !== undefined && b.afterQueries !== undefined) return isBefore(a.afterQueries, b.afterQueries)
  if (a.afterQueries !== undefined || b.afterQueries !== undefined) return false
  return isBefore(bound(a, 'max'), bound(b, 'min'))

  // Of one instant, the one that is written first.
  function isBefore(last: number, first: number): boolean {
    return last < first || (last === first && aIndex < bIndex)
  }
}

function bound({ after = '0s' }: Step, side: 'min' | 'max'): number {
  return readDuration(typeof after === 'string' ? after : after[side]) ?? 0
}

function originOf({ from = 'apply' }: Step, index: number): 'apply' | 'cancel' | 'previous' {
  return from === 'previous' && index === 0 ? 'apply' : from
}

function makesBill({ on = {} }: Scenario): boolean {
  return on.apply === undefined || on.apply.some((entry) => !nothingDone(entry))
}

/** Whether every bill of a scenario is declined. */
function declines({ on = {} }: Scenario): boolean {
  return on.apply?.filter((entry) => !nothingDone(entry)).every(({ decline }) => decline !== undefined) === true
}

function nothingDone({ refuse, effect }: Reaction): boolean {
  return refuse !== undefined || effect === 'none'
}

/** Rules that no notification gets to, as earlier ones take all. */
function hiddenRules({ notifications = [] }: Scenario): Problem[] {
  const all = [STATUS.paid, STATUS.failed, STATUS.cancelled] as string[]
  const takenBy = new Map<string, number>()
  return notifications.flatMap(({ when }, index) => {
    const wanted = when === undefined ? all : [when]
    const by = [...new Set(wanted.map((status) => takenBy.get(status)))]
    for (const status of wanted) if (!takenBy.has(status)) takenBy.set(status, index)
    if (by.includes(undefined)) return []
    const earlier = by.map((one) => `notifications[${String(one)}]`).join(' and ')
    const takes = `${earlier} ${by.length === 1 ? 'takes' : 'take'} ${when ?? 'every state'} already`
    return about(['notifications', String(index)], [[when === undefined ? '' : 'when', `can never be reached: ${takes}; put this one before, or take it away`]])
  })
}
