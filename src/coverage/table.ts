import { MOVES, TRANSITIONS, type Move } from '../contract/moves.ts'
import { CANCEL_STATUS, ERROR_CODE, OPERATIONS, PAYMENT_ERROR_CODES, STATUS, type BillStatus } from '../contract/states.ts'
import { REASONS, type Reason } from '../errors.ts'
import { BODY_FORM_NAMES } from '../fault/body/table.ts'
import { SIGNATURE_FORM_NAMES } from '../fault/signature/table.ts'
import { FAULT_NAMES } from '../fault/wire/table.ts'
import { moveName } from './seen.ts'

/** One thing that a merchant's suite can exercise. */
export interface Item {
  readonly name: string
  /** How, in a sentence. */
  readonly how: string
}

export interface Group {
  readonly name: string
  readonly title: string
  readonly items: readonly Item[]
}

/** What a suite can hardly bring about, and a merchant need not test: it counts for nothing. */
const BEYOND: readonly Reason[] = ['STORE_UNAVAILABLE', 'BODY_TOO_LARGE', 'METHOD_NOT_ALLOWED', 'PATH_UNKNOWN', 'CONTENT_TYPE_UNSUPPORTED', 'BODY_NOT_UTF8', 'BODY_NOT_JSON']

const scenario = (name: string): string => `scenario ${name}`

const OUTCOMES: Readonly<Partial<Record<Reason, string>>> = {
  HEADER_MISSING: 'leave out the header appKey or sign',
  APP_KEY_UNKNOWN: 'send an appKey that no merchant has',
  SIGN_MISMATCH: 'sign with a wrong secret',
  FIELD_MISSING: 'leave out a required field',
  FIELD_INVALID: 'send a field of the wrong form',
  PAY_ACCOUNT_UNKNOWN: 'name a payAccount that the merchant does not have',
  PAY_TYPE_UNKNOWN: 'name a payTypeCode that the account does not have',
  PAY_CHANNEL_UNKNOWN: 'name a payChannelCode that the account does not have',
  TRADE_UUID_TAKEN: 'apply a second time with the same tradeUuid',
  BILL_UNKNOWN: 'cancel a bill that is not there',
  BILL_IDS_DISAGREE: 'cancel with the tradeUuid of one bill and the billCode of another',
  REFUSED_BY_SCENARIO: scenario('apply-refused-once'),
}

const MOVE_BY: Readonly<Record<Move, string>> = {
  pay: `${scenario('pay-after-3s')}, or POST /_sandbox/bills/:id/pay`,
  fail: `${scenario('fail-after-3s')}, or POST /_sandbox/bills/:id/fail`,
  expire: 'advance the clock by 48h, or POST /_sandbox/bills/:id/expire',
  cancel: 'POST /cancel',
  payLate: 'POST /_sandbox/bills/:id/pay {"late":true} after that',
}

const STATES: Readonly<Record<BillStatus, string>> = {
  PAY_WAIT: 'apply for a payment',
  PAY_SUCCESS: MOVE_BY.pay,
  PAY_FAIL: MOVE_BY.fail,
  PAY_CANCEL: MOVE_BY.cancel,
}

const CANCEL_ANSWERS = { SUCCESS: 'cancel a bill that waits', WAIT: scenario('cancel-waits'), FAIL: 'cancel a bill that is paid' } as const satisfies Record<(typeof CANCEL_STATUS)[keyof typeof CANCEL_STATUS], string>

const CODES: Readonly<Record<string, string>> = {
  [ERROR_CODE.expired]: MOVE_BY.expire,
  [ERROR_CODE.alreadyPaid]: 'cancel a bill that is paid',
  [ERROR_CODE.alreadyFailed]: 'cancel a bill that has failed',
  INSUFFICIENT_BALANCE: scenario('decline-insufficient-balance'),
  SUSPECTED_FRAUDULENT: scenario('decline-suspected-fraud'),
}

const SIGNATURES: Readonly<Record<string, string>> = { wrong: scenario('forged-success'), missing: scenario('unsigned-success') }

const CONDITIONS: Readonly<Record<string, string>> = {
  'acknowledged-at-once': 'answer a notification with 200',
  'acknowledged-after-retry': 'answer 500 first and 200 to the retry, and advance the clock',
  'given-up': 'never answer with 2xx, and advance the clock past the last retry',
  'answered-3xx': 'answer a notification with a redirect',
  'answered-4xx': 'answer a notification with 4xx',
  'answered-5xx': 'answer a notification with 5xx',
  'answered-success-false': 'answer 200 with {"success":false}',
  'no-connection': 'be down when a notification comes',
  'timed-out': 'answer a notification later than --notify-timeout',
  'duplicate': scenario('notified-twice'),
  'replayed': scenario('stale-replay'),
  'late': scenario('notified-late'),
  'lost': scenario('notified-at-third-attempt'),
  'early': scenario('notified-before-answer'),
  'out-of-order': scenario('notified-in-wrong-order'),
  'slow': scenario('notified-slowly'),
  'untrue': scenario('forged-success'),
  'resent-by-hand': 'POST /_sandbox/notifications/:id/resend',
  'unaddressed': 'let a bill of a merchant without notifyUrl be paid',
}

const BODIES: Readonly<Record<string, string>> = {
  'pretty-printed': scenario('notified-pretty-printed'),
  'reordered': scenario('notified-reordered'),
  'extra-fields': scenario('notified-with-extra-fields'),
  'tampered': scenario('tampered-failure'),
}

const FAULTS: Readonly<Record<string, string>> = {
  'connection-reset': scenario('apply-answer-lost'),
  'hang': scenario('apply-hangs'),
  'http-504': scenario('apply-gateway-timeout'),
  'truncated-json': scenario('apply-answer-truncated'),
  'http-500': scenario('apply-fails-once'),
  'http-503': scenario('gateway-down'),
  'http-502': scenario('query-gateway-down'),
  'not-json': scenario('apply-answer-is-a-page'),
}

const items = (names: readonly string[], how: (name: string) => string): Item[] => names.map((name) => ({ name, how: how(name) }))

/** Everything that there is to exercise, from the same tables that make it happen. */
export const GROUPS: readonly Group[] = [
  { name: 'endpoints', title: 'Endpoints', items: items(OPERATIONS, (name) => `POST /${name}`) },
  {
    name: 'outcomes',
    title: 'Outcomes of requests',
    items: [
      { name: 'accepted', how: 'send a request that is in order' },
      ...items((Object.keys(REASONS) as Reason[]).filter((reason) => !BEYOND.includes(reason)), (reason) => OUTCOMES[reason as Reason] ?? ''),
    ],
  },
  { name: 'states', title: 'States of bills', items: items(Object.values(STATUS), (name) => STATES[name as BillStatus]) },
  {
    name: 'transitions',
    title: 'Transitions',
    items: Object.entries(TRANSITIONS).flatMap(([from, moves]) =>
      MOVES.flatMap((move) => {
        const to = (moves as Partial<Record<Move, string>>)[move]
        return to === undefined ? [] : [{ name: moveName(from, move, to), how: MOVE_BY[move] }]
      })),
  },
  { name: 'cancel-answers', title: 'Answers to /cancel', items: items(Object.values(CANCEL_STATUS), (name) => CANCEL_ANSWERS[name as keyof typeof CANCEL_ANSWERS]) },
  {
    name: 'error-codes',
    title: 'Error codes',
    items: items([...new Set([...PAYMENT_ERROR_CODES, ...Object.values(ERROR_CODE)])], (code) => CODES[code] ?? `POST /_sandbox/bills/:id/fail {"errorCode":"${code}"}`),
  },
  { name: 'faults', title: 'Faults on the wire', items: items(FAULT_NAMES, (name) => FAULTS[name] ?? `a scenario with on.apply: [{ fault: ${name} }]`) },
  {
    name: 'notifications',
    title: 'Notifications',
    items: [
      ...items(Object.keys(CONDITIONS), (name) => CONDITIONS[name] ?? ''),
      ...items(SIGNATURE_FORM_NAMES.filter((form) => form !== 'valid'), (form) => SIGNATURES[form] ?? '').map(({ name, how }) => ({ name: `signature-${name}`, how })),
      ...items(BODY_FORM_NAMES.filter((form) => form !== 'intact'), (form) => BODIES[form] ?? `POST /_sandbox/bills/:id/notify {"body":"${form}"}`).map(({ name, how }) => ({ name: `body-${name}`, how })),
    ],
  },
]
