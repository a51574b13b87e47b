import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SETTINGS, SHIPPED_SCENARIOS } from '../config/settings.ts'
import { UsageError } from '../errors.ts'
import { reason } from '../load/read-file.ts'
import { readScenarioFile, scenarioFiles, twins, type ScenarioFile } from '../load/scenarios.ts'

/** What a command leaves behind: texts for the two outputs, and the exit code (INTERFACE §1). */
export interface Outcome {
  readonly stdout: string
  readonly stderr?: string
  readonly code: 0 | 1 | 2
}

export interface CheckOptions {
  /** A directory beside the shipped one. */
  scenarios?: string
  json?: boolean
}

/**
 * What `qlink-sandbox scenarios check` does: looks at scenario files and says everything that is wrong with them.
 *
 * @param paths files and directories; the shipped ones and those of --scenarios where there are none
 * @param env for QLINK_SCENARIOS
 */
export async function checkScenarios(paths: readonly string[], { scenarios, json = false }: CheckOptions, env: Readonly<Record<string, string | undefined>>): Promise<Outcome> {
  const variable = env[SETTINGS.scenarios.env]
  const own = scenarios ?? (variable === '' ? undefined : variable)
  const unreadable: string[] = []
  const groups = await Promise.all((paths.length > 0 ? paths : [SHIPPED_SCENARIOS, ...(own === undefined ? [] : [own])]).map((path) => filesOf(path, unreadable)))
  const files = groups.flat()
  const wrong = files.filter((file) => file.unreadable !== true).flatMap((file) => file.problems)
  const problems = [...wrong, ...groups.flatMap(twins)]
  unreadable.push(...files.filter((file) => file.unreadable === true).flatMap((file) => file.problems))
  const code = unreadable.length > 0 ? 2 : problems.length > 0 ? 1 : 0
  if (json) return { stdout: `${JSON.stringify({ ok: code === 0, files: files.length, problems: [...problems, ...unreadable] }, null, 2)}\n`, code }
  const good = files.length === 1 ? '1 scenario is in order\n' : `${files.length} scenarios are in order\n`
  return {
    stdout: problems.length > 0 ? problems.map((line) => `${line}\n`).join('') : code === 0 ? good : '',
    stderr: unreadable.map((line) => `qlink-sandbox: ${line}\n`).join(''),
    code,
  }
}

async function filesOf(path: string, unreadable: string[]): Promise<ScenarioFile[]> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return [await readScenarioFile(path)]
  const missing: string[] = []
  const names = await scenarioFiles(path, missing)
  if (missing.length === 0 && names.length === 0) missing.push(`there is no scenario file in ${path}; they end in .yaml, .yml or .json`)
  unreadable.push(...missing)
  return Promise.all(names.map(async (name) => readScenarioFile(join(path, name))))
}

export interface RecordOptions {
  url?: string
  token?: string
  appKey?: string
  name?: string
}

/** How long a sandbox may take to answer, in real milliseconds. */
const PATIENCE = 10_000

/**
 * What `qlink-sandbox scenarios record` does: asks a running sandbox for the scenario that reproduces a bill.
 *
 * @param bill a billCode, or `tradeUuid:<uuid>`
 * @param env for the token, where no option gives one
 * @throws UsageError where there is no sandbox, or the arguments cannot be used
 */
export async function recordBill(bill: string, { url = `http://127.0.0.1:${SETTINGS.port.default}`, token, appKey, name }: RecordOptions, env: Readonly<Record<string, string | undefined>>): Promise<Outcome> {
  try {
    SETTINGS.publicUrl.read(url)
  } catch (error) {
    throw new UsageError([`--url ${(error as Error).message}`])
  }
  const query = new URLSearchParams({ ...(appKey === undefined ? {} : { appKey }), ...(name === undefined ? {} : { name }) })
  const bearer = token ?? env[SETTINGS.controlToken.env] ?? ''
  let answer: Response
  let text: string
  try {
    answer = await fetch(`${url.replace(/\/+$/, '')}/_sandbox/bills/${encodeURIComponent(bill)}/scenario?${query.toString()}`, {
      headers: bearer === '' ? {} : { authorization: `Bearer ${bearer}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    })
    text = await answer.text()
  } catch (error) {
    const { cause, message } = error as Error
    throw new UsageError([`no sandbox answers at ${url}: ${cause === undefined ? message : reason(cause)}; start one, or say where it is by --url`])
  }
  if (answer.ok && answer.headers.get('content-type')?.includes('yaml') === true) return { stdout: text, code: 0 }
  const detail = detailOf(text)
  if (detail === undefined) throw new UsageError([`what answers at ${url} is not a sandbox that can record (status ${answer.status})`])
  if (answer.status === 404) return { stdout: '', stderr: `qlink-sandbox: ${detail}\n`, code: 1 }
  throw new UsageError([detail.replace('by ?appKey=', 'by --app-key').replace('send the header "Authorization: Bearer <token>"', 'give it by --token')])
}

/** What problem details say; undefined where the text is none. */
function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    return typeof detail === 'string' ? detail : undefined
  } catch {
    return undefined
  }
}
