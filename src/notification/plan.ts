import { readDuration } from '../time/duration.ts'
import { PRESETS, type RetryPolicy, type RetryPreset } from './presets.ts'

/** One attempt of a policy, where none is acknowledged and no answer changes the plan. Lengths are milliseconds. */
export interface PlannedAttempt {
  number: number
  /** As it was written; undefined for the first attempt. */
  wait?: string
  sinceFirst: number
}

/** What a policy comes to. */
export function planOf({ waits }: RetryPolicy): PlannedAttempt[] {
  let sinceFirst = 0
  return [
    { number: 1, sinceFirst },
    ...waits.map((wait, index) => {
      sinceFirst += readDuration(wait) ?? 0
      return { number: index + 2, wait, sinceFirst }
    }),
  ]
}

/** A policy as programs are shown it: every member is there, whether it has something to say or not. */
export function policyView(policy: RetryPolicy) {
  const { waits, stopStatuses = [], stopHeader = null, limits = [], retryAfterStatuses = [] } = policy
  const totalSeconds = (planOf(policy).at(-1)?.sinceFirst ?? 0) / 1000
  return { waits, attempts: waits.length + 1, totalSeconds, stopStatuses, stopHeader, limits, retryAfterStatuses }
}

/** A preset as programs are shown it. */
export function presetView(preset: RetryPreset) {
  const { name, description, source } = preset
  return { name, description, ...policyView(preset), source }
}

/** Every preset as programs are shown it. */
export const presetViews = () => PRESETS.map(presetView)

/** What an answer can change, in words: nothing, or a part of a sentence for each rule. */
export function rulesInWords({ stopStatuses = [], stopHeader, limits = [], retryAfterStatuses = [] }: RetryPolicy): string[] {
  return [
    ...(stopStatuses.length === 0 ? [] : [`${stopStatuses.join(', ')}: no retry`]),
    ...(stopHeader === undefined ? [] : [`${stopHeader.name}: ${stopHeader.values.join(' or ')}: no retry`]),
    ...limits.map(({ statuses, retries }) => `${statuses.join(', ')}: ${retries === 1 ? '1 retry' : `${retries} retries`}`),
    ...(retryAfterStatuses.length === 0 ? [] : [`${retryAfterStatuses.join(', ')}: waits for Retry-After`]),
  ]
}
