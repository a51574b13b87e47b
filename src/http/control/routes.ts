import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { writeReadable } from '../../contract/json.ts'
import { Problem } from '../../errors.ts'
import { reset, resetMerchant } from '../../sandbox/lifecycle.ts'
import { readSettled } from '../../sandbox/settled-read.ts'
import type { World } from '../../sandbox/world.ts'
import { checkInputs, withOperations } from '../operation-check.ts'
import { billRoutes } from './bills.ts'
import { clockRoutes } from './clock.ts'
import { coverageRoutes } from './coverage.ts'
import { eventRoutes } from './events.ts'
import { guard, type GuardSettings } from './guard.ts'
import { merchantRoutes } from './merchants.ts'
import { notificationRoutes } from './notifications.ts'
import { probeRoutes } from './probe.ts'
import { sendProblem } from './problems.ts'
import { requestRoutes } from './requests.ts'
import { scenarioRoutes } from './scenarios.ts'
import type { OneMerchant, Reset } from './schemas.ts'
import { signatureRoutes } from './signature.ts'
import { waitRoutes } from './waits.ts'

/** The control API, under /_sandbox (INTERFACE §3). */
export function controlRoutes(app: FastifyInstance, world: World, guardSettings: GuardSettings): void {
  const check = guard(guardSettings)
  app.setErrorHandler(sendProblem)
  app.setReplySerializer(writeReadable)
  acceptEmptyBodies(app)
  app.addHook('onRequest', (request, _reply, done) => {
    check(request)
    done()
  })
  app.addHook('preValidation', (request, _reply, done) => withOperations((operations) => {
    checkInputs(operations, request)
  }, done))
  // What is shown is there to stay.
  app.addHook('onRoute', (route) => {
    if (route.method !== 'GET') return
    const { handler } = route
    route.handler = function (request, reply) {
      return readSettled(world.store, () => handler.call(this, request, reply))
    }
  })
  app.setNotFoundHandler({ preHandler: undefined as never }, (request) => {
    check(request)
    throw new Problem(404, `the control API has no ${request.method} ${request.url.split('?')[0] ?? ''}; /openapi.json lists what it has`)
  })

  billRoutes(app, world)
  notificationRoutes(app, world)
  requestRoutes(app, world)
  waitRoutes(app, world)
  eventRoutes(app, world)
  app.get('/retry-presets', { config: { operationId: 'listRetryPresets' } }, async () => {
    const { presetViews } = await import('../../notification/plan.ts')
    return { items: presetViews(), nextCursor: null }
  })
  signatureRoutes(app, world)
  coverageRoutes(app, world)
  clockRoutes(app, world)
  merchantRoutes(app, world)
  probeRoutes(app, world)
  // In a scope of its own: what it reads is YAML.
  app.register((scope, _options, done) => {
    scenarioRoutes(scope, world)
    done()
  })

  app.post('/reset', { config: { operationId: 'reset' } }, async (request, reply) => {
    const { merchants = false } = (request.body ?? {}) as Static<typeof Reset>
    const { appKey } = request.query as Static<typeof OneMerchant>
    if (appKey === undefined) await reset(world, { merchants })
    else {
      if (world.merchants.get(appKey) === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
      if (merchants) throw new Problem(400, 'merchants goes with a reset of everything; the fields of one merchant are changed by PATCH')
      await resetMerchant(world, appKey)
    }
    return reply.code(204).send()
  })
}

/** `curl -X POST` sends no body and no content type; where all fields may be left out, that is enough. */
function acceptEmptyBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const read = (_request: unknown, body: string | Buffer, done: (error: Error | null, value?: unknown) => void): void => {
    if (body.length === 0) {
      done(null, {})
      return
    }
    try {
      done(null, JSON.parse(body.toString()))
    } catch (error) {
      done(new Problem(400, `the body is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`))
    }
  }
  app.addContentTypeParser('application/json', { parseAs: 'string' }, read)
  // curl's -d without a header says it is a form; the commands in our README should not have to say otherwise.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, read)
}
