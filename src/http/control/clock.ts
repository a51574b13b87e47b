import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { readTime, toIsoTime } from '../../contract/wire-time.ts'
import { Problem } from '../../errors.ts'
import type { DueWork, World } from '../../sandbox/world.ts'
import { Clock, LAST_TIME } from '../../time/clock.ts'
import { DURATION_FORMS, readDuration } from '../../time/duration.ts'
import type { ClockAdvance, ClockPut } from './schemas.ts'

export function clockView({ clock, settings }: World): { mode: string; now: string; rate: number; timeZone: string } {
  return { mode: clock.mode, now: toIsoTime(clock.now(), settings.timeZone), rate: clock.rate, timeZone: settings.timeZone }
}

/** The clock (INTERFACE §3). */
export function clockRoutes(app: FastifyInstance, world: World): void {
  const { clock, agenda, store, settings } = world
  const time = (text: string, field: string): number => {
    const at = readTime(text, settings.timeZone)
    if (at === undefined) throw new Problem(400, `${field} must be a time such as 2026-01-01 00:00:00 or 2026-01-01T00:00:00+08:00, but is "${text}"`)
    return at
  }

  app.get('/clock', { config: { operationId: 'getClock' } }, () => Promise.resolve(clockView(world)))

  app.put('/clock', { config: { operationId: 'setClock' } }, (request) => {
    const { mode, now, rate } = request.body as Static<typeof ClockPut>
    if (mode === 'manual' && rate !== undefined) throw new Problem(400, 'rate goes with mode real; a manual clock stands still until it is advanced')
    if (mode === 'real' && now !== undefined && (rate ?? 1) === 1) throw new Problem(400, 'now goes with mode manual, or with a rate that is not 1; a real clock has the time of day')
    const stands = clock.now()
    const goesOn = mode === 'real' && clock.mode === 'real' && now === undefined
    const target = now !== undefined ? time(now, 'now') : mode === 'real' && !goesOn ? Clock.wall() : stands
    // What is recorded would come to lie in the future.
    const latest = Math.max(store.latest(), agenda.busy ? stands : 0)
    if (target < latest && !goesOn) {
      throw new Problem(409, `the clock cannot go back behind what is recorded (up to ${toIsoTime(latest, settings.timeZone)}); POST /_sandbox/reset first`)
    }
    agenda.interrupt()
    clock.set(mode, now === undefined ? undefined : target, rate)
    agenda.reconsider()
    return Promise.resolve(clockView(world))
  })

  app.post('/clock/advance', { config: { operationId: 'advanceClock' } }, async (request) => {
    const { by, to } = request.body as Static<typeof ClockAdvance>
    if ((by === undefined) === (to === undefined)) throw new Problem(400, 'give either by, a duration such as 15m, or to, a time')
    const span = by === undefined ? undefined : readDuration(by)
    if (by !== undefined && span === undefined) throw new Problem(400, `by must be a duration such as ${DURATION_FORMS}, but is "${by}"`)
    const until = to === undefined ? undefined : time(to, 'to')
    const ran = await agenda.advance(() => {
      if (clock.mode === 'real') throw new Problem(409, 'the clock is real and passes by itself; PUT /_sandbox/clock {"mode":"manual"} first')
      const target = until ?? clock.now() + (span ?? 0)
      if (target > LAST_TIME) throw new Problem(422, 'the clock cannot go past the year 9999, which times in the contract cannot say')
      if (target < clock.now()) throw new Problem(409, `the clock stands at ${toIsoTime(clock.now(), settings.timeZone)} already and cannot go back`)
      return target
    })
    const count = (what: DueWork['due']['what']): number => ran.filter((work) => work.due.what === what).length
    return { now: clockView(world).now, ran: { expiries: count('expire'), steps: count('step'), attempts: count('attempt') + count('copy') } }
  })
}
