import type { Attempt, Bill, Notification } from '../bill/bill.ts'
import type { Happening } from '../journal/feed.ts'
import type { RecordedRequest } from '../journal/requests.ts'
import { ruleFor } from '../scenario/rule.ts'

/** What a happening exercises, as `group/item` of the table. */
export function exercisedBy(happening: Happening): string[] {
  switch (happening.type) {
    case 'request':
      return byRequest(happening.request)
    case 'bill': {
      const { what, from, to, errorCode = '' } = happening.event
      return [
        ...(to === undefined ? [] : [`states/${to}`]),
        ...(from === undefined || to === undefined ? [] : [`transitions/${moveName(from, what, to)}`]),
        // What /cancel refuses for is in its answer, and counted there.
        ...(errorCode === '' || what === 'cancel-refused' ? [] : [`error-codes/${errorCode}`]),
      ]
    }
    case 'notification':
      return byNotification(happening.bill, happening.notification, happening.attempt, happening.number ?? 0)
    case 'clock':
      return []
  }
}

/** How a move between two states is called in the table. */
export function moveName(from: string, move: string, to: string): string {
  return `${from} ${move} ${to}`
}

function byRequest({ operation, outcome, reason, fault, response }: RecordedRequest): string[] {
  return [
    ...(operation === null ? [] : [`endpoints/${operation}`]),
    ...(outcome === 'accepted' ? ['outcomes/accepted'] : []),
    ...(reason === undefined ? [] : [`outcomes/${reason}`]),
    ...(fault === undefined ? [] : [`faults/${fault}`]),
    ...(operation === 'cancel' && outcome === 'accepted' ? byCancelAnswer(response?.body ?? '') : []),
  ]
}

/** In whichever format it is written: its own fields stand at the top, or one level down. */
function byCancelAnswer(body: string): string[] {
  const answer = JSON.parse(body) as Record<string, unknown>
  const isIt = (one: unknown): one is Record<string, unknown> => typeof one === 'object' && one !== null && 'status' in one && typeof one.status === 'string'
  const { status, errorCode } = [answer, ...Object.values(answer)].find(isIt) ?? {}
  return [`cancel-answers/${String(status)}`, ...(typeof errorCode === 'string' && errorCode !== '' ? [`error-codes/${errorCode}`] : [])]
}

function byNotification(bill: Bill, notification: Notification, attempt: Attempt | undefined, number: number): string[] {
  const { manner = {}, state, status, attempts } = notification
  if (attempt === undefined) return state === 'unaddressed' ? ['notifications/unaddressed'] : []
  const { acknowledged, trigger } = attempt
  const outcome = [
    acknowledged && number === 1 && 'acknowledged-at-once',
    acknowledged && trigger === 'schedule' && number > 1 && 'acknowledged-after-retry',
    // What is sent apart from the row has no retries that could be used up.
    state === 'given-up' && number === attempts.length && manner.apart !== true && 'given-up',
    !acknowledged && whyNot(attempt),
  ]
  // What was lost on its way has reached nobody, whatever it says.
  const conditions = outcome.includes('lost') ? outcome : [
    ...outcome,
    trigger === 'resend' && 'resent-by-hand',
    trigger === 'copy' && (manner.replay === undefined ? 'duplicate' : 'replayed'),
    manner.notBefore !== undefined && 'late',
    manner.reversed === true && 'out-of-order',
    manner.slow !== undefined && 'slow',
    ...(manner.apart === true ? byTelling(bill, notification) : byRule(ruleFor(bill.scenario, status), number)),
  ]
  return conditions.filter((one) => one !== false).map((name) => `notifications/${name}`)
}

function byRule(rule: ReturnType<typeof ruleFor>, number: number): string[] {
  return rule === undefined ? [] : [...(rule.early === true && number === 1 ? ['early'] : []), ...byForm(rule)]
}

/** Of a notification that tells of no change: the event that goes with it knows what it was to say. */
function byTelling({ events, notifications }: Bill, { id }: Notification): string[] {
  const place = notifications.filter(({ manner }) => manner?.apart === true).findIndex((one) => one.id === id)
  const event = events.filter(({ what }) => what === 'notify')[place]
  if (event?.telling === undefined) return []
  const { telling } = event
  const status = events.slice(0, events.indexOf(event)).findLast(({ to }) => to !== undefined)?.to
  return [...(telling.status === undefined || telling.status === status ? [] : ['untrue']), ...byForm(telling)]
}

function whyNot({ answer, error = '' }: Attempt): string {
  if (error.startsWith('lost on its way')) return 'lost'
  if (/^no (whole )?answer within/.test(error)) return 'timed-out'
  // An answer that broke off says nothing, whatever its status.
  if (answer === undefined || !error.startsWith('answered ')) return 'no-connection'
  return answer.status < 300 ? 'answered-success-false' : `answered-${String(answer.status).charAt(0)}xx`
}

function byForm({ sign = 'valid', body = 'intact' }: { sign?: string; body?: string }): string[] {
  return [...(sign === 'valid' ? [] : [`signature-${sign}`]), ...(body === 'intact' ? [] : [`body-${body}`])]
}
