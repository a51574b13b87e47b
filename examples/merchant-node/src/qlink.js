import { Pool } from 'undici'
import { sign } from './sign.js'

/** QLink understood the request, and said no: nothing has happened. */
export class Refused extends Error {}

/** Nobody knows whether QLink did it: a timeout, a broken connection, a 5xx, an answer that is no JSON. Ask before you act. */
export class Ambiguous extends Error {}

/** The four endpoints of QLink. */
export class QLink {
  #pool
  #path
  #keys

  /** @param {{ baseUrl: string, appKey: string, appSecret: string, timeout?: number }} options timeout in milliseconds */
  constructor({ baseUrl, timeout = 5000, ...keys }) {
    const { origin, pathname } = new URL(baseUrl)
    this.#pool = new Pool(origin, { connections: 10, headersTimeout: timeout, bodyTimeout: timeout, connectTimeout: timeout })
    this.#path = pathname
    this.#keys = keys
  }

  apply(application) {
    return this.#call('apply', application)
  }

  cancel(tradeUuid) {
    return this.#call('cancel', { tradeUuid })
  }

  /** Where bills stand; unknown ones are left out. */
  status(tradeUuids) {
    return this.#call('getPayStatus', { tradeUuidList: tradeUuids })
  }

  close() {
    return this.#pool.close()
  }

  async #call(operation, content) {
    const body = JSON.stringify(content)
    const headers = { 'content-type': 'application/json', appKey: this.#keys.appKey, sign: sign(this.#keys, body) }
    let status, answer
    try {
      const response = await this.#pool.request({ method: 'POST', path: `${this.#path}/${operation}`, headers, body })
      status = response.statusCode
      answer = JSON.parse(await response.body.text())
    } catch (error) {
      throw new Ambiguous(`${operation}: ${error.message}`, { cause: error })
    }
    if (status >= 500 || status === 429) throw new Ambiguous(`${operation} was answered ${status}`)
    if (answer.success === false) throw new Refused(answer.message)
    return answer
  }
}
