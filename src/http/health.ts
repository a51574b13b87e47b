import type { FastifyInstance } from 'fastify'
import type { World } from '../sandbox/world.ts'
import { VERSION } from '../version.ts'
import { clockView } from './control/clock.ts'

/** Says that the sandbox is up. It needs no token, and tells nothing that needs one. */
export function healthRoute(app: FastifyInstance, world: World): void {
  app.get('/health', { config: { operationId: 'getHealth' } }, () =>
    Promise.resolve({ status: 'ok', version: VERSION, bills: world.store.countBills(), clock: clockView(world) }),
  )
}
