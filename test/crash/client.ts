import { createHash } from 'node:crypto'
import { errors, Pool } from 'undici'

export type Json = Record<string, unknown>
export interface Answer { status: number; reason: string | undefined; text: string }

const APP_KEY = 'demo-app-key'
const APP_SECRET = 'demo-app-secret'
/** Longer than a sandbox may take for anything, SIGTERM included. */
const PATIENCE = 20_000

/** The signature as the contract describes it, written once more: a test that borrowed the product's would believe it. */
export const sign = (content: string): string =>
  createHash('sha1').update(`{"appKey":"${APP_KEY}","content":${JSON.stringify(content)}}${APP_SECRET}`, 'utf8').digest('hex')

/** Calls one sandbox over a few connections that stay open. Where no whole answer came, there is none: undefined. */
export class Client {
  readonly #pool: Pool

  constructor(url: string, connections: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: PATIENCE, bodyTimeout: PATIENCE })
  }

  qlink(operation: 'apply' | 'getPayStatus' | 'cancel', body: string): Promise<Answer | undefined> {
    return this.#send('POST', `/open-platform-api/pay/${operation}`, body, { appKey: APP_KEY, sign: sign(body) })
  }

  get(path: string): Promise<Answer | undefined> {
    return this.#send('GET', path)
  }

  post(path: string, body: Json = {}): Promise<Answer | undefined> {
    return this.#send('POST', path, JSON.stringify(body))
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }

  async #send(method: 'GET' | 'POST', path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    try {
      const answer = await this.#pool.request({
        method, path, headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body }),
      })
      const text = await answer.body.text()
      const reason = answer.headers['x-qlink-sandbox-error']
      return { status: answer.statusCode, reason: typeof reason === 'string' ? reason : undefined, text }
    } catch (error) {
      // A process that died closes its connections; one that lives has to say something.
      if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
        throw new Error(`${method} ${path} was not answered within ${PATIENCE} ms: ${body ?? ''}`, { cause: error })
      }
      return undefined
    }
  }
}

export const object = (text: string): Json => {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError(`not an object: ${text}`)
  return value as Json
}

/** The store could not be written, or the sandbox is about to end; either way nothing may have happened. */
export const isRefusal = ({ status, reason }: Answer): boolean => status === 503 || reason === 'STORE_UNAVAILABLE'
