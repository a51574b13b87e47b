import type { FastifyInstance } from 'fastify'
import type { World } from '../sandbox/world.ts'
import { VERSION } from '../version.ts'
import { clockView } from './control/clock.ts'
import { HealthAnswer } from './control/schemas.ts'

/** Says that the sandbox is up. It needs no token, and tells nothing that needs one. */
export function healthRoute(app: FastifyInstance, world: World): void {
  const schema = {
    operationId: 'getHealth',
    tags: ['control'],
    summary: 'Is the sandbox up / 健康检查',
    description: 'Answers as soon as the sandbox is ready. / 就绪后即应答。',
    security: [],
    response: {
      200: { description: 'It is / 正常', content: { 'application/json': { schema: HealthAnswer } } },
      '4xx': { description: 'A failure / 失败', content: { 'application/json': { schema: {} } } },
    },
  }
  app.get('/health', { schema, serializerCompiler: () => JSON.stringify }, () =>
    Promise.resolve({ status: 'ok', version: VERSION, bills: world.store.countBills(), clock: clockView(world) }),
  )
}
