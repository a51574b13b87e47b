import type { Merchant } from './schema.ts'

/**
 * Reads the scenario that is written out among a merchant's fields, if one is; what checks it is loaded only then.
 *
 * @returns the fields with the scenario as it is kept, or what is wrong with it
 */
export async function withOwnScenario<T extends Partial<Merchant>>(fields: T): Promise<{ fields: T; problems: string[] }> {
  if (typeof fields.scenario !== 'object') return { fields, problems: [] }
  const { readOwnScenario } = await import('../scenario/own.ts')
  const { scenario, problems } = readOwnScenario(fields.scenario)
  return problems === undefined ? { fields: { ...fields, scenario }, problems: [] } : { fields, problems }
}
