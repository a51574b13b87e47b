/** What is counted, and how the count is called where it is printed. */
const COUNTED = {
  rounds: 'rounds',
  kills: 'kills from outside',
  deaths: 'deaths inside a file operation',
  powerLosses: '… of them with everything lost that was not synced',
  starts: 'starts',
  killedStarts: 'starts killed before they were ready',
  refusedStarts: 'starts refused while files failed',
  cleanStops: 'stops, exit code 0',
  answers: 'answers under load',
  bills: 'acknowledged bills checked after a start',
  details: '… of them looked at whole',
  payments: 'acknowledged payments checked',
  cancels: 'acknowledged cancels checked',
  merchants: 'acknowledged merchants checked',
  refused: 'refused changes (STORE_UNAVAILABLE, 503)',
  refusedReads: 'refused reads',
  refusedThere: 'refused changes that were there after a death',
  resumed: 'times that service resumed after faults',
  faults: 'faults injected',
  unansweredThere: 'unanswered changes that were there',
  unansweredAbsent: 'unanswered changes that were not',
  reapplied: '… of them applied anew',
  owed: 'notifications owed',
  sent: 'notifications received and acknowledged',
  turnedDown: 'notifications answered 500 or hung up on',
  duplicates: 'duplicates',
  torn: 'writes torn by a death',
  foldsMet: 'kills at a change of the directory',
} as const

export type Counted = keyof typeof COUNTED

/** What a run has seen: counts, and everything that should not be. */
export class Findings {
  readonly counts = Object.fromEntries(Object.keys(COUNTED).map((name) => [name, 0])) as Record<Counted, number>
  readonly violations: string[] = []

  count(name: Counted, by = 1): void {
    this.counts[name] += by
  }

  violation(sentence: string): void {
    this.violations.push(sentence)
  }

  table(): string {
    const names = Object.keys(COUNTED) as Counted[]
    const rows: [string, number][] = [...names.map((name): [string, number] => [COUNTED[name], this.counts[name]]), ['losses and other violations', this.violations.length]]
    return rows.map(([name, value]) => `${name.padEnd(56)}${String(value).padStart(9)}\n`).join('')
  }
}
