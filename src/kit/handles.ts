import { part, type Call } from './call.ts'
import type {
  Advanced, BillDetail, BillFilter, BillView, BillWait, ClockView, NotificationFilter, NotificationView, NotificationWait,
  Patience, RequestFilter, RequestView, RequestWait, Scenario, Telling,
} from './views.ts'

/** One bill, and what a person or the provider does to it. Every call rejects with a SandboxError where it may not be. */
export interface BillHandle {
  /** The customer pays; `late` allows it after a failure or a cancel. */
  pay(how?: { late?: boolean }): Promise<BillDetail>
  /** The payment fails. */
  fail(how?: { errorCode?: string }): Promise<BillDetail>
  /** The provider cancels. */
  cancel(): Promise<BillDetail>
  /** The bill expires now. */
  expire(): Promise<BillDetail>
  /** Sends a notification now, once, whatever the bill's state. */
  notify(telling?: Telling): Promise<NotificationView>
  /** Everything about it. */
  get(): Promise<BillDetail>
  /** Waits until it is in a state. */
  reaches(status: NonNullable<BillWait['status']>, patience?: Patience): Promise<BillDetail>
  /** The scenario file, in YAML, that does the same to a bill again. */
  recorded(name?: string): Promise<string>
}

export interface Bills {
  /** Newest first. */
  list(filter?: BillFilter): Promise<BillView[]>
  /** Waits until there is such a bill. */
  wait(wanted?: BillWait): Promise<BillView>
}

export interface Notifications {
  /** Newest first. */
  list(filter?: NotificationFilter): Promise<NotificationView[]>
  get(id: string): Promise<NotificationView>
  /** Waits until such a notification was acknowledged, or is in another `state`; one that is there already counts. */
  wait(wanted?: NotificationWait): Promise<NotificationView>
  /** The same, but one that an earlier `next` has not given yet; the oldest first. */
  next(wanted?: Omit<NotificationWait, 'count'>): Promise<NotificationView>
  /** Sends one once more, now. */
  resend(id: string): Promise<NotificationView>
}

export interface Requests {
  /** Newest first. */
  list(filter?: RequestFilter): Promise<RequestView[]>
  get(id: string): Promise<RequestView>
  /** The newest that fits; undefined where there is none. */
  last(filter?: RequestFilter): Promise<RequestView | undefined>
  /** Waits until such a request has come; one that is there already counts. */
  wait(wanted?: RequestWait): Promise<RequestView>
  /** The same, but one that an earlier `next` has not given yet; the oldest first. */
  next(wanted?: Omit<RequestWait, 'count'>): Promise<RequestView>
  /** Forgets them. */
  clear(): Promise<void>
}

export interface ClockHandle {
  get(): Promise<ClockView>
  /** The time, in ISO 8601. */
  now(): Promise<string>
  /**
   * Advances a manual clock; what falls due on the way runs, and its deliveries are answered or timed out.
   *
   * @param by a duration such as `15m`, or where to stop: `{ to: '2026-01-01 00:00:00' }`
   */
  advance(by: string | { to: string }): Promise<Advanced>
  /** Chooses mode and rate. */
  set(how: { mode: 'real' | 'manual'; now?: string; rate?: number }): Promise<ClockView>
}

export interface Scenarios {
  list(): Promise<Scenario[]>
  get(name: string): Promise<Scenario>
  /** Puts a scenario here until the next reset, as an object, or as the text of a file with its name. */
  put(scenario: Scenario): Promise<Scenario>
  put(text: string, name: string): Promise<Scenario>
  remove(name: string): Promise<void>
}

/** @param appKey whose; everyone's where left out */
export function billHandle(call: Call, id: string, appKey?: string): BillHandle {
  const path = `/bills/${part(id)}`
  const query = { appKey }
  const move = (name: string, body: object): Promise<BillDetail> => call('POST', `${path}/${name}`, { query, body })
  const get = (): Promise<BillDetail> => call('GET', path, { query })
  return {
    pay: (how = {}) => move('pay', how),
    fail: (how = {}) => move('fail', how),
    cancel: () => move('cancel', {}),
    expire: () => move('expire', {}),
    notify: (telling = {}) => call('POST', `${path}/notify`, { query, body: telling }),
    get,
    async reaches(status, patience = {}) {
      const { billCode } = await get()
      await call('GET', '/bills/wait', { query: { ...query, billCode, status, ...patience } })
      return get()
    },
    recorded: (name) => call('GET', `${path}/scenario`, { query: { ...query, name } }),
  }
}

export function billsOf(call: Call, appKey?: string): Bills {
  return {
    list: (filter = {}) => all(call, '/bills', { ...filter, appKey }),
    wait: (wanted = {}) => call('GET', '/bills/wait', { query: { ...wanted, appKey } }),
  }
}

export function notificationsOf(call: Call, appKey?: string): Notifications {
  const wait: Notifications['wait'] = (wanted = {}) => call('GET', '/notifications/wait', { query: { ...wanted, appKey } })
  const next = inTurn<NotificationView>()
  return {
    list: (filter = {}) => all(call, '/notifications', { ...filter, appKey }),
    get: (id) => call('GET', `/notifications/${part(id)}`),
    wait,
    next: ({ timeout, status, ...about } = {}) => next(
      async () => {
        const found = await all<NotificationView>(call, '/notifications', { state: 'acknowledged', ...about, appKey })
        return status === undefined ? found : found.filter((one) => one.status === status)
      },
      (count) => wait({ ...about, ...(status === undefined ? {} : { status }), ...(timeout === undefined ? {} : { timeout }), count }),
    ),
    resend: (id) => call('POST', `/notifications/${part(id)}/resend`, { body: {} }),
  }
}

export function requestsOf(call: Call, appKey?: string): Requests {
  const wait: Requests['wait'] = (wanted = {}) => call('GET', '/requests/wait', { query: { ...wanted, appKey } })
  const next = inTurn<RequestView>()
  return {
    list: (filter = {}) => all(call, '/requests', { ...filter, appKey }),
    get: (id) => call('GET', `/requests/${part(id)}`),
    async last(filter = {}) {
      const { items } = await call<Page<RequestView>>('GET', '/requests', { query: { ...filter, appKey, limit: 1 } })
      return items[0]
    },
    wait,
    next: ({ timeout, ...about } = {}) => next(
      () => all(call, '/requests', { ...about, appKey }),
      (count) => wait({ ...about, ...(timeout === undefined ? {} : { timeout }), count }),
    ),
    clear: () => call('DELETE', '/requests', { query: { appKey } }),
  }
}

export function clockOf(call: Call, appKey?: string): ClockHandle {
  const query = { appKey }
  const get = (): Promise<ClockView> => call('GET', '/clock', { query })
  return {
    get,
    now: async () => (await get()).now,
    advance: (by) => call('POST', '/clock/advance', { query, body: typeof by === 'string' ? { by } : by }),
    set: (how) => call('PUT', '/clock', { query, body: how }),
  }
}

export function scenariosOf(call: Call): Scenarios {
  return {
    list: () => all(call, '/scenarios', {}),
    get: (name) => call('GET', `/scenarios/${part(name)}`),
    put: (scenario: Scenario | string, name?: string) => call('PUT', `/scenarios/${part(typeof scenario === 'string' ? String(name) : scenario.name)}`, { body: scenario }),
    remove: (name) => call('DELETE', `/scenarios/${part(name)}`),
  }
}

interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** Paged lists take no more at once. */
const PAGE = 500
const PAGED = ['/bills', '/notifications', '/requests']

/** All entries of a list, page by page. */
async function all<T>(call: Call, path: string, filter: Readonly<Record<string, string | undefined>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page: Page<T> = await call('GET', path, { query: PAGED.includes(path) ? { ...filter, limit: PAGE, cursor } : {} })
    items.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return items
}

/**
 * Gives what there is one after another, the oldest first, and waits where all has been given.
 *
 * @returns takes a list of what fits now, newest first, and a wait until so many fit
 */
function inTurn<T extends { id: string }>(): (list: () => Promise<T[]>, wait: (count: number) => Promise<T>) => Promise<T> {
  const given = new Set<string>()
  // Two that ask at once get two different ones.
  let turn: Promise<unknown> = Promise.resolve()
  const take = async (list: () => Promise<T[]>, wait: (count: number) => Promise<T>): Promise<T> => {
    for (;;) {
      const fitting = await list()
      const next = fitting.findLast(({ id }) => !given.has(id))
      if (next !== undefined) {
        given.add(next.id)
        return next
      }
      await wait(fitting.length + 1)
    }
  }
  return (list, wait) => {
    const mine = turn.then(() => take(list, wait))
    turn = mine.catch(() => undefined)
    return mine
  }
}
