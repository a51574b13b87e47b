import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import type { App } from '../app.ts'
import { coverageJunit, coverageTable, fallsShort, reportOf, shortfall, type CoverageReport } from '../coverage/report.ts'
import type { Ending } from './exec.ts'

/** What `exec` does about coverage when the command has ended. */
export interface CoverageOptions {
  /** Prints the table. */
  shown: boolean
  /** The percentage that must be reached. */
  threshold: number | undefined
  /** Files to write, .xml in JUnit's form or .json. */
  reports: readonly string[]
}

type Write = (report: CoverageReport, threshold: number | undefined) => string

const FORMS: Readonly<Record<string, Write>> = {
  '.xml': coverageJunit,
  '.json': (report) => `${JSON.stringify(report, null, 2)}\n`,
}

/**
 * Reads the options as the command line gives them.
 *
 * @param problems gets a sentence for each that cannot be used
 */
export function readCoverageOptions({ coverage = true, coverageThreshold, report = [] }: { coverage?: unknown; coverageThreshold?: unknown; report?: unknown }, problems: string[]): CoverageOptions {
  const text = typeof coverageThreshold === 'string' ? coverageThreshold : undefined
  if (text !== undefined && !/^(100|\d{1,2}(\.\d+)?)$/.test(text)) problems.push(`--coverage-threshold must be a percentage from 0 to 100, but is "${text}"`)
  const reports = (report as unknown[]).map(String)
  for (const file of reports) if (!(extname(file) in FORMS)) problems.push(`--report must name a file that ends in .xml (JUnit) or .json, but is "${file}"`)
  return { shown: coverage === true, threshold: text === undefined ? undefined : Number(text), reports }
}

/**
 * Tells what the command has exercised.
 *
 * @returns how the command ended; 1 where it was well but for too little coverage, or a report that cannot be written
 */
export async function reportCoverage(app: Pick<App, 'coverage'>, ending: Ending, { shown, threshold, reports }: CoverageOptions): Promise<Ending> {
  const report = reportOf(app.coverage.counts('start'))
  if (shown) process.stderr.write(`\n${coverageTable(report)}`)
  const complaints = threshold !== undefined && fallsShort(report, threshold) ? [shortfall(report, threshold)] : []
  for (const file of reports) {
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, FORMS[extname(file)]?.(report, threshold) ?? '')
    } catch (error) {
      complaints.push(`the report ${file} cannot be written: ${(error as Error).message}`)
    }
  }
  for (const complaint of complaints) process.stderr.write(`qlink-sandbox: ${complaint}\n`)
  return complaints.length > 0 && ending.code === 0 ? { code: 1 } : ending
}
