import { Type, type Static } from '@sinclair/typebox'
import { STATUS } from '../contract/states.ts'
import { amountForms, choice, code, span, strict } from './fields.ts'
import { Match } from './match-schema.ts'
import { NotificationRule, Telling } from './notification-schema.ts'
import { Reactions } from './reaction-schema.ts'

const outcome = [STATUS.paid, STATUS.failed, STATUS.cancelled] as const

export const Step = Type.Object(
  {
    after: Type.Optional(span('How long after what `from` names')),
    afterQueries: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'The so-manieth getPayStatus about the bill, counted since what `from` names, sees the change' })),
    from: Type.Optional(choice(['apply', 'cancel', 'previous'] as const, 'Counted from: apply (default), the merchant’s cancel, or the step before')),
    become: Type.Optional(choice(outcome, 'The state that the bill gets')),
    errorCode: Type.Optional(code('Why, for PAY_FAIL')),
    amount: Type.Optional(
      Type.Unsafe<number | string>({ anyOf: amountForms, description: 'The amount that was paid, where it is not the one applied for; for PAY_SUCCESS', 'x-expected': 'an amount such as 1.10' }),
    ),
    notify: Type.Optional(Telling),
  },
  strict,
)

export const Scenario = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
      'x-expected': 'a name of lower-case letters, digits and hyphens',
      description: 'The file’s name without .yaml',
    }),
    description: Type.Optional(Type.String({ maxLength: 2000, description: 'What happens, in a sentence; the shipped ones in English, then / and Chinese' })),
    match: Type.Optional(Match),
    on: Type.Optional(Reactions),
    timeline: Type.Optional(Type.Array(Step, { maxItems: 1000, description: 'What becomes of the bill' })),
    notifications: Type.Optional(Type.Array(NotificationRule, { maxItems: 100, description: 'How the merchant is told; the first entry whose `when` fits' })),
  },
  { ...strict, title: 'A scenario of qlink-sandbox' },
)

/** A named behaviour: what becomes of a bill, how the endpoints answer about it, and how the merchant is told. */
export type Scenario = Static<typeof Scenario>
export type Step = Static<typeof Step>
