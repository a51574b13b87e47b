// What the black-box tests share: a naive signer, a caller, and a merchant that remembers what it is told.
// It knows the documents and HTTP, and nothing of the product but startSandbox.
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Test } from 'tap'
import { startMerchantEndpoint, startSandbox, type Sandbox } from '../../src/index.ts'

export const NOW = '2025-08-04 13:45:21'
export const OPERATIONS = ['queryPayAccount', 'apply', 'getPayStatus', 'cancel'] as const

export type Json = Record<string, unknown>
export type Options = NonNullable<Parameters<typeof startSandbox>[0]>
export interface Keys { appKey: string; appSecret: string }
export interface Answer { status: number; headers: IncomingHttpHeaders; text: string }
export interface Made { tradeUuid: string; orderCode: string; billCode: string; paymentRequestId: string }
export interface Told { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer; status: number }
export interface Reply { status: number; body?: string; headers?: Record<string, string> }
interface Closing { teardown: (close: () => unknown) => unknown }

export const demo: Keys = { appKey: 'demo-app-key', appSecret: 'demo-app-secret' }

/* Reading unknown JSON. */

const unexpected = (wanted: string, value: unknown): never => {
  throw new TypeError(`expected ${wanted}, got ${JSON.stringify(value)}`)
}
export const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Json : unexpected('an object', value)
export const list = (value: unknown): Json[] =>
  Array.isArray(value) ? value.map(object) : unexpected('a list', value)
export const string = (value: unknown): string =>
  typeof value === 'string' ? value : unexpected('a string', value)
export const parsed = (answer: Answer): unknown => {
  try {
    return JSON.parse(answer.text)
  } catch {
    return unexpected('a JSON answer', answer)
  }
}
export const body = (answer: Answer): Json => object(parsed(answer))
export const items = (answer: Answer): Json[] => list(body(answer)['items'])
export const keysOf = (value: unknown): string[] => Object.keys(object(value)).sort()

/* Signing, as CONTRACT.md §2 says it. */

const sha1 = (text: string): string => createHash('sha1').update(text, 'utf8').digest('hex')
export const sign = ({ appKey, appSecret }: Keys, content: string): string =>
  sha1((content === ''
    ? `{"appKey":${JSON.stringify(appKey)}}`
    : `{"appKey":${JSON.stringify(appKey)},"content":${JSON.stringify(content)}}`) + appSecret)
export const signAsObject = ({ appKey, appSecret }: Keys, content: string): string =>
  sha1(`{"appKey":${JSON.stringify(appKey)},"content":${content}}${appSecret}`)

/* Sending. */

export interface Sending { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer; chunked?: boolean; agent?: Agent }

export const send = (url: string, sending: Sending = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method = 'POST', headers = {}, body: content = '', chunked = false, agent = false } = sending
    const outgoing = request(url, { method, headers, agent }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => { chunks.push(chunk) })
      incoming.on('error', reject)
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text })
      })
    })
    outgoing.on('error', reject)
    if (chunked) outgoing.flushHeaders()
    outgoing.end(content)
  })

let numbers = 0
export const unique = (prefix: string): string => {
  numbers += 1
  return `${prefix}-${String(numbers)}`
}

/** A whole application as the document's example has it, with an own tradeUuid. */
export const application = (over: Json = {}): Json => ({
  payAccount: 'account1',
  payTypeCode: 'ONLINE',
  payChannelCode: 'QRIS',
  tradeUuid: unique('trade'),
  tradeTime: NOW,
  source: 'QERP_ASIA',
  orderCode: unique('order'),
  country: 'ID',
  currency: 'IDR',
  amount: 1.1,
  description: '描述',
  metadata: '',
  items: [item()],
  ...over,
})
export const item = (over: Json = {}): Json => ({
  skuCode: 'SKU01', skuName: '商品01', quantity: '1', url: 'http://', imageUrl: 'http://',
  category: '', subcategory: '', description: '', metadata: '', ...over,
})
export const without = (value: Json, name: string): Json =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
/** JSON text in which the amount stands digit for digit as given, quoted or not. */
export const withAmount = (literal: string, over: Json = {}): string =>
  JSON.stringify(application({ ...over, amount: '@amount@' })).replace('"@amount@"', literal)

export interface Calling { keys?: Keys; sign?: string | undefined; headers?: OutgoingHttpHeaders; chunked?: boolean }

/**
 * A directory for a test. tap takes it away before the teardowns that come after it was made, but after those from
 * before; whatever still writes there has to be closed first.
 */
export const directory = (t: Test, content?: Parameters<Test['testdir']>[0]): string => {
  t.teardown(() => undefined)
  return t.testdir(content)
}

/** Starts a sandbox that closes with the test, and gives what one does with it. */
export const open = async (t: Closing, options: Options = {}, start: (options: Options) => Promise<Pick<Sandbox, 'url' | 'baseUrl' | 'close'>> = startSandbox) => {
  const sandbox = await start({ clock: 'manual', now: NOW, seed: 'blackbox', ...options })
  t.teardown(() => sandbox.close())
  const { url, baseUrl } = sandbox

  /** Signs and posts: a string or Buffer exactly as it is, anything else as JSON. */
  const call = (operation: string, content: unknown, calling: Calling = {}): Promise<Answer> => {
    const { keys = demo, headers = {}, chunked = false } = calling
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
    const signature = calling.sign ?? sign(keys, bytes.toString('utf8'))
    return send(`${baseUrl}/${operation}`, {
      headers: { 'content-type': 'application/json', appKey: keys.appKey, sign: signature, ...headers },
      body: bytes,
      chunked,
    })
  }
  const control = (method: string, path: string, content?: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> =>
    send(`${url}/_sandbox${path}`, content === undefined
      ? { method, headers }
      : {
          method,
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof content === 'string' ? content : JSON.stringify(content),
        })
  const done = async (answer: Promise<Answer>): Promise<Answer> => {
    const got = await answer
    return got.status >= 200 && got.status < 300 ? got : unexpected('a 2xx answer', got)
  }

  return {
    sandbox,
    url,
    baseUrl,
    call,
    control,
    health: () => send(`${url}/health`, { method: 'GET' }),
    /** A merchant of one's own; without a notify URL unless one is given. */
    merchant: async (fields: Json = {}): Promise<Keys> => {
      const made = body(await done(control('POST', '/merchants', { notifyUrl: null, ...fields })))
      return { appKey: string(made['appKey']), appSecret: string(made['appSecret']) }
    },
    scenario: async (name: string, parts: Json): Promise<void> => {
      await done(control('PUT', `/scenarios/${name}`, { name, description: `${name}, for a test`, ...parts }))
    },
    /** Applies and expects a bill. */
    bill: async (keys: Keys, over: Json | string = {}): Promise<Made> => {
      const text = typeof over === 'string' ? over : JSON.stringify(application(over))
      const answer = body(await call('apply', text, { keys }))
      if (answer['success'] !== true) unexpected('a bill', answer)
      const sent = object(JSON.parse(text))
      return {
        tradeUuid: string(sent['tradeUuid']),
        orderCode: string(sent['orderCode']),
        billCode: string(answer['billCode']),
        paymentRequestId: string(answer['paymentRequestId']),
      }
    },
    act: (id: string, move: string, content: Json = {}) => control('POST', `/bills/${id}/${move}`, content),
    must: (id: string, move: string, content: Json = {}) => done(control('POST', `/bills/${id}/${move}`, content)),
    /** What getPayStatus says about one bill. */
    status: async (keys: Keys, billCode: string): Promise<Json> => {
      const [entry] = list(parsed(await call('getPayStatus', { billCodeList: [billCode] }, { keys })))
      return object(entry)
    },
    cancel: async (keys: Keys, billCode: string): Promise<Json> => body(await call('cancel', { billCode }, { keys })),
    advance: (by: string) => done(control('POST', '/clock/advance', { by })),
    /** Everything due now has run, and its deliveries are answered. */
    settle: () => done(control('POST', '/clock/advance', { by: '0s' })),
    /** The notifications of one merchant, whole. */
    notifications: async (keys: Keys): Promise<Json[]> => {
      const found = items(await done(control('GET', `/notifications?appKey=${keys.appKey}`)))
      return Promise.all(found.map(async ({ id }) => body(await done(control('GET', `/notifications/${string(id)}`)))))
    },
  }
}
export type Gate = Awaited<ReturnType<typeof open>>

/** A merchant's server, the kit's own: answers as told (by a rule: what it was told so far, this one included). */
export const endpoint = async (t: Closing, rule: Reply | ((told: Told[]) => Reply) = { status: 204 }, port = 0) => {
  const told: Told[] = []
  const shop = await startMerchantEndpoint({
    port,
    answer: ({ method, path, headers, bytes }) => {
      const one: Told = { method, path, headers, body: bytes, status: 0 }
      told.push(one)
      const reply = typeof rule === 'function' ? rule(told) : rule
      one.status = reply.status
      const { status, body: content = '', headers: more = {} } = reply
      return { status, body: content, headers: { ...(content.startsWith('{') && { 'content-type': 'application/json' }), ...more } }
    },
  })
  const close = (): Promise<void> => shop.close()
  t.teardown(close)
  return {
    url: shop.url,
    port: shop.port,
    told,
    close,
    statuses: (): unknown[] => told.map((one) => payload(one)['status']),
    /** The next request that no earlier next() gave. */
    next: async (): Promise<Told> => {
      const { number } = await shop.next({ timeout: '1m' })
      return told[number - 1] ?? unexpected('a request', number)
    },
  }
}
export const payload = (one: Told | undefined): Json => object(JSON.parse(one === undefined ? 'null' : one.body.toString('utf8')))

/** A port on which nobody listens. */
export const deadPort = async (): Promise<number> => {
  const closing: (() => unknown)[] = []
  const { port } = await endpoint({ teardown: (close) => closing.push(close) })
  await Promise.all(closing.map((close) => close()))
  return port
}

/* What every answer has to hold. */

export const fine = (t: Test, answer: Answer): void => {
  t.ok(answer.status >= 200 && answer.status < 300, 'a 2xx answer', { answer })
}


const STACK = /\n\s+at |^\s+at | {4}at |\b[A-Z]?[A-Za-z]*Error:|node:internal|node_modules/
export interface Refusal { names?: string | undefined; status?: number | number[] }

/** The documented failure and nothing else: CONTRACT.md §1. */
export const refused = (t: Test, answer: Answer, reason: string | string[], { names, status = 200 }: Refusal = {}): void => {
  const value = parsed(answer)
  const failure = object(value)
  const { success, message } = failure
  t.strictSame(keysOf(failure), ['message', 'success'], 'has exactly success and message')
  t.equal(success, false, 'success is false')
  t.match(message, /^\S.*$/, 'message says something')
  t.notMatch(message, /[\r\n]/, 'message is one line')
  t.notMatch(answer.text, STACK, 'no stack trace')
  t.ok([reason].flat().includes(String(answer.headers['x-qlink-sandbox-error'])),
    `reason is ${[reason].flat().join(' or ')}`, { found: answer.headers['x-qlink-sandbox-error'], said: message })
  if (names !== undefined) t.ok(String(message).includes(names), `message names ${names}`, { said: message })
  t.ok([status].flat().includes(answer.status), `HTTP status is ${[status].flat().join(' or ')}`, { found: answer.status })
  t.match(answer.headers['content-type'], /^application\/json/, 'is JSON')
}

/** Whatever it was taken for, it is no failure of the server: success, or the documented refusal. */
export const survived = (t: Test, answer: Answer): void => {
  t.ok(answer.status < 500, 'is no 5xx', { found: answer.status, text: answer.text })
  t.notMatch(answer.text, STACK, 'no stack trace')
  const value = parsed(answer)
  if (Array.isArray(value) || object(value)['success'] === true) return
  t.strictSame(keysOf(value), ['message', 'success'], 'is the documented failure')
  t.match(answer.headers['x-qlink-sandbox-error'], /^[A-Z][A-Z0-9_]+$/, 'gives a reason')
}
