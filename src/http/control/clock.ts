import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { readTime, toIsoTime } from '../../contract/wire-time.ts'
import { Problem } from '../../errors.ts'
import type { ClockHappening } from '../../journal/feed.ts'
import type { Timekeeping } from '../../sandbox/times.ts'
import type { DueWork, World } from '../../sandbox/world.ts'
import { Clock, LAST_TIME } from '../../time/clock.ts'
import { DURATION_FORMS, readDuration } from '../../time/duration.ts'
import type { ClockAdvance, ClockPut, OneMerchant } from './schemas.ts'

export function clockView({ times, settings }: World, { clock } = times.shared): { mode: string; now: string; rate: number; timeZone: string } {
  return { mode: clock.mode, now: toIsoTime(clock.now(), settings.timeZone), rate: clock.rate, timeZone: settings.timeZone }
}

/** The clock of the sandbox, or of one merchant that has its own (INTERFACE §3). */
export function clockRoutes(app: FastifyInstance, world: World): void {
  const { feed, settings } = world
  const time = (text: string, field: string): number => {
    const at = readTime(text, settings.timeZone)
    if (at === undefined) throw new Problem(400, `${field} must be a time such as 2026-01-01 00:00:00 or 2026-01-01T00:00:00+08:00, but is "${text}"`)
    return at
  }
  const tell = (what: ClockHappening['what'], { clock }: Timekeeping, appKey: string | undefined): void => {
    feed.publish({ type: 'clock', appKey, what, now: clock.now() })
  }

  app.get('/clock', { config: { operationId: 'getClock' } }, (request) => Promise.resolve(clockView(world, meant(world, request).keeping)))

  app.put('/clock', { config: { operationId: 'setClock' } }, (request) => {
    const { keeping, appKey } = meant(world, request)
    const { clock, agenda } = keeping
    const { mode, now, rate } = request.body as Static<typeof ClockPut>
    if (mode === 'manual' && rate !== undefined) throw new Problem(400, 'rate goes with mode real; a manual clock stands still until it is advanced')
    if (mode === 'real' && now !== undefined && (rate ?? 1) === 1) throw new Problem(400, 'now goes with mode manual, or with a rate that is not 1; a real clock has the time of day')
    const stands = clock.now()
    const goesOn = mode === 'real' && clock.mode === 'real' && now === undefined
    const target = now !== undefined ? time(now, 'now') : mode === 'real' && !goesOn ? Clock.wall() : stands
    // What is recorded would come to lie in the future.
    const latest = Math.max(latestBy(world, keeping), agenda.busy ? stands : 0)
    if (target < latest && !goesOn) {
      throw new Problem(409, `the clock cannot go back behind what is recorded (up to ${toIsoTime(latest, settings.timeZone)}); POST /_sandbox/reset${query(appKey)} first`)
    }
    agenda.interrupt()
    clock.set(mode, now === undefined ? undefined : target, rate)
    agenda.reconsider()
    tell('set', keeping, appKey)
    return Promise.resolve(clockView(world, keeping))
  })

  app.post('/clock/advance', { config: { operationId: 'advanceClock' } }, async (request) => {
    const { keeping, appKey } = meant(world, request)
    const { clock, agenda } = keeping
    const { by, to } = request.body as Static<typeof ClockAdvance>
    if ((by === undefined) === (to === undefined)) throw new Problem(400, 'give either by, a duration such as 15m, or to, a time')
    const span = by === undefined ? undefined : readDuration(by)
    if (by !== undefined && span === undefined) throw new Problem(400, `by must be a duration such as ${DURATION_FORMS}, but is "${by}"`)
    const until = to === undefined ? undefined : time(to, 'to')
    const ran = await agenda.advance(() => {
      if (clock.mode === 'real') throw new Problem(409, `the clock is real and passes by itself; PUT /_sandbox/clock${query(appKey)} {"mode":"manual"} first`)
      const target = until ?? clock.now() + (span ?? 0)
      if (target > LAST_TIME) throw new Problem(422, 'the clock cannot go past the year 9999, which times in the contract cannot say')
      if (target < clock.now()) throw new Problem(409, `the clock stands at ${toIsoTime(clock.now(), settings.timeZone)} already and cannot go back`)
      return target
    })
    tell('advance', keeping, appKey)
    const count = (what: DueWork['due']['what']): number => ran.filter((work) => work.due.what === what).length
    return { now: clockView(world, keeping).now, ran: { expiries: count('expire'), steps: count('step'), attempts: count('attempt') + count('copy') } }
  })
}

/** What a call ends in that is about the clock of one merchant. */
function query(appKey: string | undefined): string {
  return appKey === undefined ? '' : `?appKey=${encodeURIComponent(appKey)}`
}

/** The clock that a call is about. */
function meant({ times, merchants }: World, request: { query: unknown }): { keeping: Timekeeping; appKey: string | undefined } {
  const { appKey } = request.query as Static<typeof OneMerchant>
  if (appKey === undefined) return { keeping: times.shared, appKey }
  if (merchants.get(appKey) === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
  const keeping = times.of(appKey)
  if (keeping === times.shared) throw new Problem(409, `merchant ${appKey} goes by the sandbox's clock; only one that was made with {"clock":"manual"} has its own`)
  return { keeping, appKey }
}

/** Where the records end of all merchants that go by a clock. */
function latestBy({ times, merchants, store }: World, keeping: Timekeeping): number {
  return merchants.list().reduce((latest, { appKey }) => (times.of(appKey) === keeping ? Math.max(latest, store.latest(appKey)) : latest), 0)
}
