import type { Measurement, Row, Sample, Target } from './measurement.ts'

/** What a row has come to over all rounds. */
export interface Figure {
  measurement: string
  title: string
  unit: string
  values: Spread
  /** What the ratio is to. */
  over: string | undefined
  /** Divided, sample by sample, by the row that it is compared with. */
  ratio: Spread | undefined
  target: Target | undefined
  verdict: 'aim reached' | 'reached' | 'MISSED' | undefined
}

interface Spread {
  median: number
  least: number
  most: number
  samples: number
}

/** @param judged whether there was enough time for targets to be held against it */
export function figuresOf(measurement: string, { rows }: Measurement, samples: readonly Sample[], judged: boolean): Figure[] {
  return rows.map((row) => {
    const values = spread(samples.map((sample) => valueOf(sample, row.key)))
    const { over, target } = row
    const ratio = over === undefined ? undefined : spread(samples.map((sample) => valueOf(sample, row.key) / valueOf(sample, over)))
    const verdict = target === undefined || !judged ? undefined : judge((ratio ?? values).median, target)
    return { measurement, title: row.title, unit: row.unit, values, over, ratio, target, verdict }
  })
}

/** A Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const lines = figures.map(({ title, unit, values, over, ratio, target, verdict }) => [
    title,
    `${number(values.median)} ${unit}`,
    range(values),
    ratio === undefined ? '' : `${ratio.median.toFixed(2)} × ${over ?? ''} (${ratio.least.toFixed(2)}…${ratio.most.toFixed(2)})`,
    target === undefined ? '' : `${'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`} (${target.aim})`,
    verdict ?? '',
  ])
  const header = ['what', 'median', 'min…max', 'ratio', 'target (aim)', '']
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

function valueOf(sample: Sample, key: Row['key']): number {
  const value = sample[key]
  if (value === undefined) throw new Error(`a round has no figure for ${key}`)
  return value
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const median = (at(Math.floor((sorted.length - 1) / 2)) + at(Math.ceil((sorted.length - 1) / 2))) / 2
  return { median, least: at(0), most: at(sorted.length - 1), samples: sorted.length }
}

function judge(value: number, target: Target): Figure['verdict'] {
  const [reached, aimed] = 'atLeast' in target ? [value >= target.atLeast, value >= target.aim] : [value <= target.atMost, value <= target.aim]
  return aimed ? 'aim reached' : reached ? 'reached' : 'MISSED'
}

function range({ least, most }: Spread): string {
  return `${number(least)}…${number(most)}`
}

function number(value: number): string {
  return value.toFixed(value >= 1000 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3)
}
