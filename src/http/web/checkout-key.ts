import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * What the link to a bill's checkout page ends in. Where the sandbox asks for a token, a customer has none, so the link
 * has a key of its own, good for this bill alone; the token cannot be told from it.
 *
 * @param token the control token, if there is one
 */
export function checkoutQuery(token: string | undefined): (billCode: string) => string {
  return token === undefined ? () => '' : (billCode) => `?key=${keyOf(token, billCode)}`
}

/** Whether a key opens a bill's checkout page. */
export function opensCheckout(token: string, billCode: string, key: unknown): boolean {
  const expected = Buffer.from(keyOf(token, billCode))
  const given = Buffer.from(typeof key === 'string' ? key : '')
  return expected.length === given.length && timingSafeEqual(expected, given)
}

function keyOf(token: string, billCode: string): string {
  return createHmac('sha256', token).update(`checkout ${billCode}`).digest('base64url')
}
