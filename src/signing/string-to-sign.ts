/** What a signature covers: who signs, with what, and the text of the body. */
export interface SigningInput {
  /** The merchant's public key, as it travels in the header `appKey`. */
  appKey: string
  /** The merchant's secret. It is hashed, and never travels. */
  appSecret: string
  /** The request body's text exactly as it travels; empty or left out for no body. */
  content?: string | undefined
}

/**
 * Builds the text that QLink hashes: `{"appKey":"…","content":"…"}` with the secret appended.
 *
 * The key order is fixed and there are no blanks. `content` is the body as a JSON *string*: its quotes,
 * backslashes and line ends are escaped, while non-ASCII text and `/` stay as they are, which is what both
 * Jackson and `JSON.stringify` do. An empty body drops the key. (CONTRACT §2: QLink's document, and a sibling
 * document that prints a full sample.)
 *
 * @param input key, secret and body text
 * @returns the text whose UTF-8 bytes are hashed; it contains the secret, so it belongs in no log
 */
export function stringToSign({ appKey, appSecret, content }: SigningInput): string {
  const key = JSON.stringify(appKey)
  return content === undefined || content === ''
    ? `{"appKey":${key}}${appSecret}`
    : `{"appKey":${key},"content":${JSON.stringify(content)}}${appSecret}`
}

/**
 * The other way to read QLink's template: `content` as a nested object, its text put in unescaped. It is the
 * commonest mistake, and it is what a merchant whose setting is `signature: object` is checked against.
 *
 * @param input key, secret and body text
 * @returns the text whose UTF-8 bytes are hashed under that reading
 */
export function stringToSignAsObject({ appKey, appSecret, content }: SigningInput): string {
  const key = JSON.stringify(appKey)
  return content === undefined || content === ''
    ? `{"appKey":${key}}${appSecret}`
    : `{"appKey":${key},"content":${content}}${appSecret}`
}
