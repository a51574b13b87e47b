import { readdir } from 'node:fs/promises'
import { extname, join, basename } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Scenario } from '../scenario/schema.ts'
import { preparedFor } from './prepared.ts'
import { readStrictly, reason } from './read-file.ts'

const ENDINGS = ['.yaml', '.yml', '.json']

/** Four bytes for each character that a scenario may have. */
const MOST_BYTES = 4 * 256 * 1024

/** What a file holds: a scenario, or every problem as one line with file, line, column, path inside, and what was expected. */
export interface ScenarioFile {
  readonly file: string
  readonly scenario?: Scenario
  readonly problems: readonly string[]
  /** The file could not be read at all. */
  readonly unreadable?: true
}

/**
 * Reads the scenario files of directories. A later directory's scenario takes the place of an earlier one's of the
 * same name, so that a user's files stand over the shipped ones.
 *
 * @throws UsageError with a line for each problem in any file: file, line, column, path inside, what was expected
 */
export async function loadScenarios(directories: readonly string[]): Promise<Scenario[]> {
  const problems: string[] = []
  const byName = new Map<string, Scenario>()
  for (const directory of directories) {
    const files = await Promise.all((await scenarioFiles(directory, problems)).map(async (name) => readScenarioFile(join(directory, name))))
    problems.push(...files.flatMap((file) => file.problems), ...twins(files))
    for (const { scenario } of files) if (scenario !== undefined) byName.set(scenario.name, scenario)
  }
  if (problems.length > 0) throw new UsageError(problems)
  return [...byName.values()]
}

/** Files of one directory that hold scenarios of one name, a line for each after the first. */
export function twins(files: readonly ScenarioFile[]): string[] {
  const seen = new Map<string, string>()
  return files.flatMap(({ file, scenario }) => {
    if (scenario === undefined) return []
    const twin = seen.get(scenario.name)
    seen.set(scenario.name, twin ?? file)
    return twin === undefined ? [] : [`${file}: ${basename(twin)} has the same name; take one of the two away`]
  })
}

/** Reads one file and checks what it holds. */
export async function readScenarioFile(file: string): Promise<ScenarioFile> {
  const read = await readStrictly(file, MOST_BYTES)
  if (read.text !== undefined) return readScenario(read.text, file)
  const place = read.at === undefined ? file : `${file}:${read.at}`
  return { file, problems: [`${place}: ${read.problem}`], ...(read.unreadable ? { unreadable: true as const } : {}) }
}

/** YAML and what checks it are loaded only where a file is not as it was shipped. */
export async function readScenario(text: string, file: string): Promise<ScenarioFile> {
  const prepared = await preparedFor(basename(file), text)
  if (prepared !== undefined) return { file, scenario: prepared as Scenario, problems: [] }
  const { parseScenario } = await import('../scenario/parse.ts')
  return { file, problems: [], ...parseScenario(text, file, basename(file, extname(file))) }
}

/** The names of a directory's scenario files, in order. */
export async function scenarioFiles(directory: string, problems: string[]): Promise<string[]> {
  try {
    const names = await readdir(directory)
    return names.filter((name) => ENDINGS.includes(extname(name)) && !name.startsWith('.')).sort()
  } catch (error) {
    problems.push(`the scenarios cannot be read from ${directory}: ${reason(error)}; name a directory by --scenarios`)
    return []
  }
}
