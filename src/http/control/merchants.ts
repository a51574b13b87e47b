import type { FastifyInstance } from 'fastify'
import { Type, type Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import { Merchant, merchantFaults } from '../../merchant/merchant.ts'
import { changeMerchant } from '../../sandbox/hand.ts'
import type { World } from '../../sandbox/world.ts'
import { call, MerchantAnswer, MerchantCreate, MerchantParams, MerchantPatch } from './schemas.ts'
import { merchantView } from './views.ts'

/** Merchants: one of its own for each test keeps parallel tests apart (INTERFACE §3). */
export function merchantRoutes(app: FastifyInstance, world: World): void {
  const { merchants, scenarios } = world
  const check = (fields: Partial<Merchant>): void => {
    const faults = merchantFaults(fields, (name) => scenarios.get(name) !== undefined)
    if (faults.length > 0) throw new Problem(422, faults.join('; '))
  }

  app.get('/merchants', { schema: call('listMerchants', 'List merchants / 商户列表', { 200: Type.Object({ items: Type.Array(MerchantAnswer), nextCursor: Type.Null() }) }) }, () =>
    Promise.resolve({ items: merchants.list().map(merchantView), nextCursor: null }),
  )

  app.post('/merchants', { schema: call('createMerchant', 'Make a merchant; what is left out is generated / 创建商户', { 201: Merchant }, { body: MerchantCreate }) }, async (request, reply) => {
    const fields = (request.body ?? {}) as Static<typeof MerchantCreate>
    check(fields)
    const merchant = await merchants.create(fields)
    if (merchant === undefined) throw new Problem(409, `there is a merchant ${String(fields.appKey)} already; PATCH it, or choose another appKey`)
    return reply.code(201).send(merchant)
  })

  app.get('/merchants/:appKey', { schema: call('getMerchant', 'One merchant / 商户详情', { 200: MerchantAnswer }, { params: MerchantParams }) }, (request) =>
    Promise.resolve(merchantView(find(world, request))),
  )

  app.patch('/merchants/:appKey', { schema: call('changeMerchant', 'Change a merchant / 修改商户', { 200: MerchantAnswer }, { params: MerchantParams, body: MerchantPatch }) }, async (request) => {
    const fields = (request.body ?? {}) as Static<typeof MerchantPatch>
    check(fields)
    const changed = await changeMerchant(world, find(world, request), fields)
    return fields.appSecret === undefined ? merchantView(changed) : changed
  })

  app.delete('/merchants/:appKey', { schema: call('deleteMerchant', 'Delete a merchant and its bills / 删除商户及其账单', { 204: null }, { params: MerchantParams }) }, async (request, reply) => {
    await merchants.remove(find(world, request).appKey)
    return reply.code(204).send()
  })
}

function find(world: World, request: { params: unknown }): Merchant {
  const { appKey } = request.params as Static<typeof MerchantParams>
  const merchant = world.merchants.get(appKey)
  if (merchant === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
  return merchant
}
