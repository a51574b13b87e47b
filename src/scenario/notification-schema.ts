import { Type, type Static } from '@sinclair/typebox'
import { STATUS } from '../contract/states.ts'
import { BODY_FORM_NAMES, BODY_FORMS } from '../fault/body/table.ts'
import { SIGNATURE_FORM_NAMES, SIGNATURE_FORMS } from '../fault/signature/table.ts'
import { choice, code, duration, span, strict } from './fields.ts'

const each = (forms: Record<string, { description: string }>): string =>
  Object.entries(forms).map(([name, { description }]) => `${name}: ${description.split(' / ')[0] ?? ''}`).join(' ')

/** How one notification is written and sent: what a rule and a step can both say. */
const manner = {
  copies: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'How often it is sent in all, although once would do' })),
  gap: Type.Optional(duration('How long after one copy the next is sent; one directly after the other where left out')),
  together: Type.Optional(Type.Boolean({ description: 'All copies at the same instant' })),
  sign: Type.Optional(choice(SIGNATURE_FORM_NAMES, each(SIGNATURE_FORMS))),
  body: Type.Optional(choice(BODY_FORM_NAMES, each(BODY_FORMS))),
  slow: Type.Optional(duration('How long the sending of one body takes, in real time: it trickles')),
}

/** How the merchant is told of a change. */
export const NotificationRule = Type.Object(
  {
    when: Type.Optional(choice(Object.values(STATUS).filter((status) => status !== STATUS.waiting), 'For notifications of this state; left out: any')),
    delay: Type.Optional(span('How long after the change it is sent first')),
    ...manner,
    replay: Type.Optional(span('The same once more, so long after it was sent first: stale by then')),
    lose: Type.Optional(
      Type.Unsafe<number | 'all'>({
        anyOf: [{ type: 'integer', minimum: 1, maximum: 1000 }, { const: 'all' }],
        description: 'The first N are never sent, and count as attempts without an answer; all for none ever',
        'x-expected': 'a whole number of 1 or more, or all',
      }),
    ),
    early: Type.Optional(Type.Boolean({ description: 'Sent, and answered, before /apply has answered' })),
    order: Type.Optional(choice(['kept', 'reversed'] as const, 'kept (default), or reversed: held back until the timeline is over, then the newest first')),
    retry: Type.Optional(
      Type.Unsafe<string | string[]>({
        anyOf: [{ type: 'string', minLength: 1 }, { type: 'array', items: { type: 'string' }, maxItems: 100 }],
        description: 'How an attempt that is not acknowledged is repeated: a preset’s name, or the waits between attempts; the merchant’s own where left out',
        'x-expected': 'a retry preset or a list of durations',
      }),
    ),
  },
  strict,
)

/** A notification that a step sends although nothing changed: a forgery, an old one, one that contradicts the bill. */
export const Telling = Type.Object(
  {
    status: Type.Optional(choice(Object.values(STATUS), 'The state that it tells of; the bill’s own where left out')),
    errorCode: Type.Optional(code('The error code that it tells of, with PAY_FAIL')),
    ...manner,
  },
  { ...strict, description: 'Sends a notification, once and without retries, and changes nothing' },
)

export type NotificationRule = Static<typeof NotificationRule>
export type Telling = Static<typeof Telling>
