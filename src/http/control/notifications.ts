import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import { findNotification, resend } from '../../sandbox/hand.ts'
import type { World } from '../../sandbox/world.ts'
import type { FoundNotification } from '../../store/store.ts'
import { PAGE } from './bills.ts'
import { call, listOf, Nothing, NotificationParams, NotificationQuery, NotificationView } from './schemas.ts'
import { notificationView } from './views.ts'

/** Notifications with every attempt (INTERFACE §3). */
export function notificationRoutes(app: FastifyInstance, world: World): void {
  const view = (found: FoundNotification): object => notificationView(found, world.merchants.get(found.bill.appKey), world.settings.timeZone)

  app.get('/notifications', { schema: call('listNotifications', 'List notifications, newest first / 通知列表', { 200: listOf(NotificationView) }, { querystring: NotificationQuery }) }, (request) => {
    const { limit, cursor, ...filter } = request.query as Static<typeof NotificationQuery>
    const { items, nextCursor } = world.store.listNotifications(filter as never, { limit: Number(limit ?? PAGE), cursor })
    return Promise.resolve({ items: items.map(view), nextCursor })
  })

  app.get('/notifications/:id', { schema: call('getNotification', 'One notification / 通知详情', { 200: NotificationView }, { params: NotificationParams }) }, (request) =>
    Promise.resolve(view(find(world, request))),
  )

  app.post('/notifications/:id/resend', { schema: call('resendNotification', 'Send once more, now / 立即重发', { 200: NotificationView }, { params: NotificationParams, body: Nothing }) }, async (request) => {
    const found = find(world, request)
    const merchant = world.merchants.get(found.bill.appKey)
    if (merchant?.notifyUrl == null) {
      throw new Problem(409, `merchant ${found.bill.appKey} has no notifyUrl; set one by PATCH /_sandbox/merchants/${encodeURIComponent(found.bill.appKey)}`)
    }
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
