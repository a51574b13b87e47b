import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import { findNotification, resend } from '../../sandbox/hand.ts'
import type { World } from '../../sandbox/world.ts'
import type { FoundNotification } from '../../store/store.ts'
import { PAGE } from './bills.ts'
import { merchantToTell } from './merchant-to-tell.ts'
import type { NotificationParams, NotificationQuery } from './schemas.ts'
import { notificationView } from './views.ts'

/** Notifications with every attempt (INTERFACE §3). */
export function notificationRoutes(app: FastifyInstance, world: World): void {
  const view = (found: FoundNotification): object => notificationView(found, world.merchants.get(found.bill.appKey), world.settings.timeZone)

  app.get('/notifications', { config: { operationId: 'listNotifications' } }, (request) => {
    const { limit, cursor, ...filter } = request.query as Static<typeof NotificationQuery>
    const { items, nextCursor } = world.store.listNotifications(filter, { limit: Number(limit ?? PAGE), cursor })
    return Promise.resolve({ items: items.map(view), nextCursor })
  })

  app.get('/notifications/:id', { config: { operationId: 'getNotification' } }, (request) =>
    Promise.resolve(view(find(world, request))),
  )

  app.post('/notifications/:id/resend', { config: { operationId: 'resendNotification' } }, async (request) => {
    const found = find(world, request)
    merchantToTell(world, found.bill.appKey)
    await resend(world, found)
    return view(find(world, request))
  })
}

function find(world: World, request: { params: unknown }): FoundNotification {
  const { id } = request.params as Static<typeof NotificationParams>
  const found = findNotification(world, id)
  if (found === undefined) throw new Problem(404, `there is no notification ${id}`)
  return found
}
