import { Scenario } from './schema.ts'

/** What only this house's own check reads. */
const OWN_KEYWORDS = ['x-expected']

/**
 * The JSON Schema of scenario files, for editors and other people's tools: draft-07, which every editor knows. It says
 * what may stand where; what parts mean together, `scenarios check` looks at.
 */
export function scenarioJsonSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:qlink-sandbox:scenario',
    ...(plain(Scenario) as object),
    description: 'What becomes of a bill, how the endpoints answer about it, and how the merchant is told. One scenario a file, called as the file is.',
  }
}

/** The file that ships, as text. */
export function scenarioJsonSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`
}

function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !OWN_KEYWORDS.includes(key)).map(([key, value]) => [key, plain(value)]))
}
