import { closest } from '../nearest.ts'

interface ObjectSchema {
  properties?: Record<string, ObjectSchema>
  items?: ObjectSchema
}

/**
 * Finds the fields of a request that QLink does not know. They are accepted and ignored (CONTRACT §1), so a slip of
 * the pen in an optional field would go unnoticed but for these warnings.
 *
 * @param value the request body
 * @param schema the schema of the request
 * @returns one sentence for each, with the nearest known name where one is near
 */
export function unknownFields(value: unknown, schema: object, path = ''): string[] {
  const { properties, items } = schema as ObjectSchema
  if (Array.isArray(value) && items !== undefined) {
    return value.flatMap((entry, index) => unknownFields(entry, items, `${path}[${index}]`))
  }
  if (properties === undefined || typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => {
    const here = path === '' ? key : `${path}.${key}`
    const known = properties[key]
    if (known !== undefined && Object.hasOwn(properties, key)) return unknownFields(child, known, here)
    const near = closest(key, Object.keys(properties))
    return [`${here} is not a field of QLink and is ignored${near === undefined ? '' : `; did you mean ${near}?`}`]
  })
}
