import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { FastifyInstance } from 'fastify'
import { createIds } from './bill/ids.ts'
import { SHIPPED_SCENARIOS, type Settings } from './config/settings.ts'
import { readTime, toIsoTime } from './contract/wire-time.ts'
import { Coverage } from './coverage/coverage.ts'
import { UsageError } from './errors.ts'
import { buildServer } from './http/server.ts'
import { Feed } from './journal/feed.ts'
import { Requests } from './journal/requests.ts'
import { checkoutQuery } from './http/web/checkout-key.ts'
import { loadMerchants } from './load/merchants.ts'
import { loadScenarios } from './load/scenarios.ts'
import type { WatchedScenarios } from './load/watched-scenarios.ts'
import { openLog } from './log/log.ts'
import { closest } from './nearest.ts'
import { Dispatcher } from './notification/dispatcher.ts'
import { UndiciSender } from './notification/undici-sender.ts'
import { Attempts } from './sandbox/attempts.ts'
import { runDue } from './sandbox/due.ts'
import { resume } from './sandbox/lifecycle.ts'
import { DEMO_APP_KEY, type Merchant } from './merchant/merchant.ts'
import { Merchants } from './sandbox/merchants.ts'
import { Times } from './sandbox/times.ts'
import { commit, type DueWork, type World } from './sandbox/world.ts'
import { Catalogue } from './scenario/catalogue.ts'
import type { Files } from './store/files.ts'
import { MemoryStore } from './store/memory.ts'
import type { Store } from './store/store.ts'
import { Agenda } from './time/agenda.ts'
import { Clock, readRate } from './time/clock.ts'
import { readDuration } from './time/duration.ts'

/** At the end, requests and deliveries under way get this long, in real milliseconds. */
const LAST_ANSWERS = 3000

/** Where the control API is, below the server. */
const CONTROL = '/_sandbox'

/** Parts of the house that a caller may hand in. */
export interface Parts {
  /** Where log lines go. */
  logger?: Logger
  /** What the store writes with; a test hands in one that fails. */
  files?: Files
}

/** A sandbox that is up. */
export interface App {
  /** Where it listens: `http://127.0.0.1:4800`. */
  url: string
  /** Where the four endpoints are. */
  baseUrl: string
  /** Where the control API is. */
  controlUrl: string
  /** The demo merchant, or where the fixtures have none, their first. */
  readonly firstMerchant: Merchant | undefined
  /** What merchants' suites have exercised. */
  readonly coverage: Coverage
  /** The time on its clock, in ISO 8601 with the zone's offset. */
  now(): string
  /** Finishes what is in flight, makes everything durable and lets go of the port. */
  close(): Promise<void>
}

/**
 * Puts the house together and opens it. Read this and you know who knows whom.
 *
 * @param settings all settings, read and checked
 * @param parts what a caller may hand in of its own
 * @throws UsageError where fixtures, scenarios, the data file or the port cannot be used
 */
export async function startApp(settings: Settings, { logger: given, files }: Parts = {}): Promise<App> {
  const { timeZone } = settings
  let now = (): number => Clock.wall()
  const logger = given ?? await openLog(settings, () => now())

  const scenarios = new Catalogue(await loadScenarios([SHIPPED_SCENARIOS]))
  const watched = await watchScenarios(settings.scenarios, scenarios)
  demandScenario(scenarios, settings.scenario)
  const fixtures = withNotifyUrl(await loadMerchants(settings.fixtures, (name) => scenarios.get(name) !== undefined), settings.notifyUrl)
  const store = await openStore(settings, logger, files)
  const ids = createIds(settings.seed)
  const merchants = new Merchants(fixtures, store, ids)
  await renewNotifyUrl(merchants, settings.notifyUrl)

  const clock = startClock(settings, latestOf(merchants.list(), store), logger)
  now = () => clock.now()
  // With a seed, a time that stands still makes the same world of the same requests, down to the order of deliveries.
  const agendaFor = (its: Clock): Agenda<DueWork> => new Agenda<DueWork>(its, (work) => runDue(world, work), { oneByOne: settings.seed !== undefined && its.mode === 'manual' })
  const times = new Times({ clock, agenda: agendaFor(clock) }, {
    hasOwn: (appKey) => merchants.get(appKey)?.clock !== undefined,
    latest: (appKey) => store.latest(appKey),
    agendaFor,
  })
  const sender = new UndiciSender()
  const dispatcher = new Dispatcher(
    sender,
    {
      now: (appKey) => times.now(appKey),
      bill: (billCode) => store.bill(billCode),
      merchant: (appKey) => merchants.get(appKey),
      commit: (bill, before) => commit(world, bill, before),
    },
    { schedule: settings.notifySchedule, timeout: settings.notifyTimeout, concurrency: settings.notifyConcurrency },
  )
  const feed = new Feed()
  const coverage = new Coverage((appKey) => merchants.get(appKey) !== undefined)
  feed.subscribe(({ happening }) => {
    coverage.see(happening)
  })
  const world: World = {
    times, store, merchants, scenarios, ids, dispatcher,
    attempts: new Attempts(),
    requests: new Requests({ count: settings.keepRequests, size: settings.keepRequestBytes }),
    feed,
    coverage,
    log: logger,
    settings: { timeZone, expireAfter: readDuration(settings.expireAfter) ?? 0, scenario: settings.scenario },
    checkoutQuery: checkoutQuery(settings.controlToken),
    publicUrl: settings.publicUrl ?? '',
  }

  const server = await buildServer(world, settings, logger)
  const url = await listen(server, settings).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  world.publicUrl = (settings.publicUrl ?? url).replace(/\/+$/, '')
  resume(world)
  watched?.follow((found, before) => {
    scenarios.setFiles(found.scenarios, found.problems)
    for (const problem of found.problems) if (!before.problems.includes(problem)) logger.error(`${problem} (what was good before stays)`)
    if (found.problems.length === 0) logger.info(`the scenarios of ${String(settings.scenarios)} were reloaded and are in order`)
  })

  const firstMerchant = merchants.get(DEMO_APP_KEY) ?? merchants.list()[0]
  const close = async (): Promise<void> => {
    times.close()
    await watched?.close()
    // One deadline for what is in flight on either side; what is broken off is done again after the next start.
    const deadline = setTimeout(() => {
      server.server.closeAllConnections()
      void sender.close()
    }, LAST_ANSWERS)
    // What is kept nowhere is done again by nobody: a merchant that does not answer holds up no test.
    if (settings.data === 'memory') void sender.close()
    await Promise.all([server.close(), times.running()])
    clearTimeout(deadline)
    await sender.close()
    await store.close()
    logger.flush()
  }
  return { url, baseUrl: url + settings.basePath, controlUrl: url + CONTROL, firstMerchant, coverage, now: () => toIsoTime(clock.now(), timeZone), close }
}

/** A user's scenario files, which may change while it runs; what follows them is loaded only where there are any. */
async function watchScenarios(directory: string | undefined, scenarios: Catalogue): Promise<WatchedScenarios | undefined> {
  if (directory === undefined) return undefined
  const { WatchedScenarios } = await import('./load/watched-scenarios.ts')
  const watched = await WatchedScenarios.open(directory)
  scenarios.setFiles(watched.found.scenarios, [])
  scenarios.refreshBy(() => watched.look())
  return watched
}

/** What keeps bills on disk is loaded only where they are kept there. */
async function openStore({ data, durability, keepAnswers, keepAnswerBytes }: Settings, logger: Logger, files: Files | undefined): Promise<Store> {
  const limits = { count: keepAnswers, size: keepAnswerBytes }
  if (data === 'memory') return new MemoryStore(limits)
  const { LowdbStore } = await import('./store/lowdb.ts')
  return LowdbStore.open(data, {
    durability,
    limits,
    warn: (message) => {
      logger.warn(message)
    },
    ...(files === undefined ? {} : { files }),
  })
}

/** Where the records end of all merchants that go by the sandbox's clock. */
function latestOf(merchants: readonly Merchant[], store: Store): number {
  return merchants.reduce((latest, { appKey, clock }) => (clock === undefined ? Math.max(latest, store.latest(appKey)) : latest), 0)
}

/**
 * A manual clock, and one with a rate, starts at the setting now, but never before what is recorded: that would lie in
 * its future. A real one is the time of day, whatever is recorded.
 */
function startClock({ clock, now, timeZone }: Settings, latest: number, logger: Logger): Clock {
  if (clock === 'real') {
    if (now !== undefined) logger.warn('now is where a manual clock starts, or one with a rate; a real one has the time of day, and takes no notice of it')
    if (latest > Clock.wall()) {
      logger.warn(`the records of the data file end at ${toIsoTime(latest, timeZone)}, after the time of day: what is due then waits for it; --clock manual, or a rate such as --clock 60x, goes on from there, and another --data file begins anew`)
    }
    return new Clock('real')
  }
  const wanted = now === undefined ? Clock.wall() : (readTime(now, timeZone) ?? 0)
  if (now !== undefined && latest > wanted) logger.warn(`the clock starts at ${toIsoTime(latest, timeZone)}, where the records of the data file end, and not at ${now}`)
  const start = Math.max(wanted, latest)
  return clock === 'manual' ? new Clock('manual', start) : new Clock('real', start, readRate(clock))
}

function demandScenario(scenarios: Catalogue, name: string): void {
  if (scenarios.get(name) !== undefined) return
  const near = closest(name, scenarios.names())
  throw new UsageError([`there is no scenario "${name}"${near === undefined ? '' : `; did you mean ${near}?`} (it is named by --scenario or QLINK_SCENARIO)`])
}

function withNotifyUrl(fixtures: Merchant[], notifyUrl: string | undefined): Merchant[] {
  if (notifyUrl === undefined) return fixtures
  if (!fixtures.some((merchant) => merchant.appKey === DEMO_APP_KEY)) {
    throw new UsageError([`--notify-url is for the merchant ${DEMO_APP_KEY}, which the fixtures do not have; give their merchants a notifyUrl there`])
  }
  return fixtures.map((merchant) => (merchant.appKey === DEMO_APP_KEY ? { ...merchant, notifyUrl } : merchant))
}

/** What is asked for now stands over a URL that an earlier run stored. */
async function renewNotifyUrl(merchants: Merchants, notifyUrl: string | undefined): Promise<void> {
  const demo = merchants.get(DEMO_APP_KEY)
  if (notifyUrl !== undefined && demo !== undefined && demo.notifyUrl !== notifyUrl) await merchants.change(demo, { notifyUrl })
}

async function listen(server: FastifyInstance, { port, host }: Settings): Promise<string> {
  try {
    await server.listen({ port, host })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const words: Record<string, string> = {
      EADDRINUSE: `port ${port} on ${host} is in use; choose another by --port, or --port 0 for a free one`,
      EACCES: `port ${port} may not be opened; choose one above 1023 by --port`,
      EADDRNOTAVAIL: `${host} is no address of this machine; choose another by --host`,
      ENOTFOUND: `${host} is no address of this machine; choose another by --host`,
    }
    throw new UsageError([words[code ?? ''] ?? `port ${port} on ${host} cannot be opened: ${message}`])
  }
  const address = server.server.address() as AddressInfo | null
  const shown = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  return `http://${shown}:${address?.port ?? port}`
}
