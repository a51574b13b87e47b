import { isDeepStrictEqual } from 'node:util'
import { withDue, type Bill } from '../bill/bill.ts'
import type { BillIds } from '../bill/ids.ts'
import { qrisText } from '../bill/qris.ts'
import { checkApply } from '../contract/apply-rules.ts'
import { narrowed, readExact } from '../contract/json.ts'
import type { ApplyAnswer, ApplyRequest } from '../contract/schemas.ts'
import { QRIS_CHANNEL, STATUS } from '../contract/states.ts'
import { Refusal } from '../errors.ts'
import { stepsFromApply } from '../scenario/timeline.ts'
import type { Scenario } from '../scenario/schema.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { tellEarly } from './due.ts'
import { findAccount } from './pay-account.ts'
import { answeredBy, conductOf, entryFor, refusedBy, type Answered } from './reactions.ts'
import { chooseScenario } from './scenario-choice.ts'
import { chanceOf, commit, moved, withSteps, type World } from './world.ts'

/** An application as the edge hands it on: signature and fields checked. */
export interface Application {
  request: ApplyRequest
  /** The body as it arrived. */
  text: string
  /** The header that names a scenario, if it was sent. */
  scenarioHeader: string | undefined
}

/**
 * A merchant applies for a payment (CONTRACT §4).
 *
 * @throws Refusal where QLink refuses: no bill exists then
 */
export async function apply(world: World, merchant: Merchant, application: Application): Promise<Answered<ApplyAnswer>> {
  const { request, text, scenarioHeader } = application
  const amount = checkApply(request, text)
  checkMethods(merchant, request)
  const first = world.store.billByTradeUuid(merchant.appKey, request.tradeUuid)
  if (first !== undefined) return applyAgain(world, merchant, first, text)
  const scenario = chooseScenario(world, merchant, request, amount, scenarioHeader)
  const entries = scenario.on?.apply
  if (entries === undefined) return { answer: await applyFirst(world, merchant, application, amount, scenario) }

  const attempt = world.attempts.next(merchant.appKey, 'apply', request.tradeUuid)
  const reaction = entryFor(entries, attempt)
  const conduct = conductOf(world, reaction, 'apply', merchant.appKey, request.tradeUuid, attempt)
  const refusal = refusedBy(reaction)
  if (refusal !== undefined) return { answer: refusal, conduct }
  const answer = await applyFirst(world, merchant, application, amount, scenario, {
    decline: reaction?.decline,
    ...(entries.length > 1 ? { attempts: attempt + 1 } : {}),
    ...(reaction?.fault === undefined ? {} : { lost: reaction.fault }),
  })
  world.attempts.forget(merchant.appKey, 'apply', request.tradeUuid)
  return { answer, conduct }
}

/** What a scenario says about an application that makes a bill. */
interface Special {
  decline?: string | undefined
  /** How many applications this one makes, where the scenario tells them apart. */
  attempts?: number
  /** The fault that takes the answer away. */
  lost?: string
}

async function applyFirst(world: World, merchant: Merchant, { request, text }: Application, amount: string, scenario: Scenario, { decline, attempts, lost }: Special = {}): Promise<ApplyAnswer> {
  const at = world.times.now(merchant.appKey)
  const { billCode, paymentRequestId } = freshIds(world, merchant.appKey, request.tradeUuid)
  const bill: Bill = {
    billCode,
    appKey: merchant.appKey,
    tradeUuid: request.tradeUuid,
    orderCode: request.orderCode,
    paymentRequestId,
    actionValue: decline === undefined ? actionValue(world, merchant, request, billCode, amount) : '',
    currency: request.currency,
    amount,
    request: narrowed(text),
    createdAt: at,
    status: STATUS.waiting,
    cancelling: false,
    payTime: null,
    cancelTime: null,
    errorCode: '',
    scenario,
    cancelAttempts: 0,
    ...(attempts === undefined ? {} : { applyAttempts: attempts }),
    events: [{ at, what: 'apply', by: 'merchant', to: STATUS.waiting, ...(lost === undefined ? {} : { note: `the answer is lost: ${lost}` }) }],
    due: [],
    notifications: [],
  }
  const steps = stepsFromApply(scenario, at, chanceOf(world, bill))
  const made = decline === undefined
    ? withSteps(withDue(bill, { at: at + world.settings.expireAfter, what: 'expire' }), steps)
    : moved(world, withSteps(bill, steps), 'fail', { at, by: 'scenario', errorCode: decline })
  // The merchant may have been deleted while its request was on the way; its bill would be nobody's.
  if (world.merchants.get(merchant.appKey) === undefined) throw new Refusal('APP_KEY_UNKNOWN', 'the merchant was deleted')
  await commit(world, made)
  if (scenario.notifications?.some(({ early }) => early === true) === true) await tellEarly(world, billCode)
  return answer(made, made.errorCode)
}

function checkMethods(merchant: Merchant, { payAccount, payTypeCode, payChannelCode }: ApplyRequest): void {
  const account = findAccount(merchant, payAccount)
  const codes = (type: string): string[] => account.methods.filter((method) => method.type === type).map((method) => method.code)
  if (!codes('PAY_TYPE').includes(payTypeCode)) {
    throw new Refusal('PAY_TYPE_UNKNOWN', `payTypeCode "${payTypeCode}" is no PAY_TYPE of account ${payAccount}; it has ${list(codes('PAY_TYPE'))}`)
  }
  if (payChannelCode !== undefined && payChannelCode !== '' && !codes('PAY_CHANNEL').includes(payChannelCode)) {
    throw new Refusal('PAY_CHANNEL_UNKNOWN', `payChannelCode "${payChannelCode}" is no PAY_CHANNEL of account ${payAccount}; it has ${list(codes('PAY_CHANNEL'))}`)
  }
}

function list(codes: string[]): string {
  return codes.length === 0 ? 'none' : codes.join(', ')
}

/** A second application with one tradeUuid, which the scenario may have travel otherwise too. */
async function applyAgain(world: World, merchant: Merchant, first: Bill, text: string): Promise<Answered<ApplyAnswer>> {
  const entries = first.scenario.on?.apply
  const attempt = first.applyAttempts ?? 1
  const reaction = entryFor(entries, attempt)
  const conduct = conductOf(world, reaction, 'apply', merchant.appKey, first.tradeUuid, attempt)
  if (attempt < (entries?.length ?? 0)) await commit(world, { ...first, applyAttempts: attempt + 1 }, first)
  else await world.store.settled()
  const refusal = refusedBy(reaction)
  if (refusal !== undefined) return { answer: refusal, conduct }
  return answeredBy(Promise.resolve().then(() => again(merchant, first, text)), conduct)
}

/** A tradeUuid that was used before: refused, or with `duplicate: replay` answered as the first time. */
function again(merchant: Merchant, first: Bill, text: string): ApplyAnswer {
  const replay = merchant.duplicate === 'replay'
  if (replay && isDeepStrictEqual(readExact(text), readExact(first.request))) {
    // Only a bill that was declined at once has nothing for the customer to act on.
    return answer(first, first.actionValue === '' ? (first.events[1]?.errorCode ?? '') : '')
  }
  throw new Refusal(
    'TRADE_UUID_TAKEN',
    replay
      ? `tradeUuid "${first.tradeUuid}" was used before with other fields; only the same application again is answered again`
      : `tradeUuid "${first.tradeUuid}" was used before; each application needs one of its own`,
  )
}

function answer(bill: Bill, errorCode: string): ApplyAnswer {
  return { billCode: bill.billCode, paymentRequestId: bill.paymentRequestId, actionValue: bill.actionValue, errorCode }
}

function actionValue(world: World, merchant: Merchant, request: ApplyRequest, billCode: string, amount: string): string {
  return request.payChannelCode === QRIS_CHANNEL
    ? qrisText({ billCode, amount, merchantName: merchant.name })
    : `${world.publicUrl}/checkout/${billCode}${world.checkoutQuery(billCode)}`
}

function freshIds(world: World, appKey: string, tradeUuid: string): BillIds {
  for (let attempt = 0; ; attempt++) {
    const ids = world.ids.bill(appKey, tradeUuid, attempt)
    if (world.store.bill(ids.billCode) === undefined) return ids
  }
}
