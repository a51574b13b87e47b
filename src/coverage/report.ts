import { GROUPS, type Item } from './table.ts'

/** What was exercised and what not. */
export interface CoverageReport {
  readonly covered: number
  readonly total: number
  /** With one digit behind the point, rounded down: 100 means all. */
  readonly percent: number
  readonly groups: readonly GroupReport[]
}

export interface GroupReport {
  readonly name: string
  readonly title: string
  readonly covered: number
  readonly total: number
  /** `how`: how to exercise it. */
  readonly items: readonly (Item & { readonly count: number })[]
}

/** @param counts how often each thing was exercised, as `group/item` */
export function reportOf(counts: ReadonlyMap<string, number>): CoverageReport {
  const groups = GROUPS.map(({ name, title, items }): GroupReport => {
    const counted = items.map((item) => ({ ...item, count: counts.get(`${name}/${item.name}`) ?? 0 }))
    return { name, title, covered: counted.filter(({ count }) => count > 0).length, total: items.length, items: counted }
  })
  const covered = groups.reduce((all, group) => all + group.covered, 0)
  const total = groups.reduce((all, group) => all + group.total, 0)
  return { covered, total, percent: Math.floor((covered * 1000) / total) / 10, groups }
}

/** How many of what is not covered are named in a table; the rest is counted. */
const NAMED = 3

/** A report for people at a terminal. */
export function coverageTable({ covered, total, percent, groups }: CoverageReport): string {
  const width = Math.max(...groups.map(({ title }) => title.length))
  const rows = groups.map((group) => `  ${group.title.padEnd(width)}  ${String(group.covered).padStart(2)} of ${String(group.total).padStart(2)}`)
  const missing = groups.flatMap(({ title, items }) => {
    const open = items.filter(({ count }) => count === 0)
    const more = open.length > NAMED ? [`    and ${open.length - NAMED} more`] : []
    return open.length === 0 ? [] : [`  ${title}`, ...open.slice(0, NAMED).map(({ name, how }) => `    ${name}: ${how}`), ...more]
  })
  const rest = missing.length === 0 ? '' : `Not exercised yet, and how to:\n${missing.join('\n')}\n`
  return `Life-cycle coverage: ${percent} % (${covered} of ${total})\n${rows.join('\n')}\n${rest}`
}

/**
 * A report as JUnit XML: a suite for each group, a case for each thing; what was not exercised is skipped.
 *
 * @param threshold the percentage that was asked for; falling short of it is a failure
 */
export function coverageJunit(report: CoverageReport, threshold?: number): string {
  const { covered, total, groups } = report
  const suites = groups.map(({ name, items, covered: done, total: all }) => {
    const cases = items.map(({ name: item, how, count }) => {
      const attributes = `classname=${quoted(`qlink.${name}`)} name=${quoted(item)}`
      return count > 0 ? `    <testcase ${attributes}/>` : `    <testcase ${attributes}><skipped message=${quoted(`not exercised: ${how}`)}/></testcase>`
    })
    return `  <testsuite name=${quoted(name)} tests="${all}" failures="0" skipped="${all - done}">\n${cases.join('\n')}\n  </testsuite>`
  })
  const isShort = threshold !== undefined && fallsShort(report, threshold)
  const complaint = isShort ? `<failure message=${quoted(shortfall(report, threshold))}/>` : ''
  const verdict = threshold === undefined ? [] : [`  <testsuite name="threshold" tests="1" failures="${isShort ? 1 : 0}" skipped="0">\n    <testcase classname="qlink" name=${quoted(`at least ${threshold} %`)}>${complaint}</testcase>\n  </testsuite>`]
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="qlink life-cycle coverage" tests="${total + verdict.length}" failures="${isShort ? 1 : 0}" skipped="${total - covered}">\n${[...suites, ...verdict].join('\n')}\n</testsuites>\n`
}

/** Whether less is covered than was asked for: by the counts, since `percent` is rounded. */
export function fallsShort({ covered, total }: CoverageReport, threshold: number): boolean {
  return covered * 100 < threshold * total
}

/** In a sentence, by how much a report falls short. */
export function shortfall({ percent, covered, total }: CoverageReport, threshold: number): string {
  return `the life-cycle coverage is ${percent} % (${covered} of ${total}), and ${threshold} % were asked for`
}

function quoted(text: string): string {
  const escaped = text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
  return `"${escaped}"`
}
