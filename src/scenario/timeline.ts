import { readDuration } from '../time/duration.ts'
import type { Span } from './fields.ts'
import type { Scenario, Step } from './schema.ts'

/** A step of a timeline, and when it is due: at a time, or when so many more queries about the bill have come. */
export type PlannedStep = { readonly step: number; readonly at: number } | { readonly step: number; readonly queries: number }

/** A number from 0 up to 1 that the seed chooses for a step or an attempt: the same one in every run. */
export type Chance = (what: string, index: number) => number

/** The steps that count from an application made at a time. */
export function stepsFromApply(scenario: Scenario, at: number, chance: Chance): PlannedStep[] {
  return planned(scenario, at, chance, (step, index) => origin(step, index) === 'apply')
}

/** The steps that count from a cancel that QLink took at a time. */
export function stepsFromCancel(scenario: Scenario, at: number, chance: Chance): PlannedStep[] {
  return planned(scenario, at, chance, (step) => step.from === 'cancel')
}

/** The step that counts from the one that has just been taken, if there is one. */
export function stepsFromPrevious(scenario: Scenario, taken: number, at: number, chance: Chance): PlannedStep[] {
  return planned(scenario, at, chance, (step, index) => index === taken + 1 && origin(step, index) === 'previous')
}

/**
 * How long a span is.
 *
 * @param chance from 0 up to 1, where it lies between the bounds of one that has bounds
 * @returns whole milliseconds
 */
export function spanLength(span: Span, chance: () => number): number {
  if (typeof span === 'string') return readDuration(span) ?? 0
  const [min, max] = [readDuration(span.min) ?? 0, readDuration(span.max) ?? 0]
  return min + Math.round((max - min) * chance())
}

function planned(scenario: Scenario, at: number, chance: Chance, wanted: (step: Step, index: number) => boolean): PlannedStep[] {
  return (scenario.timeline ?? []).flatMap((step, index): PlannedStep[] => {
    if (!wanted(step, index)) return []
    if (step.afterQueries !== undefined) return [{ step: index, queries: step.afterQueries }]
    return [{ step: index, at: at + spanLength(step.after ?? '0s', () => chance('step', index)) }]
  })
}

/** The first step has no previous one, so it counts from the application whatever it says. */
function origin(step: Step, index: number): 'apply' | 'cancel' | 'previous' {
  const from = step.from ?? 'apply'
  return from === 'previous' && index === 0 ? 'apply' : from
}
