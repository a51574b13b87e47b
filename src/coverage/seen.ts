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
      const { event: { what, from, to, errorCode = '', telling }, bill } = happening
      return [
        ...(to === undefined ? [] : [`states/${to}`]),
        ...(from === undefined || to === undefined ? [] : [`transitions/${moveName(from, what, to)}`]),
        ...(errorCode === '' ? [] : [`error-codes/${errorCode}`]),
        ...(telling?.status === undefined || telling.status === bill.status ? [] : ['notifications/untrue']),
        ...(telling === undefined ? [] : byForm(telling)),
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
  const { status, errorCode } = [answer, ...Object.values(answer)].find((one): one is Record<string, unknown> => typeof one === 'object' && one !== null && 'status' in one) ?? {}
  return [`cancel-answers/${String(status)}`, ...(typeof errorCode === 'string' && errorCode !== '' ? [`error-codes/${errorCode}`] : [])]
}

function byNotification(bill: Bill, notification: Notification, attempt: Attempt | undefined, number: number): string[] {
  const { manner = {}, state, status, attempts } = notification
  if (attempt === undefined) return state === 'unaddressed' ? ['notifications/unaddressed'] : []
  // What is sent apart from the row is not told by a rule.
  const rule = manner.apart === true ? undefined : ruleFor(bill.scenario, status)
  const isLast = number === attempts.length
  const conditions = [
    attempt.acknowledged && number === 1 && 'acknowledged-at-once',
    attempt.acknowledged && attempt.trigger === 'schedule' && number > 1 && 'acknowledged-after-retry',
    isLast && state === 'given-up' && 'given-up',
    attempt.trigger === 'resend' && 'resent-by-hand',
    attempt.trigger === 'copy' && (manner.replay === undefined ? 'duplicate' : 'replayed'),
    manner.notBefore !== undefined && 'late',
    manner.reversed === true && 'out-of-order',
    manner.slow !== undefined && 'slow',
    rule?.early === true && number === 1 && 'early',
    ...whyNot(attempt),
  ].filter((one) => one !== false)
  return [...conditions.map((name) => `notifications/${name}`), ...(rule === undefined ? [] : byForm(rule))]
}

function whyNot({ acknowledged, answer, error = '' }: Attempt): string[] {
  if (acknowledged) return []
  if (error.startsWith('lost on its way')) return ['lost']
  if (/^no (whole )?answer within/.test(error)) return ['timed-out']
  if (answer === undefined) return ['no-connection']
  return [answer.status < 300 ? 'answered-success-false' : `answered-${String(answer.status).charAt(0)}xx`]
}

function byForm({ sign = 'valid', body = 'intact' }: { sign?: string; body?: string }): string[] {
  return [...(sign === 'valid' ? [] : [`notifications/signature-${sign}`]), ...(body === 'intact' ? [] : [`notifications/body-${body}`])]
}

