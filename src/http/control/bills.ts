import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import type { Bill } from '../../bill/bill.ts'
import { Problem } from '../../errors.ts'
import { findBills, moveByHand, notifyByHand, type HandMove } from '../../sandbox/hand.ts'
import type { World } from '../../sandbox/world.ts'
import type { BillParams, BillQuery, Fail, OneMerchant, Pay, RecordQuery } from './schemas.ts'
import { merchantToTell } from './merchant-to-tell.ts'
import { billDetail, billView, notificationView } from './views.ts'

/** How many entries a page has unless asked otherwise. */
export const PAGE = 50

const MOVES = ['pay', 'fail', 'cancel', 'expire'] as const satisfies readonly HandMove['move'][]

/** Bills, and what a person does to them (INTERFACE §3). */
export function billRoutes(app: FastifyInstance, world: World): void {
  const zone = world.settings.timeZone
  const detail = (bill: Bill): object => billDetail(bill, world.merchants.get(bill.appKey), zone)

  app.get('/bills', { config: { operationId: 'listBills' } }, (request) => {
    const { limit, cursor, ...filter } = request.query as Static<typeof BillQuery>
    const { items, nextCursor } = world.store.listBills(filter, { limit: Number(limit ?? PAGE), cursor })
    return Promise.resolve({ items: items.map((bill) => billView(bill, zone)), nextCursor })
  })

  app.get('/bills/:id', { config: { operationId: 'getBill' } }, (request) => Promise.resolve(detail(find(world, request))))

  app.get('/bills/:id/scenario', { config: { operationId: 'recordBill' } }, async (request, reply) => {
    const { recordScenario, scenarioText } = await import('../../sandbox/record.ts')
    const { name } = request.query as Static<typeof RecordQuery>
    const text = scenarioText(recordScenario(find(world, request), name), `${world.publicUrl}/_sandbox/schemas/scenario.json`)
    return reply.type('application/yaml; charset=utf-8').send(text)
  })

  for (const move of MOVES) {
    app.post(`/bills/:id/${move}`, { config: { operationId: `${move}Bill` } }, async (request) => {
      const { errorCode, late } = (request.body ?? {}) as Static<typeof Pay> & Static<typeof Fail>
      const code = move === 'fail' ? (errorCode ?? 'FAILURE_DETAILS_UNAVAILABLE') : undefined
      const bill = await moveByHand(world, find(world, request), {
        move,
        by: 'control',
        ...(late === undefined ? {} : { late }),
        ...(code === undefined ? {} : { errorCode: code }),
      })
      return detail(bill)
    })
  }

  app.post('/bills/:id/notify', { config: { operationId: 'notifyBill' } }, async (request) => {
    const bill = find(world, request)
    const merchant = merchantToTell(world, bill.appKey)
    return notificationView(await notifyByHand(world, bill, request.body ?? {}), merchant, zone)
  })
}

function find(world: World, request: { params: unknown; query: unknown }): Bill {
  const { id } = request.params as Static<typeof BillParams>
  const { appKey } = request.query as Static<typeof OneMerchant>
  const [bill, ...others] = findBills(world, id, appKey)
  if (bill === undefined) throw new Problem(404, `there is no bill ${id}${appKey === undefined ? '' : ` of merchant ${appKey}`}`)
  if (others.length > 0) {
    const appKeys = [bill, ...others].map((one) => one.appKey)
    throw new Problem(409, `merchants ${appKeys.join(', ')} have a bill with ${id}; say whose by ?appKey=`, { appKeys })
  }
  return bill
}
