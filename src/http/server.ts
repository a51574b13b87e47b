import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import type { Operation } from '../contract/states.ts'
import { Problem, Refusal } from '../errors.ts'
import type { World } from '../sandbox/world.ts'
import type { GuardSettings } from './control/guard.ts'
import { sendProblem } from './control/problems.ts'
import { controlRoutes } from './control/routes.ts'
import { healthRoute } from './health.ts'
import { failureHandler, sendFailure } from './qlink/failures.ts'
import { notFound } from './qlink/not-found.ts'
import { recordRequests } from './qlink/recording.ts'
import { qlinkRoutes } from './qlink/routes.ts'
import { checkoutRoutes } from './web/checkout.ts'
import { documentationRoutes } from './web/documentation.ts'

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
    // Without a host it is answered in the usual shape too; the guard does without.
    http: { requireHostHeader: false },
    // A path that cannot be decoded, or an id that is too long, finds nothing.
    frameworkErrors: (_error, request, reply) => {
      unreadablePath(request, reply, settings)
    },
    clientErrorHandler: answerMalformed,
    // No route has a schema of Fastify's, so that what it compiles them with need not be loaded.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
  })
  const guardSettings: GuardSettings = {
    controlToken: settings.controlToken,
    host: settings.host,
    publicUrl: () => world.publicUrl,
  }
  // A logger for each request would have nothing to add to the one line that it writes.
  app.setChildLoggerFactory((all) => all)
  app.setErrorHandler(failureHandler(settings, settings.bodyLimit))
  app.setNotFoundHandler(notFound(world, settings.basePath, settings))
  acceptAnyBody(app, settings.bodyLimit)
  letGoAtTheEnd(app)
  logRequests(app)
  // In this order: the journal has what is told.
  tellManualTime(app, world)
  recordRequests(app, world)

  // What the OpenAPI document tells of.
  const documented = (instance: FastifyInstance): void => {
    healthRoute(instance, world)
    inScope(instance, settings.basePath, (scope) => {
      qlinkRoutes(scope, world, settings, settings.bodyLimit)
    })
    inScope(instance, '/_sandbox', (scope) => {
      controlRoutes(scope, world, guardSettings)
    })
  }
  documented(app)
  inScope(app, '', (scope) => {
    documentationRoutes(scope, world, guardSettings, documented)
  })
  inScope(app, '', (scope) => {
    checkoutRoutes(scope, world, settings)
  })
  await app.ready()
  return app
}

/** Routes with hooks and an error handler of their own. */
function inScope(app: FastifyInstance, prefix: string, routes: (scope: FastifyInstance) => void): void {
  void app.register((scope, _options, done) => {
    routes(scope)
    done()
  }, { prefix })
}

function noCompiler(): never {
  throw new Error('routes are checked by their operation, not by a schema of their own')
}

/** Under the control API it is a problem, elsewhere QLink's failure; what was asked for is not repeated. */
function unreadablePath(request: FastifyRequest, reply: FastifyReply, settings: Settings): void {
  const message = 'the path cannot be read: a % is not followed by two hex digits of UTF-8, or it is too long'
  if (request.url.startsWith('/_sandbox')) sendProblem(new Problem(404, message) as unknown as FastifyError, request, reply)
  else sendFailure(reply, new Refusal('PATH_UNKNOWN', message), settings)
}

/** What is not even HTTP gets an answer in the usual shape, and leaves nothing of itself in the log. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return
  const [status, what] = MALFORMED[error.code ?? ''] ?? [400, 'this is not an HTTP request that can be read']
  const body = JSON.stringify({ success: false, message: what })
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

const MALFORMED: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'the headers are larger than a server takes (16 KiB)'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come to its end in time'],
}

/** What is posted to a path that is not there gets its 404 whatever its content type or length; the journal shows it. */
function acceptAnyBody(app: FastifyInstance, limit: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    const chunks: Buffer[] = []
    let size = 0
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
    })
    payload.on('error', done)
    payload.on('end', () => {
      done(null, size <= limit ? Buffer.concat(chunks) : undefined)
    })
  })
}

/** A connection whose last answer leaves while the sandbox closes is not kept for more: it would hold up the end. */
function letGoAtTheEnd(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done()
  })
}

/** Where time stands still, the header Date says so too: the same requests get the same bytes in every run. */
function tellManualTime(app: FastifyInstance, { times }: World): void {
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { clock } = request.record ?? times.shared
    if (clock.mode === 'manual') reply.header('date', new Date(clock.now()).toUTCString())
    done()
  })
}

/** One line for each request, without headers or bodies: they hold signatures. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { operation } = request.routeOptions.config
    const fields = {
      ...(operation === undefined ? { method: request.method, url: loggedUrl(request.url) } : { operation, appKey: request.headers['appkey'] }),
      status: reply.statusCode,
      ...(reply.refusal === undefined ? {} : { refused: reply.refusal.reason }),
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }
    // Tests and health checks ask often, and of a bill that was applied for the bill's own line tells more; what else
    // merchants send is what one wants to read.
    const isTold = operation === undefined || (operation === 'apply' && reply.refusal === undefined)
    if (isTold) request.log.debug(fields, 'request')
    else request.log.info(fields, 'request')
    done()
  })
}

/** Of queries only the control API's are told: in the link to a checkout page is the key that opens it. */
function loggedUrl(url: string): string {
  return (url.startsWith('/_sandbox') ? url : url.replace(/\?.*/s, '')).slice(0, 200)
}
