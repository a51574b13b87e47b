import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Signs a body as QLink wants it: SHA-1 over {"appKey":"…","content":"<the body as a JSON string>"} and the secret.
 *
 * @param {{ appKey: string, appSecret: string }} keys
 * @param {string} body exactly as it travels
 */
export function sign({ appKey, appSecret }, body) {
  const signed = body === '' ? { appKey } : { appKey, content: body }
  return createHash('sha1').update(JSON.stringify(signed) + appSecret).digest('hex')
}

/** Whether a callback was signed with our secret. */
export function isSigned(keys, body, signature) {
  const [expected, given] = [sign(keys, body), String(signature ?? '')].map((text) => Buffer.from(text))
  return expected.length === given.length && timingSafeEqual(expected, given)
}
