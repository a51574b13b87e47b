import type { Static } from '@sinclair/typebox'
import type { CoverageAnswer } from '../http/control/coverage-schemas.ts'
import type * as journal from '../http/control/journal-schemas.ts'
import type * as schemas from '../http/control/schemas.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { Scenario } from '../scenario/schema.ts'

/** What the sandbox tells, in the words of its OpenAPI document: the same schemas. */
export type BillView = Static<typeof schemas.BillView>
export type BillDetail = Static<typeof schemas.BillDetail>
export type NotificationView = Static<typeof schemas.NotificationView>
export type RequestView = Static<typeof journal.RequestView>
export type ClockView = Static<typeof schemas.ClockAnswer>
export type Advanced = Static<typeof schemas.AdvanceAnswer>
export type MerchantView = Static<typeof schemas.MerchantAnswer>
export type ProbeView = Static<typeof schemas.ProbeAnswer>
export type CoverageView = Static<typeof CoverageAnswer>
export type { Merchant, Scenario }

type Filter<Query> = Omit<Query, 'limit' | 'cursor' | 'appKey' | 'count' | 'timeout'>

export type BillFilter = Filter<Static<typeof schemas.BillQuery>>
export type NotificationFilter = Filter<Static<typeof schemas.NotificationQuery>>
export type RequestFilter = Filter<Static<typeof journal.RequestQuery>>

/** How long to wait. */
export interface Patience {
  /** A duration in real time, such as `5s`; 10 seconds where left out, at most ten minutes. */
  timeout?: string
}

/** Until how many of the kind are there. */
export interface Counted extends Patience {
  /** 1 where left out. */
  count?: number
}

export type BillWait = Filter<Static<typeof journal.BillWait>> & Counted
export type NotificationWait = Filter<Static<typeof journal.NotificationWait>> & Counted
export type RequestWait = Filter<Static<typeof journal.RequestWait>> & Counted

/** A notification to send by hand. */
export type Telling = Static<typeof schemas.Notify>

/** The fields of a merchant to make: all may be left out. */
export interface MerchantFields extends Static<typeof schemas.MerchantCreate> {
  /** Where its notifications go: its URL becomes `notifyUrl`, and it verifies this merchant's signatures. */
  endpoint?: { readonly url: string; trust(merchant: { appKey: string; appSecret: string }): unknown }
}
