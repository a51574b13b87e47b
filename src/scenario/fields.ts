import { Type } from '@sinclair/typebox'

/** What the parts of a scenario share. */

export const strict = { additionalProperties: false }

const PATTERN = '^(\\d+(\\.\\d+)?(ms|s|m|h|d)|P[0-9DTHMS.]+)$'
const FORMS = '500ms, 3s, 15m, 48h, 2d, or ISO 8601 such as PT15M'
const EXPECTED = 'a duration such as 500ms, 3s, 15m, 48h, 2d or PT15M'

/** A fixed length of time, or one that the seed chooses between two bounds. */
export type Span = string | { min: string; max: string }

const bound = (description: string) => ({ type: 'string', pattern: PATTERN, description, 'x-expected': EXPECTED })

export const span = (what: string) =>
  Type.Unsafe<Span>({
    anyOf: [
      { type: 'string', pattern: PATTERN },
      {
        type: 'object',
        properties: { min: bound('The least'), max: bound('The most') },
        required: ['min', 'max'],
        additionalProperties: false,
      },
    ],
    description: `${what}: ${FORMS}; or { min, max }, between which the seed chooses`,
    'x-expected': `${EXPECTED}, or { min, max }`,
  })

export const duration = (what: string) => Type.String({ description: `${what}: ${FORMS}`, pattern: PATTERN, 'x-expected': EXPECTED })

export const choice = <T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description })

export const code = (description: string) => Type.String({ minLength: 1, maxLength: 128, description })

/** An amount in plain decimals. A number in YAML, or quoted where it has digits that a double cannot hold. */
export const amountForms = [{ type: 'number' }, { type: 'string', pattern: '^(0|[1-9]\\d*)(\\.\\d+)?$' }]
