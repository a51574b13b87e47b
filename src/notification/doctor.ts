import { existsSync } from 'node:fs'
import type { Attempt } from '../bill/bill.ts'
import { adviceOn } from './trouble.ts'

let contained: boolean | undefined

/** Whether this process is in a container; looked up once. */
export function inContainer(): boolean {
  // Docker's mark, and Podman's and Kubernetes'.
  contained ??= ['/.dockerenv', '/run/.containerenv'].some((mark) => existsSync(mark)) || 'KUBERNETES_SERVICE_HOST' in process.env
  return contained
}

/** What to do about an answer that is no acknowledgement. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'the merchant could not read it: its own log may say why; the body is JSON in UTF-8',
  401: 'the merchant refuses the signature: it must be checked over the body\'s exact bytes, with this merchant\'s secret',
  403: 'the merchant refuses it: is there a login or a CSRF check before the endpoint, or does the signature not fit there?',
  404: 'nothing is served at that path: /payNotification is appended to the registered URL unless it ends so',
  405: 'the path must take POST',
  415: 'the path must take application/json',
}

/**
 * What to try after an attempt that was not acknowledged.
 *
 * @returns a sentence or two; undefined where there is nothing to say
 */
export function advise({ acknowledged, url, error = '', answer }: Pick<Attempt, 'acknowledged' | 'url' | 'error' | 'answer'>, here = inContainer()): string | undefined {
  if (acknowledged) return undefined
  if (/^no (whole )?answer within/.test(error)) return 'answer first and do the work later; --notify-timeout, or notification.timeout of the merchant, gives more time'
  if (answer === undefined) return adviceOn(error, { url: new URL(url), inContainer: here })
  const { status, headers, body } = answer
  if (/HTTP request (was )?sent to (an )?HTTPS/i.test(body)) return `the server speaks https there: let the URL begin with https://${new URL(url).host}`
  if (status < 300) return error === '' ? undefined : 'what is not {"success":false} acknowledges; an empty body is best'
  if (status < 400) return `register the URL that it leads to${headers['location'] === undefined ? '' : `: ${headers['location']}`}`
  return BY_STATUS[status] ?? (status >= 500 ? 'the merchant failed: its own log says why' : undefined)
}
