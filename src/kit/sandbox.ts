import { sign } from '../signing/sign.ts'
import { part, type Call } from './call.ts'
import {
  billHandle, billsOf, clockOf, notificationsOf, requestsOf, scenariosOf,
  type BillHandle, type Bills, type ClockHandle, type Notifications, type Requests, type Scenarios,
} from './handles.ts'
import type { CoverageView, Merchant, MerchantFields, MerchantView, ProbeView } from './views.ts'

/** What both the sandbox and one merchant of it can be asked. */
interface Seen {
  /** One bill, by its billCode or `tradeUuid:<uuid>`. */
  bill(id: string): BillHandle
  readonly bills: Bills
  readonly notifications: Notifications
  readonly requests: Requests
  readonly clock: ClockHandle
}

/** A merchant of a test's own. What it shows is its alone. */
export interface TestMerchant extends Seen, AsyncDisposable {
  readonly appKey: string
  readonly appSecret: string
  /** Of the sandbox: where the four endpoints are. */
  readonly baseUrl: string
  /** The headers of a signed request with this body. */
  headersFor(body: string): Record<string, string>
  get(): Promise<MerchantView>
  /** Changes some of its fields. */
  change(fields: Partial<Omit<Merchant, 'appKey'>>): Promise<MerchantView>
  /** What its suite has exercised, and what not. */
  coverage(how?: { since?: 'reset' | 'start' }): Promise<CoverageView>
  /** Tries whether its notifyUrl can be reached, and tells each step. */
  probe(url?: string): Promise<ProbeView>
  /** Its bills, notifications and requests are gone, its own clock is back at its start. */
  reset(): Promise<void>
  /** Takes it off, with all that it has. */
  remove(): Promise<void>
}

/** A sandbox, in this process or elsewhere, and everything that its control API can do. */
export interface Sandbox extends Seen, AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:4800`. */
  readonly url: string
  /** Where the four endpoints are. */
  readonly baseUrl: string
  /** Where the control API is. */
  readonly controlUrl: string
  /** One bill; where two merchants use one tradeUuid, of whom. */
  bill(id: string, appKey?: string): BillHandle
  /** Makes a merchant: one for each test keeps parallel tests apart. */
  merchant(fields?: MerchantFields): Promise<TestMerchant>
  readonly scenarios: Scenarios
  /** What merchants' suites have exercised, and what not. */
  coverage(of?: { appKey?: string; since?: 'reset' | 'start' }): Promise<CoverageView>
  /** Back to the fixtures; with `merchants` the merchants too. */
  reset(what?: { merchants?: boolean }): Promise<void>
  /** Ends it, where it is in this process; lets go of it, where it is elsewhere. */
  close(): Promise<void>
}

/** Where a sandbox is, and how it ends. */
export interface Place {
  url: string
  baseUrl: string
  controlUrl: string
  close: () => Promise<void>
}

/** Makes a sandbox's face of the calls to it. */
export function sandboxBy(call: Call, { url, baseUrl, controlUrl, close }: Place): Sandbox {
  return {
    url,
    baseUrl,
    controlUrl,
    ...seenBy(call),
    bill: (id, appKey) => billHandle(call, id, appKey),
    async merchant({ endpoint, ...fields } = {}) {
      const made = await call<Merchant>('POST', '/merchants', { body: { ...fields, ...(endpoint === undefined ? {} : { notifyUrl: endpoint.url }) } })
      endpoint?.trust(made)
      return merchantBy(call, made, baseUrl)
    },
    scenarios: scenariosOf(call),
    coverage: (of = {}) => call('GET', '/coverage', { query: { ...of } }),
    reset: (what = {}) => call('POST', '/reset', { body: what }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function merchantBy(call: Call, { appKey, appSecret }: Merchant, baseUrl: string): TestMerchant {
  const path = `/merchants/${part(appKey)}`
  const remove = (): Promise<void> => call('DELETE', path)
  return {
    appKey,
    appSecret,
    baseUrl,
    ...seenBy(call, appKey),
    headersFor: (content) => ({ 'content-type': 'application/json', appKey, sign: sign({ appKey, appSecret, content }) }),
    get: () => call('GET', path),
    change: (fields) => call('PATCH', path, { body: fields }),
    coverage: (how = {}) => call('GET', '/coverage', { query: { appKey, ...how } }),
    probe: (url) => call('POST', `${path}/probe`, { body: url === undefined ? {} : { url } }),
    reset: () => call('POST', '/reset', { query: { appKey } }),
    remove,
    [Symbol.asyncDispose]: remove,
  }
}

function seenBy(call: Call, appKey?: string): Seen {
  return {
    bill: (id) => billHandle(call, id, appKey),
    bills: billsOf(call, appKey),
    notifications: notificationsOf(call, appKey),
    requests: requestsOf(call, appKey),
    clock: clockOf(call, appKey),
  }
}
