import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { closest } from './nearest.ts'

/** One thing that is wrong with a value, said in a sentence that names the place by its path. */
export interface Fault {
  /** Where: `items[0].quantity`; empty for the value itself. */
  path: string
  /** The same as a list of keys and positions. */
  segments: string[]
  /** True where something required is absent or empty, false where what is there will not do. */
  missing: boolean
  /** `items[0].quantity must be a number, but is a list` */
  message: string
}

export type Check = (value: unknown) => Fault[]

// Values are shown as they came: nothing is coerced, dropped or filled in (CONTRACT: a sandbox shows mistakes, it
// does not repair them). `verbose` hands each error the schema and the value, for the sentence.
const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, messages: false, keywords: ['x-expected', 'x-fixed', 'example'] })

/**
 * Compiles a schema into a check that answers in sentences.
 *
 * A schema may carry `x-expected`, a few words for what fits where the keywords alone would not tell a person
 * (`an amount such as 1.10`). One of an object may carry `x-fixed`: by name, what to say of fields that are known but
 * have no place there.
 *
 * @param schema a JSON Schema, usually made with TypeBox
 * @param root how to call the value itself, e.g. `the request body`
 */
export function compileCheck(schema: object, root = 'the value'): Check {
  // Compiled when first used: most are never used in a run, and compiling is what costs.
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= ajv.compile(schema)
    if (validate(value)) return []
    return describe(validate.errors ?? [], root)
  }
}

function describe(errors: ErrorObject[], root: string): Fault[] {
  // Where a choice says what fits, the type says nothing more.
  const chosen = new Set(errors.filter((error) => error.keyword === 'enum').map((error) => error.instancePath))
  const own = outermost(errors, '').filter((error) => !(error.keyword === 'type' && chosen.has(error.instancePath)))
  return own.map((error) => {
    const segments = toSegments(error.instancePath)
    const params = error.params as Record<string, unknown>
    const fault = (at: string[], missing: boolean, complaint: string): Fault => {
      const path = at.reduce(join, '')
      return { path, segments: at, missing, message: `${path === '' ? root : path} ${complaint}` }
    }
    switch (error.keyword) {
      case 'required':
        return fault([...segments, String(params['missingProperty'])], true, 'is missing')
      case 'additionalProperties': {
        const extra = String(params['additionalProperty'])
        const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
        const fixed = (error.parentSchema?.['x-fixed'] as Record<string, string> | undefined) ?? {}
        if (Object.hasOwn(fixed, extra)) return fault([...segments, extra], false, String(fixed[extra]))
        const near = closest(extra, known)
        return fault([...segments, extra], false, `is not known here${near === undefined ? `; ${either(known)} would be` : `; did you mean ${near}?`}`)
      }
      case 'minProperties': {
        const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
        return fault(segments, true, `is empty; leave it out, or give it ${either(known)}`)
      }
      case 'minLength':
        if (error.data === '') return fault(segments, true, 'is empty')
        break
      case 'minItems':
        if ((error.data as unknown[]).length === 0) return fault(segments, true, 'is empty')
        break
      default:
    }
    return fault(segments, false, complaint(error, params))
  })
}

const BRANCHES = '/anyOf/'
/** By these a branch is not meant at all, where they are about the value itself. */
const NOT_MEANT = ['type', 'const', 'enum', 'pattern']

/**
 * What an anyOf's branches say is noise beside what the anyOf itself says, unless the value is an object or a list that
 * one of them is plainly meant by: then what is wrong inside is what helps.
 *
 * @param within the schema path under which to look
 */
function outermost(errors: ErrorObject[], within: string): ErrorObject[] {
  const here = errors.filter(({ schemaPath }) => schemaPath.startsWith(within) && !schemaPath.slice(within.length).includes(BRANCHES))
  return here.flatMap((error) => {
    if (error.keyword !== 'anyOf' || typeof error.data !== 'object' || error.data === null) return [error]
    const inside = errors.filter(({ schemaPath, instancePath }) =>
      schemaPath.startsWith(`${error.schemaPath}/`) && (instancePath === error.instancePath || instancePath.startsWith(`${error.instancePath}/`)))
    const branchOf = ({ schemaPath }: ErrorObject): string => /^\d+/.exec(schemaPath.slice(error.schemaPath.length + 1))?.[0] ?? ''
    const others = new Set(inside.filter(({ keyword, instancePath }) => instancePath === error.instancePath && NOT_MEANT.includes(keyword)).map(branchOf))
    const meant = inside.filter((one) => !others.has(branchOf(one)))
    const [branch] = meant.map(branchOf)
    return branch === undefined ? [error] : outermost(meant.filter((one) => branchOf(one) === branch), `${error.schemaPath}/${branch}/`)
  })
}

function complaint(error: ErrorObject, params: Record<string, unknown>): string {
  const expected = (error.parentSchema as { 'x-expected'?: string } | undefined)?.['x-expected']
  if (expected !== undefined) return `must be ${expected}, but is ${show(error.data)}`
  switch (error.keyword) {
    case 'type':
      return `must be ${typeName(params['type'])}, but is ${kind(error.data)}`
    case 'maxLength':
      return `is ${characters(error.data)} characters long; at most ${String(params['limit'])} are allowed`
    case 'minLength':
      return `is ${characters(error.data)} characters long; at least ${String(params['limit'])} are needed`
    case 'maxItems':
      return `has ${(error.data as unknown[]).length} entries; at most ${String(params['limit'])} are allowed`
    case 'enum':
      return `must be ${either(params['allowedValues'] as unknown[])}, but is ${show(error.data)}`
    case 'const':
      return `must be ${show(params['allowedValue'])}, but is ${show(error.data)}`
    case 'anyOf':
      return `must be ${either(constants(error.parentSchema))}, but is ${show(error.data)}`
    case 'minimum':
    case 'exclusiveMinimum':
    case 'maximum':
    case 'exclusiveMaximum':
      return `must be ${String(params['comparison'])} ${String(params['limit'])}, but is ${show(error.data)}`
    default:
      return `does not fit (${error.keyword} ${JSON.stringify(params)})`
  }
}

/** Code points, as JSON Schema counts them. */
function characters(value: unknown): number {
  return Array.from(String(value)).length
}

function constants(schema: unknown): unknown[] {
  const branches = (schema as { anyOf?: { const?: unknown; type?: string }[] } | undefined)?.anyOf ?? []
  return branches.map((branch) => branch.const ?? branch.type)
}

/** Ajv's `/items/0/quantity`, taken apart. */
function toSegments(pointer: string): string[] {
  return pointer.split('/').slice(1).map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** As people write it: `items[0].quantity`. */
function join(path: string, segment: string): string {
  if (/^\d+$/.test(segment)) return `${path}[${segment}]`
  return path === '' ? segment : `${path}.${segment}`
}

function typeName(type: unknown): string {
  const names = (Array.isArray(type) ? type : [type]) as string[]
  return names.map((name) => ({ array: 'a list', object: 'an object', integer: 'a whole number', null: 'null' })[name] ?? `a ${name}`).join(' or ')
}

function kind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

/** A value short enough for a sentence. */
function show(value: unknown): string {
  if (typeof value === 'object' || value === undefined) return kind(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number too large'
  const text = JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}

function either(values: unknown[]): string {
  const names = values.map((value) => String(value))
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
