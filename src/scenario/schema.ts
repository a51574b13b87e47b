import { Type, type Static } from '@sinclair/typebox'
import { CANCEL_STATUS, STATUS } from '../contract/states.ts'

const strict = { additionalProperties: false }

const Duration = Type.String({
  description: 'How long: 500ms, 3s, 15m, 48h, 2d, or ISO 8601 such as PT15M',
  pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d)|P[0-9DTHMS.]+)$',
  'x-expected': 'a duration such as 500ms, 3s, 15m, 48h, 2d or PT15M',
})

const TextMatch = (what: string) =>
  Type.Optional(
    Type.Unsafe<string | string[]>({
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
      description: `${what}: an exact value, a glob (* any text, ? one character), or a list (any of)`,
      'x-expected': 'a text, a glob, or a list of these',
    }),
  )

const Amount = { anyOf: [{ type: 'number' }, { type: 'string', pattern: '^(0|[1-9]\\d*)(\\.\\d+)?$' }] }

const AmountMatch = Type.Optional(
  Type.Unsafe<AmountMatch>({
    anyOf: [
      ...Amount.anyOf,
      { type: 'array', items: Amount, minItems: 1 },
      {
        type: 'object',
        properties: { gt: Amount, gte: Amount, lt: Amount, lte: Amount },
        additionalProperties: false,
        minProperties: 1,
      },
    ],
    description: 'The amount: a value, a list (any of), or bounds { gt, gte, lt, lte }',
    'x-expected': 'an amount, a list of amounts, or bounds { gt, gte, lt, lte }',
  }),
)

/** Amounts are numbers in YAML; quoted ones keep digits that a double cannot hold. */
export type AmountMatch =
  | number
  | string
  | (number | string)[]
  | { gt?: number | string; gte?: number | string; lt?: number | string; lte?: number | string }

export const Match = Type.Object(
  {
    appKey: TextMatch('The merchant'),
    payAccount: TextMatch('The payment account'),
    payTypeCode: TextMatch('The way to pay'),
    payChannelCode: TextMatch('The channel'),
    tradeUuid: TextMatch('The merchant’s id of the payment'),
    orderCode: TextMatch('The order'),
    country: TextMatch('The country'),
    currency: TextMatch('The currency'),
    source: TextMatch('The source'),
    description: TextMatch('The description'),
    amount: AmountMatch,
  },
  { ...strict, minProperties: 1, description: 'Which bills; left out: only when chosen by name' },
)

const outcome = [STATUS.paid, STATUS.failed, STATUS.cancelled] as const

export const Step = Type.Object(
  {
    after: Duration,
    from: Type.Optional(
      Type.Unsafe<'apply' | 'cancel' | 'previous'>({
        type: 'string',
        enum: ['apply', 'cancel', 'previous'],
        description: 'Counted from: apply (default), the merchant’s cancel, or the step before',
      }),
    ),
    become: Type.Unsafe<(typeof outcome)[number]>({ type: 'string', enum: outcome, description: 'The state that the bill gets' }),
    errorCode: Type.Optional(Type.String({ minLength: 1, description: 'Why, for PAY_FAIL' })),
  },
  strict,
)

export const ApplyReaction = Type.Object(
  {
    decline: Type.Optional(Type.String({ minLength: 1, description: 'The provider declines with this error code' })),
    refuse: Type.Optional(Type.String({ minLength: 1, description: 'QLink refuses with this message; no bill is made' })),
  },
  strict,
)

export const CancelReaction = Type.Object(
  {
    answer: Type.Optional(
      Type.Unsafe<(typeof CANCEL_STATUS)[keyof typeof CANCEL_STATUS]>({
        type: 'string',
        enum: Object.values(CANCEL_STATUS),
        description: 'SUCCESS (default); WAIT: settled later by a step from cancel; FAIL, with errorCode',
      }),
    ),
    errorCode: Type.Optional(Type.String({ minLength: 1, description: 'Why, for FAIL' })),
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
    description: Type.Optional(Type.String({ description: 'What happens, in a sentence' })),
    match: Type.Optional(Match),
    on: Type.Optional(
      Type.Object(
        {
          apply: Type.Optional(Type.Array(ApplyReaction, { minItems: 1, maxItems: 1 })),
          cancel: Type.Optional(Type.Array(CancelReaction, { minItems: 1 })),
        },
        { ...strict, description: 'How the endpoints answer about the bill; cancel attempt by attempt, where the last entry stays' },
      ),
    ),
    timeline: Type.Optional(Type.Array(Step, { maxItems: 1000, description: 'What becomes of the bill' })),
  },
  { ...strict, title: 'A scenario of qlink-sandbox' },
)

/** A named behaviour: what becomes of a bill, and how the endpoints answer about it. */
export type Scenario = Static<typeof Scenario>
export type Match = Static<typeof Match>
export type Step = Static<typeof Step>
