import { withBody, type Draft } from '../draft.ts'

/** How to do it right, as code or in words. */
export interface Mend {
  readonly java: string
  readonly javascript: string
  readonly python: string
  readonly go: string
  readonly php: string
}

/** In which order mistakes are made that are made together; a part of the string each. */
export const STAGES = ['tree', 'layout', 'body', 'content', 'template', 'escapes', 'secret', 'bytes'] as const
export type Stage = (typeof STAGES)[number]

/** One way in which a mistake is made. */
export interface Variant {
  readonly stage: Stage
  /** Too seldom to be looked for together with another mistake. */
  readonly rare?: boolean
  /** @returns the string as it is made with the mistake, or several; undefined where there is nothing to make it with */
  readonly apply: (draft: Draft, around: Surroundings) => Draft | readonly Draft[] | undefined
}

/** What an explanation may know besides the request. */
export interface Surroundings {
  readonly others: readonly { readonly appKey?: string | undefined; readonly appSecret: string }[]
}

/** A mistake that merchants make with signatures: what is said of it, and how its string is made. */
export interface Mistake {
  /** One sentence without its full stop, in English and in Chinese: what was done, and what would be right. */
  readonly en: string
  readonly zh: string
  readonly mend: Mend
  readonly variants: readonly Variant[]
}

/** A change of the body's text, before it is put into content. */
export function bodyText(change: (body: string) => string, rare = false): Variant {
  return { stage: 'body', rare, apply: (draft) => (draft.body === '' ? undefined : changed(draft, change(draft.body))) }
}

/** What leaves the body as it is, is no mistake. */
export function changed(draft: Draft, body: string, tree?: Draft['tree']): Draft | undefined {
  return body === draft.body ? undefined : withBody(draft, body, tree)
}

/** Another way to put the body into content. */
export function contentForm(form: Draft['form'], rare = false): Variant {
  return { stage: 'content', rare, apply: (draft) => (draft.body === '' ? undefined : { ...draft, form }) }
}

/** Names, order and number of the template's parts. */
export function templateParts(parts: Draft['parts'], rare = false): Variant {
  return { stage: 'template', rare, apply: (draft) => ({ ...draft, parts: (given, secret) => parts(draft.parts(given, secret), secret) }) }
}

/** What the writer of the template's JSON escapes. */
export function templateEscape(escape: (template: string) => string, rare = false): Variant {
  return { stage: 'escapes', rare, apply: (draft) => ({ ...draft, escape: (template) => escape(draft.escape(template)) }) }
}

/** Something else in the template's place. */
export function insteadOfTemplate(instead: (draft: Draft, secret: string) => string): Variant {
  return { stage: 'template', rare: true, apply: (draft) => ({ ...draft, instead }) }
}

/** Another way to join template and secret. */
export function joined(join: Draft['join'], rare = false): Variant {
  return { stage: 'secret', rare, apply: (draft) => ({ ...draft, join }) }
}

/** Another text for the secret; what is not undefined is shown with the same change. */
export function secretText(change: (secret: string) => string, rare = false): Variant {
  return {
    stage: 'secret',
    rare,
    apply: (draft) => ({ ...draft, secret: { value: change(draft.secret.value), shown: change(draft.secret.shown) } }),
  }
}

/** The string in the bytes of another charset. */
export function inBytes(bytes: (text: string) => Buffer, rare = false): Variant {
  return { stage: 'bytes', rare, apply: (draft) => ({ ...draft, bytes }) }
}
