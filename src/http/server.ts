import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Settings } from '../config/settings.ts'
import type { Operation } from '../contract/states.ts'
import type { World } from '../sandbox/world.ts'
import type { GuardSettings } from './control/guard.ts'
import { controlRoutes } from './control/routes.ts'
import { healthRoute } from './health.ts'
import { validatorCompiler } from './invalid-input.ts'
import { failureHandler } from './qlink/failures.ts'
import { notFound } from './qlink/not-found.ts'
import { qlinkRoutes } from './qlink/routes.ts'
import { checkoutRoutes } from './web/checkout.ts'
import { documentation } from './web/documentation.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which of the four endpoints a route is. */
    operation?: Operation
  }
}

/**
 * Puts the HTTP side together: the emulated API, the control API and the pages, each in a scope of its own with its
 * own error handler.
 */
export async function buildServer(world: World, settings: Settings, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    // One line a request, written below, says more than two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.bodyLimit,
    // A tradeUuid in a path may be 128 characters long, and each may be escaped.
    routerOptions: { maxParamLength: 2000 },
    forceCloseConnections: 'idle',
    // Merchants must see their own mistakes: a body for a prototype is refused in words, not here.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  })
  const guardSettings: GuardSettings = {
    controlToken: settings.controlToken,
    host: settings.host,
    publicUrl: () => world.publicUrl,
  }
  app.decorateReply('qlinkRefusal', undefined)
  app.setValidatorCompiler(validatorCompiler)
  app.setErrorHandler(failureHandler(settings, settings.bodyLimit))
  app.setNotFoundHandler(notFound(settings.basePath, settings))
  acceptAnyBody(app)
  logRequests(app)

  await documentation(app, world, guardSettings)
  healthRoute(app, world)
  await app.register(
    (scope, _options, done) => {
      qlinkRoutes(scope, world, settings, settings.bodyLimit)
      done()
    },
    { prefix: settings.basePath },
  )
  await app.register(
    (scope, _options, done) => {
      controlRoutes(scope, world, guardSettings)
      done()
    },
    { prefix: '/_sandbox' },
  )
  await app.register((scope, _options, done) => {
    checkoutRoutes(scope, world)
    done()
  })
  return app
}

/** What is posted to a path that is not there gets its 404 whatever its content type. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume()
    done(null)
  })
}

/** One line for each request, without headers or bodies: they hold signatures. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { operation } = request.routeOptions.config
    const fields = {
      ...(operation === undefined ? { method: request.method, url: request.url.slice(0, 200) } : { operation, appKey: request.headers['appkey'] }),
      status: reply.statusCode,
      ...(reply.qlinkRefusal === undefined ? {} : { refused: reply.qlinkRefusal }),
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }
    // Tests and health checks ask often; what merchants send is what one wants to read.
    if (operation === undefined) request.log.debug(fields, 'request')
    else request.log.info(fields, 'request')
    done()
  })
}
