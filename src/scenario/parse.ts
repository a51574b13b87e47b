import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { readDuration, DURATION_FORMS } from '../time/duration.ts'
import { compileCheck } from '../validate.ts'
import { Scenario } from './schema.ts'

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
    return { problems: faults.map((fault) => at(locate(document, fault.segments), fault.message)) }
  }
  const scenario = value as Scenario
  const problems = [...misnamed(scenario, name), ...unreadableDurations(scenario)]
  return problems.length > 0
    ? { problems: problems.map(({ segments, message }) => at(locate(document, segments), message)) }
    : { scenario }
}

interface Problem {
  segments: string[]
  message: string
}

function misnamed(scenario: Scenario, name: string): Problem[] {
  if (scenario.name === name) return []
  return [{ segments: ['name'], message: `name must be "${name}", as the file is called, but is "${scenario.name}"` }]
}

function unreadableDurations(scenario: Scenario): Problem[] {
  return (scenario.timeline ?? []).flatMap(({ after }, index) =>
    readDuration(after) === undefined
      ? [{ segments: ['timeline', String(index), 'after'], message: `timeline[${index}].after must be a duration such as ${DURATION_FORMS}, but is "${after}"` }]
      : [],
  )
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
