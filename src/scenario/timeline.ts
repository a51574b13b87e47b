import { readDuration } from '../time/duration.ts'
import type { Scenario, Step } from './schema.ts'

/** A step of a timeline and when it is due. */
export interface PlannedStep {
  step: number
  at: number
}

/** The steps that count from an application made at a time. */
export function stepsFromApply(scenario: Scenario, at: number): PlannedStep[] {
  return planned(scenario, at, (step, index) => origin(step, index) === 'apply')
}

/** The steps that count from a cancel that QLink took at a time. */
export function stepsFromCancel(scenario: Scenario, at: number): PlannedStep[] {
  return planned(scenario, at, (step) => step.from === 'cancel')
}

/** The step that counts from the one that has just been taken, if there is one. */
export function stepsFromPrevious(scenario: Scenario, taken: number, at: number): PlannedStep[] {
  return planned(scenario, at, (step, index) => index === taken + 1 && origin(step, index) === 'previous')
}

function planned(scenario: Scenario, at: number, wanted: (step: Step, index: number) => boolean): PlannedStep[] {
  return (scenario.timeline ?? []).flatMap((step, index) =>
    wanted(step, index) ? [{ step: index, at: at + (readDuration(step.after) ?? 0) }] : [],
  )
}

/** The first step has no previous one, so it counts from the application whatever it says. */
function origin(step: Step, index: number): 'apply' | 'cancel' | 'previous' {
  const from = step.from ?? 'apply'
  return from === 'previous' && index === 0 ? 'apply' : from
}
