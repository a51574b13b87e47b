import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { World } from '../../sandbox/world.ts'
import { guard, type GuardSettings } from '../control/guard.ts'
import { sendProblem } from '../control/problems.ts'

/**
 * The OpenAPI document at /openapi.json, and a page to browse it at /docs.
 *
 * @param documented registers the routes that the document tells of
 */
export function documentationRoutes(app: FastifyInstance, world: World, guardSettings: GuardSettings, documented: (app: FastifyInstance) => void): void {
  const check = guard(guardSettings)
  app.setErrorHandler(sendProblem)
  app.addHook('onRequest', (request, _reply, done) => {
    check(request)
    done()
  })
  let built: Promise<FastifyInstance> | undefined
  const handOver = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    built ??= import('./documented.ts').then(({ buildDocumentation }) => buildDocumentation(world, documented))
    const documentation = await built.catch((error: unknown) => {
      // The next who asks has another try.
      built = undefined
      throw error
    })
    reply.hijack()
    documentation.routing(request.raw, reply.raw)
  }
  for (const path of ['/openapi.json', '/docs', '/docs/*']) app.get(path, handOver)
}
