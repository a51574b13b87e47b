import type { PayMethod, QueryPayAccountRequest } from '../contract/schemas.ts'
import { Refusal } from '../errors.ts'
import type { Merchant, PayAccount } from '../merchant/merchant.ts'
import { conductOf, entryFor, refusedBy, type Answered } from './reactions.ts'
import { scenarioOfAccount } from './scenario-choice.ts'
import type { World } from './world.ts'

/** How one of the merchant's accounts can be paid into (CONTRACT §3). */
export function queryPayAccount(world: World, merchant: Merchant, { payAccount }: QueryPayAccountRequest, scenarioHeader: string | undefined): Answered<PayMethod[]> {
  const { methods } = findAccount(merchant, payAccount)
  const answer = methods.map(({ serviceProvider = '', type, code, name }) => ({ serviceProvider, type, code, name }))
  const { name, on } = scenarioOfAccount(world, merchant, payAccount, scenarioHeader)
  if (on?.queryPayAccount === undefined) return { answer }
  const attempt = world.attempts.next(merchant.appKey, 'queryPayAccount', name)
  const reaction = entryFor(on.queryPayAccount, attempt)
  return { answer: refusedBy(reaction) ?? answer, conduct: conductOf(world, reaction, 'queryPayAccount', merchant.appKey, attempt) }
}

/** @throws Refusal PAY_ACCOUNT_UNKNOWN */
export function findAccount(merchant: Merchant, payAccount: string): PayAccount {
  const account = merchant.payAccounts.find((one) => one.payAccount === payAccount)
  if (account === undefined) throw new Refusal('PAY_ACCOUNT_UNKNOWN', `payAccount "${payAccount}" is no account of this merchant`)
  return account
}
