import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { merchantFaults, type Merchant } from '../merchant/merchant.ts'
import { withOwnScenario } from '../merchant/own-scenario.ts'
import { preparedFor } from './prepared.ts'
import { readText } from './read-file.ts'

export const MERCHANTS_FILE = 'merchants.json'

/**
 * Reads `merchants.json` from a directory of fixtures (INTERFACE §2).
 *
 * @throws UsageError with a line for each thing that is wrong: file, path inside, what was expected
 */
export async function loadMerchants(directory: string, scenarioExists: (name: string) => boolean): Promise<Merchant[]> {
  const file = join(directory, MERCHANTS_FILE)
  const { text, problem } = await readText(file)
  if (problem !== undefined) throw new UsageError([`the merchants cannot be read from ${file}: ${problem}; name a directory with a ${MERCHANTS_FILE} by --fixtures`])
  const given = ((await preparedFor(MERCHANTS_FILE, text)) as Merchant[] | undefined) ?? await readMerchants(text, file)
  const read = await Promise.all(given.map(withOwnScenario))
  const merchants = read.map(({ fields }) => fields)
  const problems = merchants.flatMap((merchant, index) => [
    ...(read[index]?.problems ?? []).map((problem) => `${file}: [${index}].${problem}`),
    ...merchantFaults(merchant, scenarioExists).map((fault) => `${file}: [${index}].${fault}`),
    ...(merchants.findIndex((other) => other.appKey === merchant.appKey) < index ? [`${file}: [${index}].appKey "${merchant.appKey}" is there twice`] : []),
  ])
  if (problems.length > 0) throw new UsageError(problems)
  return merchants
}

/**
 * Reads merchants and checks each field by itself.
 *
 * @param file how to call it in messages
 * @throws UsageError
 */
export async function readMerchants(text: string, file: string): Promise<Merchant[]> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError([`${file} is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`])
  }
  const [{ MerchantList }, { compileCheck }] = await Promise.all([import('../merchant/schema.ts'), import('../validate.ts')])
  const faults = compileCheck(MerchantList, 'the list of merchants')(value)
  if (faults.length > 0) throw new UsageError(faults.map((fault) => `${file}: ${fault.message}`))
  return value as Merchant[]
}
