import { Agent, request } from 'undici'
import type { Sender, Sent } from './sender.ts'

/** Of an answer, this much is kept. */
const KEPT_BYTES = 16 * 1024

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
  readonly #agent = new Agent({ connections: null })
  readonly #closing = new AbortController()

  async post(url: string, headers: Record<string, string>, body: string, timeout: number): Promise<Sent> {
    const started = performance.now()
    const durationMs = (): number => Math.round((performance.now() - started) * 10) / 10
    const tooLate = AbortSignal.timeout(timeout)
    try {
      const response = await request(url, {
        method: 'POST',
        headers,
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.any([tooLate, this.#closing.signal]),
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      const text = await readSome(response.body)
      return { durationMs: durationMs(), answer: { status: response.statusCode, headers: flatten(response.headers), body: text } }
    } catch (error) {
      if (this.#closing.signal.aborted) return { durationMs: durationMs(), aborted: true }
      return { durationMs: durationMs(), error: tooLate.aborted ? `no answer within ${timeout} ms` : inWords(error) }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#agent.destroy()
  }
}

async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    if (size < KEPT_BYTES) chunks.push(chunk)
    size += chunk.length
  }
  const kept = Buffer.concat(chunks).subarray(0, KEPT_BYTES).toString('utf8')
  return size > KEPT_BYTES ? `${kept}… (${size} bytes in all)` : kept
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

function inWords(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  const words = code === undefined ? undefined : IN_WORDS[code]
  return words === undefined ? message : `${words} (${String(code)})`
}
