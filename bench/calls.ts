import { request } from 'undici'
import type { Prepared } from './requests.ts'

/** Sends one prepared request and returns its answer's text. */
export async function send(url: string, { method, path, headers, body }: Prepared, isRight: (answer: string) => boolean): Promise<string> {
  const answer = await request(url + path, { method, headers, body })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !isRight(text)) throw new Error(`${path} is answered ${answer.statusCode}: ${text.slice(0, 300)}`)
  return text
}

/** Calls the control API, or the receiver's, and returns what the answer's JSON says. */
export async function call(method: 'GET' | 'POST' | 'PUT', url: string, body?: object): Promise<unknown> {
  const answer = await request(url, body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const text = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`${method} ${url} is answered ${answer.statusCode}: ${text.slice(0, 300)}`)
  return text === '' ? undefined : JSON.parse(text)
}

interface Advanced {
  ran: { expiries: number; steps: number; attempts: number }
}

/** Advances a sandbox's clock; what it ran, and in how many seconds. */
export async function advance(url: string, by: string): Promise<Advanced['ran'] & { seconds: number }> {
  const begun = performance.now()
  const { ran } = (await call('POST', `${url}/_sandbox/clock/advance`, { by })) as Advanced
  return { ...ran, seconds: (performance.now() - begun) / 1000 }
}
