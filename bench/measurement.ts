/** What a figure must reach, and what we would like it to; where a row is compared, its ratio. */
export type Target = { atLeast: number; aim: number } | { atMost: number; aim: number }

/** One row of the table. */
export interface Row {
  /** Its name in a sample. */
  key: string
  title: string
  unit: string
  /** The key of the row that it is divided by, sample by sample; the table shows it, so it says what that is. */
  over?: string
  target?: Target
}

/** What one round has measured, by the rows' keys. */
export type Sample = Record<string, number>

export interface Measurement {
  rows: Row[]
  /** Where more rounds than so many would take too long. */
  mostRounds?: number
  /** Measures all rows once, those that are compared right after one another; a short measurement does so several times. */
  round(): Promise<Sample[]>
}
