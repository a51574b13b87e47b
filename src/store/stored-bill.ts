import { Type } from '@sinclair/typebox'
import { STATUS } from '../contract/states.ts'
import { Scenario } from '../scenario/schema.ts'

/**
 * What a bill in a data file must be like for the sandbox to go on with it. It describes the type Bill to those who
 * may find the file changed by hand or cut off; what is there beyond it is kept.
 */

const time = Type.Number()
const maybeTime = Type.Union([Type.Number(), Type.Null()])
const status = Type.Unsafe({ type: 'string', enum: Object.values(STATUS) })
const index = Type.Integer({ minimum: 0 })

const Due = Type.Union([
  Type.Object({ at: time, what: Type.Literal('expire') }),
  Type.Object({ at: time, what: Type.Literal('step'), step: index }),
  Type.Object({ at: time, what: Type.Literal('attempt'), notification: index }),
  Type.Object({ at: time, what: Type.Literal('copy'), notification: index, copy: index }),
  Type.Object({ what: Type.Literal('query-step'), step: index, left: Type.Integer({ minimum: 1 }) }),
])

const Attempt = Type.Object({
  at: time,
  trigger: Type.String(),
  url: Type.String(),
  durationMs: Type.Number(),
  acknowledged: Type.Boolean(),
  answer: Type.Optional(Type.Object({ status: Type.Integer(), headers: Type.Record(Type.String(), Type.String()), body: Type.String() })),
  error: Type.Optional(Type.String()),
})

const length = Type.Optional(Type.Number({ minimum: 0 }))

const Manner = Type.Object({
  notBefore: Type.Optional(time),
  copies: Type.Optional(index),
  gap: length,
  together: Type.Optional(Type.Boolean()),
  replay: length,
  lose: Type.Optional(Type.Union([index, Type.Null()])),
  slow: length,
  apart: Type.Optional(Type.Boolean()),
  reversed: Type.Optional(Type.Boolean()),
  retry: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
})

const Notification = Type.Object({
  id: Type.String(),
  status,
  createdAt: time,
  body: Type.String(),
  sign: Type.String(),
  state: Type.Unsafe({ type: 'string', enum: ['pending', 'acknowledged', 'given-up', 'unaddressed'] }),
  attempts: Type.Array(Attempt),
  manner: Type.Optional(Manner),
})

export const StoredBill = Type.Object({
  billCode: Type.String(),
  appKey: Type.String(),
  tradeUuid: Type.String(),
  orderCode: Type.String(),
  paymentRequestId: Type.String(),
  actionValue: Type.String(),
  currency: Type.String(),
  amount: Type.String(),
  request: Type.String(),
  createdAt: time,
  status,
  cancelling: Type.Boolean(),
  payTime: maybeTime,
  cancelTime: maybeTime,
  errorCode: Type.String(),
  scenario: Scenario,
  paidAmount: Type.Optional(Type.String()),
  cancelAttempts: Type.Integer(),
  applyAttempts: Type.Optional(index),
  queries: Type.Optional(index),
  events: Type.Array(Type.Object({ at: time, what: Type.String(), by: Type.String() }), { minItems: 1 }),
  due: Type.Array(Due),
  notifications: Type.Array(Notification),
})
