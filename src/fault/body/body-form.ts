/** What a notification says, field by field, in the document's order. */
export type Payload = Readonly<Record<string, string>>

/** A notification's body as it is signed, and as it is sent where that is not the same. */
export interface WrittenBody {
  readonly signed: string
  readonly sent: string
}

/** A way to write a notification's body. */
export interface BodyForm {
  /** What the merchant gets, in a sentence: English, then Chinese. */
  readonly description: string
  write(payload: Payload): WrittenBody
}

/** A body that is sent as it was signed. */
export function rightlySigned(text: string): WrittenBody {
  return { signed: text, sent: text }
}
