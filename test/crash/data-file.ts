import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Low } from 'lowdb'
import { JSONFile } from 'lowdb/node'
import type { Findings } from './findings.ts'
import type { Ledger } from './ledger.ts'

interface Data { bills?: Record<string, { tradeUuid: string; status: string }> }

/** What a program that knows nothing but lowdb makes of the file after a clean stop. */
export async function inspect(file: string, ledger: Ledger, findings: Findings): Promise<void> {
  const left = readdirSync(dirname(file)).filter((name) => name !== basename(file))
  if (left.length > 0) findings.violation(`After a clean stop there is more than the data file: ${left.join(', ')}.`)
  const db = new Low<Data>(new JSONFile(file), {})
  await db.read()
  const bills = new Map(Object.entries(db.data.bills ?? {}))
  for (const entry of ledger.entries.values()) {
    if (entry.presence !== 'there') continue
    const { billCode = '' } = entry
    const bill = bills.get(billCode)
    bills.delete(billCode)
    if (bill?.tradeUuid !== entry.tradeUuid || bill.status !== entry.status) {
      ledger.blame(entry, bill === undefined ? 'is not in the data file' : `is in the data file as ${bill.status} with tradeUuid ${bill.tradeUuid}`)
    }
  }
  if (bills.size > 0) findings.violation(`Bills are in the data file that nobody was told of: ${[...bills.keys()].join(', ')}.`)
}

/** Takes a bill out of a data file, to see whether that is noticed. */
export async function removeBill(file: string, billCode: string): Promise<void> {
  const db = new Low<Data>(new JSONFile(file), {})
  await db.read()
  db.data.bills = Object.fromEntries(Object.entries(db.data.bills ?? {}).filter(([code]) => code !== billCode))
  await db.write()
}
