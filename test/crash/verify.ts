import { isDeepStrictEqual } from 'node:util'
import { Client, object, type Json } from './client.ts'
import type { Findings } from './findings.ts'
import type { Entry, Ledger, Status } from './ledger.ts'

const CONNECTIONS = 4
const BATCH = 500

export interface Verifying {
  url: string
  ledger: Ledger
  findings: Findings
  /** Which bills are looked at whole, event by event. */
  whole: (entry: Entry) => boolean
  /** Which of the bills that are not there are applied for anew. */
  again: (entry: Entry) => boolean
}

/** Compares a sandbox that has just started with all that was ever acknowledged. */
export async function verify(verifying: Verifying): Promise<void> {
  const { ledger, findings, whole, again } = verifying
  const client = new Client(verifying.url, CONNECTIONS)
  try {
    const entries = [...ledger.entries.values()]
    const absent: Entry[] = []
    const batches = Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, index) => entries.slice(index * BATCH, (index + 1) * BATCH))
    await inTurn(batches, async (batch) => {
      absent.push(...await compare(client, batch, verifying))
    })
    await inTurn(entries.filter((entry) => entry.presence === 'there' && whole(entry)), (entry) => lookAtWhole(client, entry, verifying))
    await merchants(client, verifying)
    // All that was asked for is there or not by now, so that the number is known exactly.
    const there = entries.filter(({ presence }) => presence === 'there').length
    const bills = Number((await must(client, '/health'))['bills'])
    if (bills !== there) findings.violation(`There are ${bills} bills after a start, of which ${there} were asked for (round ${ledger.round}).`)
    ledger.occasion = 'running'
    ledger.tolerant = false
    await inTurn(absent.filter((entry) => entry.presence === 'absent' && again(entry)), (entry) => applyAgain(client, entry, verifying))
  } finally {
    await client.close()
  }
}

/** A few at a time, as many as there are connections. */
async function inTurn<T>(list: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const rest = list.values()
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (const one of rest) await act(one)
  }))
}

async function must(client: Client, path: string): Promise<Json> {
  const answer = await client.get(path)
  if (answer?.status !== 200) throw new Error(`GET ${path} was answered ${answer === undefined ? 'not at all' : `${answer.status} ${answer.text}`}`)
  return object(answer.text)
}

/** Returns those that are not there, and need not be. */
async function compare(client: Client, batch: Entry[], { ledger, findings }: Verifying): Promise<Entry[]> {
  const answer = await client.qlink('getPayStatus', JSON.stringify({ tradeUuidList: batch.map(({ tradeUuid }) => tradeUuid) }))
  if (answer === undefined) throw new Error('getPayStatus was not answered after a start')
  const found = new Map((JSON.parse(answer.text) as Json[]).map((one) => [one['tradeUuid'], one]))
  const absent: Entry[] = []
  for (const entry of batch) {
    const seen = found.get(entry.tradeUuid)
    if (seen === undefined && entry.presence !== 'there') absent.push(entry)
    if (entry.presence === 'there') {
      findings.count('bills')
      if (entry.status === 'PAY_SUCCESS') findings.count('payments')
      if (entry.status === 'PAY_CANCEL') findings.count('cancels')
    }
    ledger.see(entry, seen === undefined ? undefined : { billCode: String(seen['billCode']), status: seen['status'] as Status }, 'getPayStatus after a start')
    if (seen === undefined) continue
    const { orderCode, paymentRequestId, amount, currency, payTime } = seen
    const paid = entry.status === 'PAY_SUCCESS'
    entry.paymentRequestId ??= String(paymentRequestId)
    if (orderCode !== entry.orderCode || paymentRequestId !== entry.paymentRequestId || currency !== 'IDR'
      || amount !== (paid ? Number(entry.amount) : null) || (payTime === '') === paid) {
      ledger.blame(entry, `has other content after a start: ${JSON.stringify(seen)}`)
    }
  }
  return absent
}

/** The bill is there wholly: every field, what happened to it, and the notification that is owed for it. */
async function lookAtWhole(client: Client, entry: Entry, { ledger, findings }: Verifying): Promise<void> {
  findings.count('details')
  const answer = await client.get(`/_sandbox/bills/tradeUuid:${entry.tradeUuid}`)
  if (answer?.status !== 200) {
    ledger.blame(entry, `is shown by getPayStatus, and its detail is ${answer === undefined ? 'not answered' : `${answer.status} ${answer.text}`}`)
    return
  }
  const bill = object(answer.text)
  entry.actionValue ??= String(bill['actionValue'])
  const { status } = entry
  const expected = {
    billCode: entry.billCode, appKey: 'demo-app-key', tradeUuid: entry.tradeUuid, orderCode: entry.orderCode,
    paymentRequestId: entry.paymentRequestId, actionValue: entry.actionValue, amount: entry.amount, currency: 'IDR',
    status, cancelling: false, errorCode: '', scenario: 'wait-for-customer', application: JSON.parse(entry.text) as unknown,
  }
  for (const [name, value] of Object.entries(expected)) {
    if (!isDeepStrictEqual(bill[name], value)) ledger.blame(entry, `has ${name} ${JSON.stringify(bill[name])} instead of ${JSON.stringify(value)} after a start`)
  }
  if (entry.actionValue === '') ledger.blame(entry, 'has no actionValue')
  // A cancel that came too late is an event as well.
  const events = (bill['timeline'] as Json[]).map(({ what }) => String(what)).filter((what) => what !== 'cancel-refused')
  const happened = { PAY_WAIT: ['apply'], PAY_SUCCESS: ['apply', 'pay'], PAY_CANCEL: ['apply', 'cancel'], PAY_FAIL: ['apply', 'fail'] }[status]
  if (!isDeepStrictEqual(events, happened)) ledger.blame(entry, `is ${status} with the events ${events.join(', ')}`)
  const notifications = (bill['notifications'] as Json[]).map((one) => one['status'])
  if (!isDeepStrictEqual(notifications, status === 'PAY_WAIT' ? [] : [status])) {
    ledger.blame(entry, `is ${status} with the notifications ${JSON.stringify(notifications)}`)
  }
  const due = (bill['due'] as Json[]).map(({ what }) => String(what))
  if (due.includes('expire') !== (status === 'PAY_WAIT')) ledger.blame(entry, `is ${status} with ${due.join(', ') || 'nothing'} due`)
  if ((bill['payTime'] !== null) !== (status === 'PAY_SUCCESS') || (bill['cancelTime'] !== null) !== (status === 'PAY_CANCEL')) {
    ledger.blame(entry, `is ${status} with payTime ${String(bill['payTime'])} and cancelTime ${String(bill['cancelTime'])}`)
  }
}

async function merchants(client: Client, { ledger, findings }: Verifying): Promise<void> {
  for (const [appKey, name] of ledger.merchants) {
    findings.count('merchants')
    const answer = await client.get(`/_sandbox/merchants/${appKey}`)
    if (answer?.status !== 200 || object(answer.text)['name'] !== name) {
      findings.violation(`Merchant ${appKey} (${name}) was acknowledged and is LOST: ${answer === undefined ? 'no answer' : `${answer.status} ${answer.text}`} (round ${ledger.round}).`)
    }
  }
}

async function applyAgain(client: Client, entry: Entry, { ledger, findings }: Verifying): Promise<void> {
  entry.presence = 'unanswered'
  ledger.note(entry, 'applied anew')
  const answer = await client.qlink('apply', entry.text)
  if (answer === undefined) return
  const body = object(answer.text)
  if (body['success'] === true) {
    findings.count('reapplied')
    ledger.applied(entry, body as { billCode: string; paymentRequestId: string; actionValue: string })
  } else ledger.blame(entry, `was not there after a start, and applying anew was answered ${answer.reason ?? ''} ${answer.text}`)
}
