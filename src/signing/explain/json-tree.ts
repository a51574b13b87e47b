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
  const { jackson = false, indent } = layout
  const isList = 'items' in node
  const length = isList ? node.items.length : node.members.length
  if (length === 0) return isList ? (jackson ? '[ ]' : '[]') : jackson ? '{ }' : '{}'
  const inOneLine = indent === undefined || (jackson && isList)
  const outer = inOneLine ? (jackson ? ' ' : '') : `\n${indent.repeat(level)}`
  const inner = inOneLine ? outer : outer + indent
  const comma = jackson && isList ? ',' : layout.comma
  const below = jackson && isList ? level : level + 1
  // Text is put to text: lists of parts would take longer than all the rest.
  let written = ''
  if (isList) {
    for (const item of node.items) written += (written === '' ? '[' : comma) + inner + writeTree(item, layout, below)
  } else {
    for (const [key, value] of node.members) written += (written === '' ? '{' : comma) + inner + key + layout.colon + writeTree(value, layout, below)
  }
  return written + outer + (isList ? ']' : '}')
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
  if ('items' in node) {
    const items = whereChanged(node.items, (item) => change(item, undefined))
    return items === node.items ? node : { items }
  }
  const members = whereChanged(node.members, (member) => {
    const [key, value] = member
    const made = change(value, key.slice(1, -1))
    return made === value ? member : [key, made] as const
  })
  return members === node.members ? node : { members }
}

/** The same list where nothing changes: most changes are none for most of a body. */
function whereChanged<T>(list: readonly T[], change: (one: T) => T): readonly T[] {
  let made: T[] | undefined
  for (const [index, one] of list.entries()) {
    const other = change(one)
    if (other !== one) made ??= list.slice(0, index)
    made?.push(other)
  }
  return made ?? list
}
