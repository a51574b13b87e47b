import { compileCheck } from '../validate.ts'
import { Scenario } from './schema.ts'
import { senseless } from './sense.ts'

/** What a merchant's own scenario is called where it has no name. */
const NAME = 'own'

const check = compileCheck(Scenario, 'scenario')

/**
 * Reads a scenario that is written out among a merchant's fields, where a name would do: it is that merchant's alone.
 *
 * @param value an object of the scenario language; its name may be left out, and nothing is matched, since it is the
 *   merchant's for all its bills
 * @returns the scenario, or everything that is wrong with it, each beginning with the path: `scenario.timeline[0].after`
 */
export function readOwnScenario(value: object): { scenario: Scenario; problems?: never } | { scenario?: never; problems: string[] } {
  const scenario = { name: NAME, ...value } as Scenario
  const inside = (path: string, message: string): string => (path === '' ? message : `scenario.${message}`)
  const faults = check(scenario)
  if (faults.length > 0) return { problems: faults.map(({ path, message }) => inside(path, message)) }
  if (scenario.match !== undefined) return { problems: ['scenario.match goes with scenarios of files and those put by name; a merchant\'s own is for all its bills'] }
  const problems = senseless(scenario)
  return problems.length > 0 ? { problems: problems.map(({ message }) => `scenario.${message}`) } : { scenario }
}
