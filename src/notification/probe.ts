import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { inContainer } from './doctor.ts'
import { notificationUrl } from './payload.ts'
import { adviceOn, fromContainer, inWords, isLoopback } from './trouble.ts'

/** One step on the way to a merchant. */
export interface ProbeStep {
  readonly step: 'url' | 'name' | 'connect' | 'tls' | 'request'
  readonly ok: boolean
  readonly message: string
  /** What to try. */
  readonly advice?: string
  /** Real milliseconds. */
  readonly durationMs: number
}

/** Whether notifications can reach a merchant, and how far they come if not. */
export interface Probe {
  readonly url: string
  readonly ok: boolean
  /** Up to the first that failed. */
  readonly steps: readonly ProbeStep[]
}

interface Found {
  message: string
  advice?: string | undefined
}

/**
 * Goes to where a merchant's notifications go, step by step. Nothing is told there: the last step is a HEAD, to which any
 * answer means that someone serves HTTP.
 *
 * @param registered the merchant's URL
 * @param signal ends it where it takes too long
 */
export async function probe(registered: string, signal: AbortSignal, contained = inContainer()): Promise<Probe> {
  const url = new URL(notificationUrl(registered))
  const steps: ProbeStep[] = []
  const take = async (step: ProbeStep['step'], walk: () => Found | Promise<Found>): Promise<boolean> => {
    const started = performance.now()
    const done = (ok: boolean, { message, advice }: Found): boolean => {
      const durationMs = Math.round((performance.now() - started) * 10) / 10
      steps.push({ step, ok, message, ...(advice === undefined ? {} : { advice }), durationMs })
      return ok
    }
    try {
      return done(true, await within(signal, walk))
    } catch (error) {
      if (error === signal.reason) return done(false, { message: 'it took too long, and was broken off', advice: 'a firewall that drops packets, or a server that is stuck: try it by curl -v' })
      const message = inWords(error)
      return done(false, { message, advice: adviceOn(message, { url, inContainer: contained }) })
    }
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
  let addresses = [host]
  const ok = await take('url', () => ({ message: `notifications go to ${url.href}`, ...(contained && isLoopback(url) ? { advice: fromContainer(url) } : {}) }))
    && await take('name', async () => {
      if (isIP(host) !== 0) return { message: `${host} is an address` }
      addresses = (await lookup(host, { all: true })).map(({ address }) => address)
      return { message: `${host} is ${addresses.join(' and ')}` }
    })
    && await take('connect', async () => ({ message: `${await connectToOne(addresses, port, signal)} port ${port} takes connections` }))
    && (url.protocol === 'http:' || await take('tls', () => shakeHands(host, port, signal)))
    && await take('request', () => askFor(url, signal))
  return { url: url.href, ok, steps }
}

async function within(signal: AbortSignal, walk: () => Found | Promise<Found>): Promise<Found> {
  signal.throwIfAborted()
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([walk(), aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Tries addresses one after another; fails as the last one does. */
async function connectToOne(addresses: readonly string[], port: number, signal: AbortSignal): Promise<string> {
  let failure: unknown
  for (const address of addresses) {
    try {
      await opened(connect({ host: address, port }), 'connect', signal)
      return address
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function shakeHands(host: string, port: number, signal: AbortSignal): Promise<Found> {
  const socket = tlsConnect({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
  return opened(socket, 'secureConnect', signal, () => {
    const { subject, issuer, valid_to: until } = socket.getPeerCertificate()
    return { message: `the certificate is ${nameOf(subject)}'s, signed by ${nameOf(issuer)}, and good until ${until}` }
  })
}

function nameOf(owner: { CN?: string | string[]; O?: string | string[] }): string {
  return [owner.CN ?? owner.O ?? 'nobody'].flat().join(', ')
}

/** Waits until a socket is open, looks, and lets go of it. */
function opened<T>(socket: Socket, event: string, signal: AbortSignal, look?: () => T): Promise<T> {
  const stop = (): void => {
    socket.destroy(signal.reason as Error)
  }
  signal.addEventListener('abort', stop)
  return new Promise<T>((resolve, reject) => {
    socket.once('error', reject).once(event, () => {
      resolve(look?.() as T)
    })
  }).finally(() => {
    signal.removeEventListener('abort', stop)
    socket.on('error', () => undefined).destroy()
  })
}

function askFor(url: URL, signal: AbortSignal): Promise<Found> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const asked = send(url, { method: 'HEAD', agent: false, signal }, (answer) => {
      const status = answer.statusCode ?? 0
      answer.resume()
      resolve({
        message: `HEAD is answered ${status}`,
        ...(status === 404 || status === 405 ? { advice: 'HEAD need not be served; a POST to the same path must be' } : {}),
        ...(status >= 300 && status < 400 ? { advice: `redirects are not followed: register the URL that it leads to, ${String(answer.headers.location)}` } : {}),
      })
    })
    asked.on('error', reject).end()
  })
}
