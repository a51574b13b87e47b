import { writeTree, readTree, type Layout, type Node } from './json-tree.ts'

/** A secret, and what stands for it wherever the string is shown. */
export interface Secret {
  readonly value: string
  readonly shown: string
}

/** What a secret goes by while a string is put together; no way of writing JSON changes any of its letters. */
export const MASK = 'QLinkAppSecretGoesHere'
export const OTHER_MASK = 'QLinkOtherSecretGoesHere'

/** The parts of `{"appKey":"…","content":"…"}`, in their order: names, and values as JSON. */
export type Parts = readonly (readonly [name: string, json: string])[]

/**
 * How a string to sign is put together. QLink's way is {@link rightly}; a mistake is a change of one of these, which is
 * how mistakes go together.
 */
export interface Draft {
  readonly appKey: string
  /** What goes into content, and its tree where it is JSON. */
  readonly body: string
  /** The body as a JSON string, once someone has asked: changes of other things share it. */
  readonly quoted: { text?: string }
  readonly tree: Node | undefined
  readonly layout: Layout
  /** Content as JSON; undefined leaves it out. */
  readonly form: (draft: Draft) => string | undefined
  readonly parts: (parts: Parts, secret: string) => Parts
  /** How the template is laid out; undefined is without any blanks. */
  readonly templateLayout: Layout | undefined
  /** What its JSON writer escapes besides. */
  readonly escape: (template: string) => string
  /** What takes the place of the template. */
  readonly instead: ((draft: Draft, secret: string) => string) | undefined
  readonly secret: Secret
  readonly join: (template: string, secret: string) => string
  /** The bytes of the string; undefined for UTF-8. */
  readonly bytes: ((text: string) => Buffer) | undefined
}

const asText = ({ body, quoted }: Draft): string | undefined => (body === '' ? undefined : (quoted.text ??= JSON.stringify(body)))
export const asObject = ({ body }: Draft): string | undefined => (body === '' ? undefined : body)
export const unchanged = (template: string): string => template
const sameParts = (parts: Parts): Parts => parts
export const withoutSecret = (template: string): string => template
export const secretBehind = (template: string, secret: string): string => template + secret

/** The same string with another body in it. */
export function withBody(draft: Draft, body: string, tree?: Node): Draft {
  return { ...draft, body, quoted: {}, tree }
}

/**
 * QLink's own way (CONTRACT §2).
 *
 * @param reading content as a JSON string, or nested as an object for a merchant whose setting says so
 */
export function rightly(keys: { appKey: string; secret: Secret }, body: string, tree: Node | undefined, layout: Layout, reading: 'strict' | 'object'): Draft {
  return {
    appKey: keys.appKey,
    secret: keys.secret,
    body,
    quoted: {},
    tree,
    layout,
    form: reading === 'strict' ? asText : asObject,
    parts: sameParts,
    templateLayout: undefined,
    escape: unchanged,
    instead: undefined,
    join: secretBehind,
    bytes: undefined,
  }
}

/**
 * Puts the string together.
 *
 * @param as with the secret itself, to be hashed, or with what is shown in its place
 */
export function stringOf(draft: Draft, as: keyof Secret): string {
  const secret = draft.secret[as]
  return draft.join(draft.escape(draft.instead === undefined ? templateOf(draft, secret) : draft.instead(draft, secret)), secret)
}

/** `{"appKey":"…","content":"…"}`, or what has become of it. */
export function templateOf(draft: Draft, secret: string): string {
  const { appKey, form, parts, templateLayout } = draft
  const content = form(draft)
  // Most mistakes are elsewhere.
  if (parts === sameParts && templateLayout === undefined) {
    return `{"appKey":${JSON.stringify(appKey)}${content === undefined ? '' : `,"content":${content}`}}`
  }
  const all: Parts = [['appKey', JSON.stringify(appKey)], ...(content === undefined ? [] : [['content', content] as const])]
  const template = `{${parts(all, secret).map(([name, json]) => `"${name}":${json}`).join(',')}}`
  if (templateLayout === undefined) return template
  const tree = readTree(template)
  return tree === undefined ? template : writeTree(tree, templateLayout)
}
