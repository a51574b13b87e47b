import { readdir } from 'node:fs/promises'
import { extname, join, basename } from 'node:path'
import { UsageError } from '../errors.ts'
import type { ParsedScenario } from '../scenario/parse.ts'
import type { Scenario } from '../scenario/schema.ts'
import { preparedFor } from './prepared.ts'
import { readText, reason } from './read-file.ts'

const ENDINGS = ['.yaml', '.yml', '.json']

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
    const files = await scenarioFiles(directory, problems)
    const seen = new Map<string, string>()
    for (const name of files) {
      const file = join(directory, name)
      const { text, problem } = await readText(file)
      if (problem !== undefined) {
        problems.push(`${file}: ${problem}`)
        continue
      }
      const parsed = await readScenario(text, file)
      if (parsed.problems !== undefined) {
        problems.push(...parsed.problems)
        continue
      }
      const twin = seen.get(parsed.scenario.name)
      if (twin !== undefined) problems.push(`${file}: ${twin} has the same name; take one away`)
      seen.set(parsed.scenario.name, name)
      byName.set(parsed.scenario.name, parsed.scenario)
    }
  }
  if (problems.length > 0) throw new UsageError(problems)
  return [...byName.values()]
}

/** YAML and what checks it are loaded only where a file is not as it was shipped. */
async function readScenario(text: string, file: string): Promise<ParsedScenario> {
  const prepared = await preparedFor(basename(file), text)
  if (prepared !== undefined) return { scenario: prepared as Scenario }
  const { parseScenario } = await import('../scenario/parse.ts')
  return parseScenario(text, file, basename(file, extname(file)))
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
