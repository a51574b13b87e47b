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
 * @returns one sentence for each of the first ten, with the nearest known name where one is near, and how many more
 */
export function unknownFields(value: unknown, schema: object): string[] {
  const warnings: string[] = []
  let more = 0
  for (const { path, key, known } of walk(value, schema, '')) {
    if (warnings.length === NAMED) {
      more++
      continue
    }
    const near = closest(key, known)
    warnings.push(`${path} is not a field of QLink and is ignored${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
  return more === 0 ? warnings : [...warnings, `and ${more} more`]
}

function* walk(value: unknown, { properties, items }: ObjectSchema, path: string): Generator<{ path: string; key: string; known: string[] }> {
  if (Array.isArray(value) && items !== undefined) {
    for (const [index, entry] of value.entries()) yield* walk(entry, items, `${path}[${index}]`)
  }
  if (properties === undefined || typeof value !== 'object' || value === null) return
  const known = Object.keys(properties)
  for (const [key, child] of Object.entries(value)) {
    const name = key.length <= SHOWN ? key : `${key.slice(0, SHOWN - 1)}…`
    const here = path === '' ? name : `${path}.${name}`
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (schema === undefined) yield { path: here, key, known }
    else yield* walk(child, schema, here)
  }
}
