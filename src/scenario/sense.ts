import { CANCEL_STATUS, PAYMENT_ERROR_CODES, STATUS } from '../contract/states.ts'
import { scheduleComplaint } from '../notification/schedule.ts'
import { DURATION_FORMS, readDuration } from '../time/duration.ts'
import type { Span } from './fields.ts'
import { unmatchable } from './matchable.ts'
import type { NotificationRule } from './notification-schema.ts'
import { impossible } from './possible.ts'
import { about, type Complaint, type Problem } from './problem.ts'
import type { Reaction } from './reaction-schema.ts'
import type { Scenario, Step } from './schema.ts'

/** Everything in a scenario that no schema can see: parts that contradict each other, and what can never happen. */
export function senseless(scenario: Scenario): Problem[] {
  const { match, on = {}, timeline = [], notifications = [] } = scenario
  const contradictions = [
    ...(match === undefined ? [] : unmatchable(match)),
    ...Object.entries(on).flatMap(([operation, entries]) => entries.flatMap((entry, index) => about(['on', operation, String(index)], senselessReaction(entry)))),
    ...timeline.flatMap((step, index) => about(['timeline', String(index)], senselessStep(step))),
    ...notifications.flatMap((rule, index) => about(['notifications', String(index)], senselessRule(rule, scenario))),
  ]
  // What can happen is asked only where what is said can be understood.
  return contradictions.length > 0 ? contradictions : impossible(scenario)
}

function senselessReaction(reaction: Reaction): Complaint[] {
  const { delay, lag, fault, effect, refuse, decline, answer, errorCode } = reaction
  return [
    spanComplaint('delay', delay),
    spanComplaint('lag', lag),
    effect !== undefined && fault === undefined ? ['effect', 'goes with fault only: without one the answer comes'] : undefined,
    refuse !== undefined && fault !== undefined ? ['refuse', 'does not go with fault: the refusal would not arrive'] : undefined,
    refuse !== undefined && decline !== undefined ? ['refuse', 'does not go with decline: what QLink refuses never reaches the provider'] : undefined,
    decline !== undefined && effect === 'none' ? ['decline', 'does not go with effect: none, after which nothing has happened'] : undefined,
    answer !== undefined && effect === 'none' ? ['answer', 'does not go with effect: none, after which nothing has happened'] : undefined,
    refuse !== undefined && answer !== undefined ? ['refuse', 'does not go with answer: a refusal is one'] : undefined,
    answer === CANCEL_STATUS.refused && errorCode === undefined ? ['errorCode', 'is missing; a cancel fails for a reason'] : undefined,
    answer !== CANCEL_STATUS.refused && errorCode !== undefined ? ['errorCode', `goes with answer: ${CANCEL_STATUS.refused} only`] : undefined,
  ]
}

function senselessStep({ after, afterQueries, become, errorCode, amount, notify }: Step): Complaint[] {
  return [
    after === undefined && afterQueries === undefined ? ['after', 'is missing; say after what time, or afterQueries'] : undefined,
    after !== undefined && afterQueries !== undefined ? ['afterQueries', 'does not go with after: give one of the two'] : undefined,
    spanComplaint('after', after),
    become === undefined && notify === undefined ? ['become', 'is missing; say what the bill becomes, or notify'] : undefined,
    become !== undefined && notify !== undefined ? ['notify', 'does not go with become, which is notified by itself; make it a step of its own'] : undefined,
    become === STATUS.failed && errorCode === undefined ? ['errorCode', `is missing; a payment fails for a reason, such as ${PAYMENT_ERROR_CODES[0]}`] : undefined,
    become !== STATUS.failed && errorCode !== undefined ? ['errorCode', `goes with become: ${STATUS.failed} only`] : undefined,
    become !== STATUS.paid && amount !== undefined ? ['amount', `goes with become: ${STATUS.paid} only`] : undefined,
    ...(notify === undefined ? [] : [
      durationComplaint('notify.gap', notify.gap),
      durationComplaint('notify.slow', notify.slow),
      ...copyComplaints(notify, 'notify.'),
    ]),
  ]
}

function senselessRule(rule: NotificationRule, { on, timeline = [] }: Scenario): Complaint[] {
  const { delay, gap, slow, replay, early, order, retry } = rule
  const unusable = retry === undefined ? undefined : scheduleComplaint(retry)
  const atOnce = on?.apply?.some(({ decline }) => decline !== undefined) === true
    || timeline.some((step) => (step.from ?? 'apply') === 'apply' && typeof step.after === 'string' && readDuration(step.after) === 0)
  return [
    spanComplaint('delay', delay),
    spanComplaint('replay', replay),
    durationComplaint('gap', gap),
    durationComplaint('slow', slow),
    ...copyComplaints(rule, ''),
    unusable === undefined ? undefined : ['retry', `${unusable}, but is ${JSON.stringify(retry)}`],
    early === true && delay !== undefined ? ['early', 'does not go with delay: early is before /apply answers'] : undefined,
    early === true && order === 'reversed' ? ['early', 'does not go with order: reversed, which holds back'] : undefined,
    early === true && !atOnce ? ['early', 'can never happen: nothing in this scenario happens before /apply answers; add a step after: 0s, or a decline'] : undefined,
  ]
}

function copyComplaints({ copies = 1, gap, together }: NotificationRule, prefix: string): Complaint[] {
  return [
    gap !== undefined && copies < 2 ? [`${prefix}gap`, 'goes with copies of 2 or more only'] : undefined,
    together === true && copies < 2 ? [`${prefix}together`, 'goes with copies of 2 or more only'] : undefined,
    together === true && gap !== undefined ? [`${prefix}gap`, 'does not go with together: at one instant there is no gap'] : undefined,
  ]
}

function spanComplaint(key: string, span: Span | undefined): Complaint {
  if (typeof span !== 'object') return durationComplaint(key, span)
  const [min, max] = [readDuration(span.min), readDuration(span.max)]
  if (min === undefined) return [`${key}.min`, notDuration(span.min)]
  if (max === undefined) return [`${key}.max`, notDuration(span.max)]
  return min > max ? [`${key}.max`, `must not be less than min, which is ${span.min}, but is ${span.max}`] : undefined
}

function durationComplaint(key: string, text: string | undefined): Complaint {
  return text === undefined || readDuration(text) !== undefined ? undefined : [key, notDuration(text)]
}

function notDuration(text: string): string {
  return `must be a duration such as ${DURATION_FORMS}, of at most a hundred years, but is "${text}"`
}
