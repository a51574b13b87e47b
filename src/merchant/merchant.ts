import { scheduleFaults, timeoutFaults, urlFaults } from './faults.ts'
import type { Merchant, PayAccount } from './schema.ts'

export type { Merchant, PayAccount }

/** The shipped merchant, the one that the setting notify-url is for. */
export const DEMO_APP_KEY = 'demo-app-key'

/**
 * What a schema cannot see in a merchant's fields.
 *
 * @param scenarioExists whether a scenario of that name is known
 * @returns one sentence for each thing that is wrong, beginning with the field's path
 */
export function merchantFaults(fields: Partial<Merchant>, scenarioExists: (name: string) => boolean): string[] {
  const { notifyUrl, scenario, notification, payAccounts = [] } = fields
  const names = payAccounts.map((account) => account.payAccount)
  return [
    ...(notifyUrl == null ? [] : urlFaults('notifyUrl', notifyUrl)),
    ...(typeof scenario !== 'string' || scenarioExists(scenario) ? [] : [`scenario names "${scenario}", which does not exist`]),
    ...(notification?.schedule === undefined ? [] : scheduleFaults('notification.schedule', notification.schedule)),
    ...(notification?.timeout === undefined ? [] : timeoutFaults('notification.timeout', notification.timeout)),
    ...names.flatMap((name, index) => (names.indexOf(name) < index ? [`payAccounts[${index}].payAccount "${name}" is there twice`] : [])),
  ]
}
