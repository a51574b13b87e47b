import type { PayMethod, QueryPayAccountRequest } from '../contract/schemas.ts'
import { Refusal } from '../errors.ts'
import type { Merchant, PayAccount } from '../merchant/merchant.ts'

/** How one of the merchant's accounts can be paid into (CONTRACT §3). */
export function queryPayAccount(merchant: Merchant, { payAccount }: QueryPayAccountRequest): PayMethod[] {
  return findAccount(merchant, payAccount).methods.map(({ serviceProvider = '', type, code, name }) => ({ serviceProvider, type, code, name }))
}

/** @throws Refusal PAY_ACCOUNT_UNKNOWN */
export function findAccount(merchant: Merchant, payAccount: string): PayAccount {
  const account = merchant.payAccounts.find((one) => one.payAccount === payAccount)
  if (account === undefined) throw new Refusal('PAY_ACCOUNT_UNKNOWN', `payAccount "${payAccount}" is no account of this merchant`)
  return account
}
