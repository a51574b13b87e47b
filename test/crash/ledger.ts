import type { Findings } from './findings.ts'

export type Status = 'PAY_WAIT' | 'PAY_SUCCESS' | 'PAY_FAIL' | 'PAY_CANCEL'
/** Where a request of this test can move a bill. */
export type Target = 'PAY_SUCCESS' | 'PAY_CANCEL'

/** What is known of one bill, from the outside alone. */
export interface Entry {
  readonly tradeUuid: string
  readonly orderCode: string
  /** Digit for digit. */
  readonly amount: string
  /** The body of /apply. */
  readonly text: string
  /** `unanswered` may be there or not; `refused` and `absent` must not be there; `there` has to be there for good. */
  presence: 'unanswered' | 'there' | 'refused' | 'absent'
  /** The last status that somebody was told. */
  status: Status
  /** Moves that were asked for and not answered: each may have happened. */
  readonly open: Set<Target>
  /** Moves that were refused: none may have happened. */
  readonly refused: Set<Target>
  billCode: string | undefined
  paymentRequestId: string | undefined
  actionValue: string | undefined
  /** The round of the last request about it. */
  touched: number
  /** What was said about it and when, for the report of a loss. */
  readonly history: string[]
}

export interface Seen { billCode: string; status: Status }
/** `running`: the process that may have refused a change still lives. */
export type Occasion = 'running' | 'restarted'

/** What was asked for and what was answered, and what follows from it for what there has to be. */
export class Ledger {
  readonly entries = new Map<string, Entry>()
  /** Merchants that were acknowledged, by appKey, with their names. */
  readonly merchants = new Map<string, string>()
  round = 0
  /** `restarted` from a death until all bills have been looked at. */
  occasion: Occasion = 'running'
  /** After files failed and a process died, a refused change may have come back whole: its record could not be cut off. */
  tolerant = false
  readonly #findings: Findings

  constructor(findings: Findings) {
    this.#findings = findings
  }

  add(fields: Pick<Entry, 'tradeUuid' | 'orderCode' | 'amount' | 'text'>): Entry {
    const entry: Entry = {
      ...fields, presence: 'unanswered', status: 'PAY_WAIT', open: new Set(), refused: new Set(),
      billCode: undefined, paymentRequestId: undefined, actionValue: undefined, touched: this.round, history: [],
    }
    this.entries.set(entry.tradeUuid, entry)
    return entry
  }

  note(entry: Entry, what: string): void {
    entry.touched = this.round
    entry.history.push(`${what} in round ${this.round} at ${(performance.now() / 1000).toFixed(3)} s`)
  }

  applied(entry: Entry, { billCode, paymentRequestId, actionValue }: { billCode: string; paymentRequestId: string; actionValue: string }): void {
    if (entry.billCode !== undefined && entry.billCode !== billCode) this.blame(entry, `was answered by /apply as ${billCode}, after it had been shown as ${entry.billCode}`)
    Object.assign(entry, { presence: 'there', billCode, paymentRequestId, actionValue })
    this.note(entry, `apply acknowledged (${billCode})`)
  }

  applyRefused(entry: Entry): void {
    if (entry.presence === 'there') this.blame(entry, 'was shown, and then its /apply was refused')
    else entry.presence = 'refused'
    this.note(entry, 'apply refused')
  }

  asked(entry: Entry, target: Target): void {
    entry.open.add(target)
    this.note(entry, `${target} asked for`)
  }

  moved(entry: Entry, target: Target): void {
    if (entry.status !== 'PAY_WAIT' && entry.status !== target) this.blame(entry, `was acknowledged as ${target} after ${entry.status} had been told`)
    this.#settle(entry, target, `${target} acknowledged`)
  }

  moveRefused(entry: Entry, target: Target): void {
    entry.open.delete(target)
    if (entry.status === target) this.blame(entry, `was told to be ${target}, and then that was refused`)
    else entry.refused.add(target)
    this.note(entry, `${target} refused`)
  }

  /** The bill stood elsewhere, which the answer told. */
  moveForbidden(entry: Entry, target: Target, status: Status): void {
    entry.open.delete(target)
    this.see(entry, { billCode: entry.billCode ?? '', status }, `the answer to a request for ${target}`)
  }

  /** Compares what is shown with what has to be, and takes it for what has to be from now on. */
  see(entry: Entry, seen: Seen | undefined, where: string): void {
    const { occasion } = this
    if (seen === undefined) {
      this.#absent(entry, where)
      return
    }
    if (entry.presence === 'absent') this.blame(entry, `was not there after a restart, and is shown by ${where} all the same`)
    if (entry.presence === 'refused') this.#cameBack(entry, 'its /apply', where)
    if (entry.presence === 'unanswered' && occasion === 'restarted') this.#findings.count('unansweredThere')
    entry.presence = 'there'
    if (entry.billCode !== undefined && entry.billCode !== seen.billCode) this.blame(entry, `is shown by ${where} as ${seen.billCode} instead of ${entry.billCode}`)
    entry.billCode = seen.billCode
    this.#status(entry, seen.status, where)
  }

  blame(entry: Entry, what: string): void {
    this.#findings.violation(`Bill ${entry.billCode ?? '(no code told)'} with tradeUuid ${entry.tradeUuid} ${what} (round ${this.round}; ${entry.history.join('; ')}).`)
  }

  #absent(entry: Entry, where: string): void {
    if (entry.presence === 'there') this.blame(entry, `is LOST: ${where} does not show it`)
    if (this.occasion === 'running') return
    if (entry.presence === 'unanswered') this.#findings.count('unansweredAbsent')
    entry.presence = 'absent'
    entry.open.clear()
    entry.refused.clear()
  }

  #status(entry: Entry, status: Status, where: string): void {
    const { occasion } = this
    const told = entry.status
    if (status !== told) {
      const target = status as Target
      if (told !== 'PAY_WAIT') this.blame(entry, `is ${status} in ${where}: its ${told} is LOST`)
      else if (entry.open.has(target)) {
        if (occasion === 'restarted') this.#findings.count('unansweredThere')
      } else if (entry.refused.has(target)) this.#cameBack(entry, target, where)
      else this.blame(entry, `is ${status} in ${where}, which nobody asked for`)
    } else if (occasion === 'restarted' && entry.open.size > 0) this.#findings.count('unansweredAbsent')
    // While the process runs, what is still waiting for its answer may happen yet.
    if (status !== 'PAY_WAIT') this.#settle(entry, status, `${status} shown by ${where}`)
    if (occasion === 'restarted') {
      entry.open.clear()
      entry.refused.clear()
    }
  }

  #settle(entry: Entry, status: Status, how: string): void {
    if (entry.status !== status) this.note(entry, how)
    entry.status = status
    entry.refused.clear()
    if (status === 'PAY_SUCCESS' || status === 'PAY_CANCEL') entry.open.delete(status)
  }

  #cameBack(entry: Entry, what: string, where: string): void {
    if (this.occasion === 'restarted' && this.tolerant) this.#findings.count('refusedThere')
    else this.blame(entry, `shows ${what}, which was refused, in ${where}`)
  }
}
