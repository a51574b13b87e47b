import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { compileCheck } from '../validate.ts'
import { Scenario } from './schema.ts'
import { senseless, type Problem } from './sense.ts'

/** Characters of a scenario, levels of nesting in it, and problems named at once. */
const LONGEST = 256 * 1024
const DEEPEST = 50
const NAMED = 20

const check = compileCheck(Scenario, 'the scenario')

export type ParsedScenario = { scenario: Scenario; problems?: never } | { scenario?: never; problems: string[] }

/**
 * Reads a scenario from YAML (or JSON, which is YAML).
 *
 * @param text the file's text
 * @param file how to call it in messages, usually its path
 * @param name what the scenario must be called: the file's name without its ending
 * @returns the scenario, or every problem as one line: file, line, column, path inside, and what was expected
 */
export function parseScenario(text: string, file: string, name: string): ParsedScenario {
  const unreadable = tooMuch(text)
  if (unreadable !== undefined) return { problems: [`${file}: ${unreadable}`] }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number, message: string): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}: ${message}`
  }
  if (document.errors.length > 0) {
    return { problems: document.errors.map((error) => at(error.pos[0], `not YAML: ${error.message}`)) }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 0 })
  } catch {
    return { problems: [at(0, 'anchors and aliases (& and *) are not allowed in a scenario; write the value out')] }
  }
  const faults = check(value)
  if (faults.length > 0) {
    const more = faults.length > NAMED ? [`${file}: and ${faults.length - NAMED} more`] : []
    return { problems: [...faults.slice(0, NAMED).map((fault) => at(locate(document, fault.segments), fault.message)), ...more] }
  }
  const scenario = value as Scenario
  const problems = [...misnamed(scenario, name), ...senseless(scenario)]
  return problems.length > 0
    ? { problems: problems.map(({ segments, message }) => at(locate(document, segments), message)) }
    : { scenario }
}

function misnamed(scenario: Scenario, name: string): Problem[] {
  if (scenario.name === name) return []
  return [{ segments: ['name'], message: `name must be "${name}", as the file is called, but is "${scenario.name}"` }]
}

/**
 * Why a text is not even tried, if so. The parser goes down into what is nested by calling itself, and a few thousand
 * levels end the process, past any catch; so nesting is bounded before, by what it takes to write it: open brackets,
 * indentation, and marks one behind the other.
 */
function tooMuch(text: string): string | undefined {
  if (text.length > LONGEST) return `it is ${text.length} characters long; a scenario has at most ${LONGEST}`
  let open = 0
  for (const character of text) {
    if (character === '[' || character === '{') open++
    else if (character === ']' || character === '}') open = Math.max(0, open - 1)
    if (open > DEEPEST) return `it is nested more than ${DEEPEST} levels deep`
  }
  const marks = /(?:[-?:][ \t]+){30}/
  return marks.test(text) || new RegExp(`^[ \\t]{${2 * DEEPEST}}`, 'm').test(text) ? `it is nested more than ${DEEPEST} levels deep` : undefined
}

/** Where in the text a path leads, as an offset; for what is missing, where its parent begins. */
function locate(document: Document.Parsed, segments: string[]): number {
  for (let length = segments.length; length >= 0; length--) {
    const path = segments.slice(0, length)
    const key = path.at(-1)
    const parent: unknown = document.getIn(path.slice(0, -1), true)
    if (key !== undefined && isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0
    }
    const node: unknown = document.getIn(path, true)
    const range = (node as { range?: [number, number, number] } | undefined)?.range
    if (range !== undefined) return range[0]
  }
  return 0
}
