import { Type, type Static } from '@sinclair/typebox'
import { amountForms, strict } from './fields.ts'

const text = (what: string) =>
  Type.Optional(
    Type.Unsafe<string | string[]>({
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
      description: `${what}: an exact value, a glob (* any text, ? one character), or a list (any of)`,
      'x-expected': 'a text, a glob, or a list of these',
    }),
  )

const amount = (description: string) => ({ anyOf: amountForms, description, 'x-expected': 'an amount such as 1.10' })

/** Amounts are numbers in YAML; quoted ones keep digits that a double cannot hold. */
export type AmountMatch =
  | number
  | string
  | (number | string)[]
  | { gt?: number | string; gte?: number | string; lt?: number | string; lte?: number | string }

export const Match = Type.Object(
  {
    appKey: text('The merchant'),
    payAccount: text('The payment account'),
    payTypeCode: text('The way to pay'),
    payChannelCode: text('The channel'),
    tradeUuid: text('The merchant’s id of the payment'),
    orderCode: text('The order'),
    country: text('The country'),
    currency: text('The currency'),
    source: text('The source'),
    description: text('The description'),
    amount: Type.Optional(
      Type.Unsafe<AmountMatch>({
        anyOf: [
          ...amountForms,
          { type: 'array', items: amount('One of the amounts'), minItems: 1 },
          { type: 'object', properties: { gt: amount('More than this'), gte: amount('This or more'), lt: amount('Less than this'), lte: amount('This or less') }, additionalProperties: false, minProperties: 1 },
        ],
        description: 'The amount: a value, a list (any of), or bounds { gt, gte, lt, lte }',
        'x-expected': 'an amount, a list of amounts, or bounds { gt, gte, lt, lte }',
      }),
    ),
  },
  { ...strict, minProperties: 1, description: 'Which bills; left out: only when chosen by name' },
)

export type Match = Static<typeof Match>
