import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type Document, type Node, type YAMLParseError } from 'yaml'
import { compileCheck } from '../validate.ts'
import { Scenario } from './schema.ts'
import type { Problem } from './problem.ts'
import { senseless } from './sense.ts'

/** Characters of a scenario, levels of nesting in it, and problems named at once. */
export const LONGEST = 256 * 1024
const DEEPEST = 50
const NAMED = 20
const NAME = new RegExp(Scenario.properties.name.pattern ?? '')

const check = compileCheck(Scenario, 'the scenario')

export type ParsedScenario = { scenario: Scenario; problems?: never } | { scenario?: never; problems: string[] }

/**
 * Reads a scenario from YAML (or JSON, which is YAML).
 *
 * @param text the file's text
 * @param file how to call it in messages, usually its path
 * @param name what the scenario must be called: the file's name without its ending
 * @param named who says so
 * @returns the scenario, or every problem as one line: file, line, column, path inside, and what was expected
 */
export function parseScenario(text: string, file: string, name: string, named = 'the file is called'): ParsedScenario {
  const unreadable = tooMuch(text)
  if (unreadable !== undefined) return { problems: [`${file}: ${unreadable}`] }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number, message: string): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}: ${message}`
  }
  if (document.errors.length > 0) return { problems: document.errors.slice(0, NAMED).map((error) => at(error.pos[0], inWords(error, text))) }
  const unplain = withoutMagic(document, text)
  if (unplain.length > 0) return { problems: unplain.slice(0, NAMED).map(([offset, message]) => at(offset, message)) }
  const value: unknown = document.toJS({ maxAliasCount: 0 })
  const faults = check(value)
  if (faults.length > 0) {
    const more = faults.length > NAMED ? [`${file}: and ${faults.length - NAMED} more`] : []
    return { problems: [...faults.slice(0, NAMED).map((fault) => at(locate(document, fault.segments), fault.message)), ...more] }
  }
  const scenario = value as Scenario
  const problems = [...misnamed(scenario, name, named), ...senseless(scenario)]
  return problems.length > 0
    ? { problems: problems.map(({ segments, message }) => at(locate(document, segments), message)) }
    : { scenario }
}

function misnamed(scenario: Scenario, name: string, named: string): Problem[] {
  if (scenario.name === name) return []
  const wanted = NAME.test(name) ? `name must be "${name}", as ${named}, but is "${scenario.name}"` : `${named} "${name}", which is no scenario's name: use lower-case letters, digits and hyphens, such as "${scenario.name}"`
  return [{ segments: ['name'], message: wanted }]
}

/** What the parser finds, in the words of this house. */
function inWords({ code, message, pos }: Pick<YAMLParseError, 'code' | 'message' | 'pos'>, text: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return `${/^[^\s:,{}]{1,60}/.exec(text.slice(pos[0]))?.[0] ?? 'a key'} is there twice; take one of the two away`
    case 'MULTIPLE_DOCS':
      return 'a second document begins here (---); a file holds one scenario, so make it a file of its own'
    default:
      return `not YAML: ${message.replace(/\s+/g, ' ')}`
  }
}

/**
 * What YAML can do and a scenario need not, with its offsets: a scenario is read by people who may not know it, and no
 * bomb can be built without it.
 */
function withoutMagic(document: Document.Parsed, text: string): [number, string][] {
  const found: [number, string][] = []
  const anchors = 'anchors and aliases (& and *) are not allowed in a scenario; write the value out'
  // A node begins behind its marks.
  const markAt = (mark: '&' | '!', start: number): number => {
    const last = Math.max(0, text.lastIndexOf(mark, start))
    return mark === '!' && text[last - 1] === mark ? last - 1 : last
  }
  visit(document, {
    Pair: (_key, { key }) => {
      if (!isScalar(key)) found.push([(key as Node | null)?.range?.[0] ?? 0, 'a key must be a plain text'])
    },
    Node: (_key, node) => {
      const start = node.range?.[0] ?? 0
      if (isAlias(node)) found.push([start, anchors])
      else {
        if (node.anchor !== undefined) found.push([markAt('&', start), anchors])
        if (node.tag !== undefined) found.push([markAt('!', start), `tags such as ${node.tag.replace('tag:yaml.org,2002:', '!!')} are not allowed in a scenario; write the value alone`])
      }
    },
  })
  return found
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
