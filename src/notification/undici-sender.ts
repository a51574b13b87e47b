import type { Agent } from 'undici'
import type { Sender, Sent } from './sender.ts'

/** An answer is read to its end to judge it, but not for ever: past this it is no answer. */
const LONGEST_ANSWER = 4 * 1024 * 1024

/** Failures that undici and Node report by a code, in words that say what to look at. */
const IN_WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset before an answer came',
  UND_ERR_SOCKET: 'the connection was closed before an answer came',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
}

/** POSTs notifications with undici. Redirects are not followed. */
export class UndiciSender implements Sender {
  #agent: Agent | undefined
  #closing = false

  async post(url: string, headers: Record<string, string>, body: string, timeout: number): Promise<Sent> {
    const started = performance.now()
    const sent = (rest: Partial<Sent>): Sent => ({ durationMs: Math.round((performance.now() - started) * 10) / 10, ...rest })
    const timer = new AbortController()
    const deadline = setTimeout(() => {
      timer.abort()
    }, timeout)
    let answer: Sent['answer']
    try {
      // Loaded by the first delivery: it is the largest thing that a start can do without.
      const { Agent, request } = await import('undici')
      if (this.#closing) return sent({ aborted: true })
      this.#agent ??= new Agent({ connections: null })
      // One deadline for it all, ours, in the place of undici's for the headers and for each piece of the body.
      const response = await request(url, { method: 'POST', headers, body, dispatcher: this.#agent, signal: timer.signal, headersTimeout: 0, bodyTimeout: 0 })
      answer = { status: response.statusCode, headers: flatten(response.headers), body: '' }
      answer.body = await read(response.body)
      return sent({ answer })
    } catch (error) {
      if (this.#closing) return sent({ aborted: true })
      const what = timer.signal.aborted ? `no ${answer === undefined ? '' : 'whole '}answer within ${timeout} ms` : inWords(error)
      return sent({ error: what, ...(answer === undefined ? {} : { answer }) })
    } finally {
      clearTimeout(deadline)
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#agent?.destroy()
  }
}

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > LONGEST_ANSWER) throw new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

function inWords(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  const words = IN_WORDS[code ?? ''] ?? `the answer could not be read: ${message.replace(/\s+/g, ' ').trim()}`
  return code === undefined ? words : `${words} (${code})`
}
