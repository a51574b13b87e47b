import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { UsageError } from '../errors.ts'
import { Merchant, merchantFaults } from '../merchant/merchant.ts'
import { compileCheck } from '../validate.ts'
import { readText } from './read-file.ts'

const check = compileCheck(Type.Array(Merchant, { minItems: 1 }), 'the list of merchants')

/**
 * Reads `merchants.json` from a directory of fixtures (INTERFACE §2).
 *
 * @throws UsageError with a line for each thing that is wrong: file, path inside, what was expected
 */
export async function loadMerchants(directory: string, scenarioExists: (name: string) => boolean): Promise<Merchant[]> {
  const file = join(directory, 'merchants.json')
  const { text, problem } = await readText(file)
  if (problem !== undefined) throw new UsageError([`the merchants cannot be read from ${file}: ${problem}; name a directory with a merchants.json by --fixtures`])
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError([`${file} is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`])
  }
  const faults = check(value).map((fault) => fault.message)
  if (faults.length > 0) throw new UsageError(faults.map((fault) => `${file}: ${fault}`))
  const merchants = value as Merchant[]
  const problems = merchants.flatMap((merchant, index) => [
    ...merchantFaults(merchant, scenarioExists).map((fault) => `${file}: [${index}].${fault}`),
    ...(merchants.findIndex((other) => other.appKey === merchant.appKey) < index ? [`${file}: [${index}].appKey "${merchant.appKey}" is there twice`] : []),
  ])
  if (problems.length > 0) throw new UsageError(problems)
  return merchants
}
