import type { Bill } from '../bill/bill.ts'
import { UsageError } from '../errors.ts'
import { Merchant } from '../merchant/schema.ts'
import { readOwnScenario } from '../scenario/own.ts'
import { compileCheck } from '../validate.ts'
import { FORMAT, VERSION, type Loaded } from './document.ts'
import { StoredBill } from './stored-bill.ts'

/** What can be read: 1 had no journal beside it. */
const VERSIONS = [1, VERSION]

const checkMerchant = compileCheck(Merchant, 'it')
const checkBill = compileCheck(StoredBill, 'it')

/**
 * Reads the text of a data file that may have been written by anyone, and looks at every field.
 *
 * @throws UsageError saying which file, what is wrong with it and what to do; the file is not touched
 */
export function checkDocument(text: string, file: string): Loaded {
  const wayOut = `It is left as it is: move it away or mend it, or start with another one by --data`
  const refuse = (what: string): never => {
    throw new UsageError([`the data file ${file} ${what}. ${wayOut}.`])
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return refuse(`is damaged (${(error as Error).message.replace(/\s+/g, ' ')})`)
  }
  if (!isRecord(value) || value['format'] !== FORMAT || typeof value['version'] !== 'number') {
    return refuse('is not a data file of qlink-sandbox')
  }
  if (value['version'] > VERSION) {
    return refuse(`was written by a newer qlink-sandbox (format ${value['version']}; this one reads up to ${VERSION})`)
  }
  const { merchants, bills, id, journal = 1 } = value
  if (!VERSIONS.includes(value['version']) || !Number.isSafeInteger(journal) || Number(journal) < 1 || !isRecord(merchants) || !isRecord(bills)) {
    return refuse('is damaged (its version, journal, merchants or bills are not there, or not what they should be)')
  }
  const known: Record<string, Merchant | null> = {}
  for (const [appKey, merchant] of Object.entries(merchants)) {
    const [fault] = merchant === null ? [] : checkMerchant(merchant)
    if (fault !== undefined) return refuse(`is damaged (merchants.${appKey}: ${fault.message})`)
    const read = withReadScenario(merchant as Merchant | null)
    if (typeof read === 'string') return refuse(`is damaged (merchants.${appKey}: ${read})`)
    known[appKey] = read
  }
  for (const [billCode, bill] of Object.entries(bills)) {
    const [fault] = checkBill(bill)
    if (fault !== undefined) return refuse(`is damaged (bills.${billCode}: ${fault.message})`)
    const stray = strayDue(bill as Bill)
    if (stray !== undefined) return refuse(`is damaged (bills.${billCode}: ${stray})`)
    if ((bill as Bill).billCode !== billCode) return refuse(`is damaged (bills.${billCode} is another bill)`)
  }
  return { ...(typeof id === 'string' ? { id } : {}), journal: Number(journal), merchants: known, bills: Object.values(bills) as Bill[] }
}

/** A merchant as it is kept, or what is wrong with the scenario that is written out among its fields. */
function withReadScenario(merchant: Merchant | null): Merchant | null | string {
  if (typeof merchant?.scenario !== 'object') return merchant
  const { scenario, problems } = readOwnScenario(merchant.scenario)
  return problems === undefined ? { ...merchant, scenario } : String(problems[0])
}

/** Due work that means something that is not there. */
function strayDue({ due, notifications, scenario }: Bill): string | undefined {
  const stray = due.findIndex((one) => ('notification' in one && one.notification >= notifications.length) || ('step' in one && one.step >= (scenario.timeline?.length ?? 0)))
  return stray < 0 ? undefined : `due[${stray}] means something that is not there`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
