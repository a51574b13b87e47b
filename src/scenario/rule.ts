import type { BillStatus } from '../contract/states.ts'
import type { NotificationRule } from './notification-schema.ts'
import type { Scenario } from './schema.ts'

/** The first entry of a scenario's `notifications` that is for a state (INTERFACE §4). */
export function ruleFor(scenario: Scenario, status: BillStatus | undefined): NotificationRule | undefined {
  return scenario.notifications?.find(({ when }) => when === undefined || when === status)
}
