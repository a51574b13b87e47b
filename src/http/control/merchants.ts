import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import { merchantFaults, type Merchant } from '../../merchant/merchant.ts'
import { withOwnScenario } from '../../merchant/own-scenario.ts'
import { changeMerchant } from '../../sandbox/hand.ts'
import { removeMerchant } from '../../sandbox/lifecycle.ts'
import type { World } from '../../sandbox/world.ts'
import type { MerchantCreate, MerchantParams, MerchantPatch } from './schemas.ts'
import { merchantView } from './views.ts'

/** Merchants: one of its own for each test keeps parallel tests apart (INTERFACE §3). */
export function merchantRoutes(app: FastifyInstance, world: World): void {
  const { merchants, scenarios } = world
  const checked = async <T extends Partial<Merchant>>(given: T): Promise<T> => {
    const { fields, problems } = await withOwnScenario(given)
    const faults = [...problems, ...merchantFaults(fields, (name) => scenarios.get(name) !== undefined)]
    if (faults.length > 0) throw new Problem(422, faults.join('; '), { errors: faults })
    return fields
  }

  app.get('/merchants', { config: { operationId: 'listMerchants' } }, () =>
    Promise.resolve({ items: merchants.list().map(merchantView), nextCursor: null }),
  )

  app.post('/merchants', { config: { operationId: 'createMerchant' } }, async (request, reply) => {
    const fields = await checked((request.body ?? {}) as Static<typeof MerchantCreate>)
    const merchant = await merchants.create(fields)
    if (merchant === undefined) throw new Problem(409, `there is a merchant ${String(fields.appKey)} already; PATCH it, or choose another appKey`)
    // A clock of its own begins now.
    world.times.of(merchant.appKey)
    return reply.code(201).send(merchant)
  })

  app.get('/merchants/:appKey', { config: { operationId: 'getMerchant' } }, (request) =>
    Promise.resolve(merchantView(find(world, request))),
  )

  app.patch('/merchants/:appKey', { config: { operationId: 'changeMerchant' } }, async (request) => {
    const fields = await checked((request.body ?? {}) as Static<typeof MerchantPatch>)
    const changed = await changeMerchant(world, find(world, request), fields)
    return fields.appSecret === undefined ? merchantView(changed) : changed
  })

  app.delete('/merchants/:appKey', { config: { operationId: 'deleteMerchant' } }, async (request, reply) => {
    await removeMerchant(world, find(world, request).appKey)
    return reply.code(204).send()
  })
}

function find(world: World, request: { params: unknown }): Merchant {
  const { appKey } = request.params as Static<typeof MerchantParams>
  const merchant = world.merchants.get(appKey)
  if (merchant === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
  return merchant
}
