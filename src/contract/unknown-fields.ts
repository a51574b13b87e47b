import type { NearMiss } from '../errors.ts'
import { closest } from '../nearest.ts'

interface ObjectSchema {
  properties?: Record<string, ObjectSchema>
  items?: ObjectSchema
}

/** How many are named, and how much of each name is shown. */
const NAMED = 10
const SHOWN = 60

/**
 * Finds the fields of a request that QLink does not know. They are accepted and ignored (CONTRACT §1), so a slip of
 * the pen in an optional field would go unnoticed but for these warnings.
 *
 * @param value the request body
 * @param schema the schema of the request
 * @returns a warning for each of the first ten, with the nearest known name where one is near, and how many more
 */
export function unknownFields(value: unknown, schema: object): FieldWarning[] {
  const found: Unknown[] = []
  walk(value, schema, '', found)
  if (found.length === 0) return NONE
  const warnings = found.slice(0, NAMED).map(({ path, key, known }): FieldWarning => {
    const near = closest(key, known)
    const message = `${path} is not a field of QLink and is ignored`
    return near === undefined ? { message } : { message: `${message}; did you mean ${near}?`, nearMiss: { what: 'field', sent: path, meant: near } }
  })
  return found.length <= NAMED ? warnings : [...warnings, { message: `and ${found.length - NAMED} more` }]
}

/** What a merchant's developer should know of a request that was accepted. */
export interface FieldWarning {
  readonly message: string
  readonly nearMiss?: NearMiss
}

const NONE: FieldWarning[] = []

interface Unknown {
  path: string
  key: string
  known: string[]
}

function walk(value: unknown, { properties, items }: ObjectSchema, path: string, found: Unknown[]): void {
  if (Array.isArray(value) && items !== undefined) {
    for (const [index, entry] of value.entries()) walk(entry, items, `${path}[${index}]`, found)
  }
  if (properties === undefined || typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined
    // Most fields are known and have nothing inside: this is done for every request.
    if (schema !== undefined && schema.properties === undefined && schema.items === undefined) continue
    const name = key.length <= SHOWN ? key : `${key.slice(0, SHOWN - 1)}…`
    const here = path === '' ? name : `${path}.${name}`
    if (schema === undefined) found.push({ path: here, key, known: Object.keys(properties) })
    else walk((value as Record<string, unknown>)[key], schema, here, found)
  }
}
