/**
 * A JSON text as a tree that keeps every text and number as it was written. JSON.parse would lose exactly what a
 * signature is about: digits, escapes and the order of keys such as "1".
 */
export type Node = { readonly raw: string } | { readonly items: readonly Node[] } | { readonly members: readonly Member[] }

/** A key, with its quotes, and its value. */
export type Member = readonly [key: string, value: Node]

/** What is nested deeper is no body of QLink's, and would take more stack than there is. */
const DEEPEST = 100
// eslint-disable-next-line no-control-regex -- a JSON text has none of them inside its quotes
const TOKEN = /[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{}:,])/y

/** @returns undefined where the text is no JSON */
export function readTree(text: string): Node | undefined {
  const reader = new Reader(text)
  const root = reader.value(0)
  return root !== undefined && reader.atEnd() ? root : undefined
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    return this.#text.slice(this.#at).trim() === ''
  }

  value(depth: number): Node | undefined {
    const token = this.#next()
    if (token === undefined || depth > DEEPEST) return undefined
    if (token === '[') return this.#items(depth)
    if (token === '{') return this.#members(depth)
    return token.length === 1 && '}]:,'.includes(token) ? undefined : { raw: token }
  }

  #items(depth: number): Node | undefined {
    const items: Node[] = []
    if (this.#accept(']')) return { items }
    for (;;) {
      const item = this.value(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
      if (this.#accept(']')) return { items }
      if (!this.#accept(',')) return undefined
    }
  }

  #members(depth: number): Node | undefined {
    const members: Member[] = []
    if (this.#accept('}')) return { members }
    for (;;) {
      const key = this.#next()
      if (key?.startsWith('"') !== true || !this.#accept(':')) return undefined
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      members.push([key, value])
      if (this.#accept('}')) return { members }
      if (!this.#accept(',')) return undefined
    }
  }

  #next(): string | undefined {
    TOKEN.lastIndex = this.#at
    const token = TOKEN.exec(this.#text)?.[1]
    if (token !== undefined) this.#at = TOKEN.lastIndex
    return token
  }

  #accept(wanted: string): boolean {
    const before = this.#at
    if (this.#next() === wanted) return true
    this.#at = before
    return false
  }
}

/** How JSON is laid out: what stands between its tokens. */
export interface Layout {
  readonly comma: string
  readonly colon: string
  /** What a level is indented by; without it all stands on one line. */
  readonly indent?: string
  /** Jackson's printer leaves lists on their line, and a blank in what is empty. */
  readonly jackson?: boolean
}

export const COMPACT: Layout = { comma: ',', colon: ':' }
/** `json.dumps` of Python, where its separators are not set. */
export const PYTHON: Layout = { comma: ', ', colon: ': ' }
/** The pretty printers there are. */
export const PRETTY: readonly Layout[] = [
  { comma: ',', colon: ': ', indent: '  ' },
  { comma: ',', colon: ': ', indent: '    ' },
  { comma: ',', colon: ': ', indent: '\t' },
  { comma: ',', colon: ' : ', indent: '  ', jackson: true },
]

/** All that leave blanks. */
export const LAYOUTS_WITH_BLANKS: readonly Layout[] = [PYTHON, ...PRETTY]

/** Writes a tree in a layout. */
export function writeTree(node: Node, layout: Layout, level = 0): string {
  if ('raw' in node) return node.raw
  if ('items' in node) {
    const parts = node.items.map((item) => writeTree(item, layout, layout.jackson === true ? level : level + 1))
    if (layout.jackson === true) return parts.length === 0 ? '[ ]' : `[ ${parts.join(', ')} ]`
    return enclosed('[', parts, ']', layout, level)
  }
  const parts = node.members.map(([key, value]) => key + layout.colon + writeTree(value, layout, level + 1))
  return layout.jackson === true && parts.length === 0 ? '{ }' : enclosed('{', parts, '}', layout, level)
}

function enclosed(open: string, parts: readonly string[], close: string, { comma, indent }: Layout, level: number): string {
  if (indent === undefined || parts.length === 0) return open + parts.join(comma) + close
  const outer = `\n${indent.repeat(level)}`
  const inner = outer + indent
  return open + inner + parts.join(comma + inner) + outer + close
}

/** The layout in which a text was written, of those that are known; {@link COMPACT} where it is none of them. */
export function layoutOf(text: string, tree: Node): Layout {
  return [COMPACT, ...LAYOUTS_WITH_BLANKS].find((layout) => writeTree(tree, layout) === text) ?? COMPACT
}

/**
 * Sorts the keys of a tree as most languages do, by their characters.
 *
 * @param deep whether of all objects, or of the outermost alone
 */
export function sorted(node: Node, deep: boolean): Node {
  if ('raw' in node || ('items' in node && !deep)) return node
  const inner = deep ? onChildren(node, (child) => sorted(child, deep)) : node
  if (!('members' in inner) || inner.members.every(([key], index) => index === 0 || (inner.members[index - 1]?.[0] ?? '') <= key)) return inner
  return { members: inner.members.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

/**
 * Leaves members out whose value is empty.
 *
 * @param isEmpty what counts as empty
 */
export function without(node: Node, isEmpty: (value: Node) => boolean): Node {
  const full = 'members' in node && node.members.some(([, value]) => isEmpty(value)) ? { members: node.members.filter(([, value]) => !isEmpty(value)) } : node
  return onChildren(full, (child) => without(child, isEmpty))
}

/** Writes texts and numbers anew. */
export function mapScalars(node: Node, change: (raw: string, key: string) => string, key = ''): Node {
  if (!('raw' in node)) return onChildren(node, (child, name) => mapScalars(child, change, name ?? key))
  const raw = change(node.raw, key)
  return raw === node.raw ? node : { raw }
}

/** The same node where none of its children changes. */
function onChildren(node: Node, change: (child: Node, key: string | undefined) => Node): Node {
  if ('raw' in node) return node
  let changes = 0
  const see = (child: Node, key?: string): Node => {
    const made = change(child, key)
    if (made !== child) changes++
    return made
  }
  const made = 'items' in node
    ? { items: node.items.map((item) => see(item)) }
    : { members: node.members.map(([key, value]): Member => [key, see(value, key.slice(1, -1))]) }
  return changes === 0 ? node : made
}
