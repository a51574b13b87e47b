import { compileCheck } from '../validate.ts'
import { Scenario } from './schema.ts'
import { senseless } from './sense.ts'

/** What a merchant's own scenario is called where it has no name. */
const NAME = 'own'
/** Problems named at once. */
const NAMED = 20

const check = compileCheck(Scenario, 'scenario')

/**
 * Reads a scenario that is written out among a merchant's fields, where a name would do: it is that merchant's alone.
 *
 * @param value an object of the scenario language; its name may be left out, and nothing is matched, since it is the
 *   merchant's for all its bills
 * @returns the scenario, or everything that is wrong with it, each beginning with the path: `scenario.timeline[0].after`
 */
export function readOwnScenario(value: object): { scenario: Scenario; problems?: never } | { scenario?: never; problems: string[] } {
  // Whatever it says: none will do.
  if ('match' in value) return { problems: ['scenario.match goes with scenarios of files and those put by name; a merchant\'s own is for all its bills'] }
  const scenario = { name: NAME, ...value } as Scenario
  const faults = check(scenario)
  // Of the value itself the message names the scenario already.
  const problems = (faults.length > 0 ? faults : senseless(scenario)).map(({ segments, message }) => (segments.length === 0 ? message : `scenario.${message}`))
  if (problems.length === 0) return { scenario }
  const more = problems.length > NAMED ? [`scenario: and ${problems.length - NAMED} more`] : []
  return { problems: [...problems.slice(0, NAMED), ...more] }
}
