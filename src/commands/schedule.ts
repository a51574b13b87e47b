import { SETTINGS } from '../config/settings.ts'
import { readTime, toIsoTime, toWireTime } from '../contract/wire-time.ts'
import { UsageError } from '../errors.ts'
import { planOf, policyView, presetView, presetViews, rulesInWords } from '../notification/plan.ts'
import { PRESETS, type RetryPolicy } from '../notification/presets.ts'
import { policyOf, scheduleComplaint } from '../notification/schedule.ts'
import { Clock } from '../time/clock.ts'
import { writeDuration } from '../time/duration.ts'

export interface ScheduleOptions {
  /** When the first attempt is made; now where left out. */
  from?: string
  timeZone?: string
  json?: boolean
}

/** Times have four digits for the year; a day is left for zones. */
const LAST_TIME = Date.UTC(9999, 11, 30)

/**
 * What `qlink-sandbox schedule` prints: all retry presets, or the plan of one schedule, an attempt a line.
 *
 * @param schedule a preset's name, or waits with commas between
 * @param env for the time zone, where no option names one
 * @throws UsageError with one line for everything that cannot be used
 */
export function showSchedule(schedule: string | undefined, { from, timeZone, json = false }: ScheduleOptions, env: Readonly<Record<string, string | undefined>>): string {
  const problems: string[] = []
  const { zone, problem } = readZone(timeZone, env[SETTINGS.timeZone.env])
  if (problem !== undefined) problems.push(problem)
  const first = from === undefined ? Clock.wall() : readTime(from, zone)
  if (first === undefined) problems.push(`--from must be a time such as 2026-01-01 00:00:00 or 2026-01-01T00:00:00+08:00, but is "${String(from)}"`)
  const complaint = schedule === undefined ? undefined : scheduleComplaint(schedule)
  if (complaint !== undefined) problems.push(`the schedule ${complaint}, but is "${String(schedule)}"`)
  if (problems.length > 0 || first === undefined) throw new UsageError(problems)
  if (schedule === undefined) return json ? asJson({ items: presetViews() }) : presetTable()
  const policy = policyOf(schedule)
  const last = planOf(policy).at(-1)?.sinceFirst ?? 0
  if (first + last > LAST_TIME) throw new UsageError(['the last attempt would come after the year 9999, which times cannot say'])
  return json ? asJson(planView(schedule, policy, first, zone)) : planTable(policy, first, zone)
}

function readZone(given: string | undefined, variable: string | undefined): { zone: string; problem?: string } {
  const text = given ?? (variable === '' ? undefined : variable)
  const zone = SETTINGS.timeZone.default
  if (text === undefined) return { zone }
  try {
    return { zone: SETTINGS.timeZone.read(text) }
  } catch (error) {
    return { zone, problem: `${given === undefined ? SETTINGS.timeZone.env : '--time-zone'} ${(error as Error).message}, but is "${text}"` }
  }
}

function presetTable(): string {
  const rows = PRESETS.map((preset) => {
    const { attempts, totalSeconds } = presetView(preset)
    return [preset.name, String(attempts), writeDuration(totalSeconds * 1000), rulesInWords(preset).join('; '), preset.source]
  })
  return columns([['preset', 'attempts', 'last after', 'answers that change it', 'source'], ...rows])
}

function planTable(policy: RetryPolicy, first: number, zone: string): string {
  const rows = planOf(policy).map(({ number, wait = '', sinceFirst }) => [String(number), wait, writeDuration(sinceFirst), toWireTime(first + sinceFirst, zone)])
  const rules = [...rulesInWords(policy), ...sourceOf(policy)].map((rule) => `${rule}\n`)
  return columns([['attempt', 'wait', 'since the first', zone], ...rows]) + (rules.length === 0 ? '' : '\n') + rules.join('')
}

/** The source of a policy that is a preset. */
function sourceOf(policy: RetryPolicy): string[] {
  return PRESETS.filter((preset) => preset === policy).map(({ source }) => `source: ${source}`)
}

function planView(schedule: string, policy: RetryPolicy, first: number, zone: string): object {
  const preset = PRESETS.find((one) => one === policy)
  const plan = planOf(policy).map(({ number, wait, sinceFirst }) => ({ number, wait: wait ?? null, sinceFirstSeconds: sinceFirst / 1000, at: toIsoTime(first + sinceFirst, zone) }))
  return { schedule, ...(preset === undefined ? policyView(policy) : presetView(preset)), plan }
}

const asJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

function columns(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('')
}
