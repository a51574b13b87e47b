import { stringify } from 'yaml'
import type { Bill, BillEvent } from '../bill/bill.ts'
import { STATUS } from '../contract/states.ts'
import type { Scenario, Step } from '../scenario/schema.ts'

/**
 * The scenario that does to a bill what was done to this one, whoever did it: by scenario, by hand, by the provider or
 * by the expiry. What the merchant did (its applications, queries and cancels) is the merchant's to repeat. The steps
 * before its cancel count from the application, those after it from the cancel, as a cancel makes the others void.
 *
 * @param name what to call it; made of the bill's code where left out
 */
export function recordScenario(bill: Bill, name = `recorded-${bill.billCode.toLowerCase().replace(/[^a-z0-9-]/g, '-')}`.slice(0, 64)): Scenario {
  const { on, notifications } = bill.scenario
  const timeline = recordedSteps(bill)
  const atOnce = wasDeclined(bill) || timeline.some(({ after, from }) => after === '0s' && from === undefined)
  // What was early then has nothing to be early for where the bill was settled later.
  const rules = notifications?.map(({ early, ...rule }) => (early === true && !atOnce ? rule : { ...rule, ...(early === undefined ? {} : { early }) }))
  return {
    name,
    description: `What became of bill ${bill.billCode} (scenario ${bill.scenario.name}), as it was recorded.`,
    ...(on === undefined ? {} : { on }),
    ...(timeline.length === 0 ? {} : { timeline }),
    ...(rules === undefined ? {} : { notifications: rules }),
  }
}

/**
 * A scenario as the text of its file.
 *
 * @param schema where editors find the JSON Schema
 */
export function scenarioText(scenario: Scenario, schema: string): string {
  return `# yaml-language-server: $schema=${schema}\n${stringify(scenario, { lineWidth: 0 })}`
}

function recordedSteps(bill: Bill): Step[] {
  const taken = bill.events.find(({ what, by }) => by === 'merchant' && (what === 'cancel' || what === 'cancel-accepted'))
  const steps: Step[] = []
  let cancelled = false
  for (const event of wasDeclined(bill) ? bill.events.slice(2) : bill.events.slice(1)) {
    // The merchant's own cancel, like the scenario's answer to it, comes again when it cancels again.
    if (event === taken) cancelled = true
    const done = event.by === 'merchant' ? undefined : whatOf(bill, event)
    if (done === undefined) continue
    const origin = cancelled && taken !== undefined ? taken.at : bill.createdAt
    steps.push({ after: lengthOf(event.at - origin), ...(cancelled ? { from: 'cancel' as const } : {}), ...done })
  }
  return steps
}

/** What an event did, as a step says it; undefined for what is no step. */
function whatOf(bill: Bill, { what, to, errorCode, telling }: BillEvent): Pick<Step, 'become' | 'errorCode' | 'amount' | 'notify'> | undefined {
  if (what === 'notify') return { notify: telling ?? {} }
  switch (to) {
    case STATUS.paid:
      return { become: to, ...(bill.paidAmount === undefined ? {} : { amount: bill.paidAmount }) }
    case STATUS.failed:
      return { become: to, errorCode: errorCode === undefined || errorCode === '' ? 'FAILURE_DETAILS_UNAVAILABLE' : errorCode }
    case STATUS.cancelled:
      return { become: to }
    default:
      return undefined
  }
}

/** Only a bill that was declined at once has nothing for the customer to act on; `on.apply` says so. */
function wasDeclined(bill: Bill): boolean {
  return bill.actionValue === '' && bill.events[1]?.to === STATUS.failed
}

const UNITS = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1]] as const

/** Milliseconds in the largest unit that says them exactly. */
function lengthOf(ms: number): string {
  if (ms <= 0) return '0s'
  const [unit, size] = UNITS.find(([, one]) => ms % one === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}
