import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { MERCHANTS_FILE, readMerchants } from './merchants.ts'
import { fingerprint, PREPARED_FILE } from './prepared.ts'
import { scenarioFiles } from './scenarios.ts'

/**
 * Reads and checks the shipped files, and keeps what they hold beside the built code; writes the JSON Schema of
 * scenarios for editors. The build calls it.
 *
 * @throws UsageError where one of them is not in order
 */
export async function prepare(fixtures: string, scenarios: string, schemas: string): Promise<void> {
  const { parseScenario } = await import('../scenario/parse.ts')
  const prepared: Record<string, unknown> = {}
  const merchants = await readFile(join(fixtures, MERCHANTS_FILE), 'utf8')
  prepared[fingerprint(MERCHANTS_FILE, merchants)] = await readMerchants(merchants, MERCHANTS_FILE)
  for (const name of await scenarioFiles(scenarios, [])) {
    const text = await readFile(join(scenarios, name), 'utf8')
    const { scenario, problems = [] } = parseScenario(text, name, name.slice(0, -extname(name).length))
    if (scenario === undefined) throw new Error(problems.join('\n'))
    prepared[fingerprint(name, text)] = scenario
  }
  await writeFile(PREPARED_FILE, JSON.stringify(prepared))
  const { scenarioJsonSchemaText } = await import('../scenario/json-schema.ts')
  await mkdir(schemas, { recursive: true })
  await writeFile(join(schemas, 'scenario.json'), scenarioJsonSchemaText())
}
