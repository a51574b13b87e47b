import { Type, type Static, type TProperties } from '@sinclair/typebox'
import { CANCEL_STATUS } from '../contract/states.ts'
import { FAULT_NAMES, FAULTS } from '../fault/wire/table.ts'
import { choice, code, span, strict } from './fields.ts'

const described = Object.entries(FAULTS).map(([name, { description }]) => `${name}: ${description.split(' / ')[0] ?? ''}`)

const effect = Type.Optional(
  choice(['kept', 'none'] as const, 'What a fault leaves behind. kept (default): what was asked for was done, only the answer is lost; none: nothing happened'),
)

const conduct = {
  delay: Type.Optional(span('How long the answer takes, in real time')),
  fault: Type.Optional(choice(FAULT_NAMES, `Trouble on the wire in the place of the answer. ${described.join(' ')}`)),
  refuse: Type.Optional(Type.String({ minLength: 1, description: 'QLink refuses with this message, and nothing happens' })),
}

const attempts = <T extends TProperties>(what: string, properties: T) =>
  Type.Optional(Type.Array(Type.Object(properties, strict), { minItems: 1, maxItems: 1000, description: `${what}, attempt by attempt; the last entry stays` }))

/** How the four endpoints answer, attempt by attempt. */
export const Reactions = Type.Object(
  {
    queryPayAccount: attempts('How /queryPayAccount answers a merchant whose scenario this is', conduct),
    apply: attempts('How /apply answers', {
      ...conduct,
      effect,
      decline: Type.Optional(code('The provider declines with this error code, and the bill is PAY_FAIL')),
    }),
    getPayStatus: attempts('How /getPayStatus answers about the bill', {
      ...conduct,
      effect,
      lag: Type.Optional(span('The answer tells of the bill as it was so long ago; of one that was not there yet, nothing')),
    }),
    cancel: attempts('How /cancel answers', {
      ...conduct,
      effect,
      answer: Type.Optional(choice(Object.values(CANCEL_STATUS), 'SUCCESS (default); WAIT: settled later, by the next attempt or a step from cancel; FAIL, with errorCode')),
      errorCode: Type.Optional(code('Why, for FAIL')),
    }),
  },
  { ...strict, minProperties: 1, description: 'How the endpoints answer about the bill' },
)

export type Reactions = Static<typeof Reactions>

/** One attempt's entry, of whichever endpoint. */
export type Reaction = NonNullable<Reactions['apply']>[number] & NonNullable<Reactions['getPayStatus']>[number] & NonNullable<Reactions['cancel']>[number]
