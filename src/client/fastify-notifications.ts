import type { FastifyPluginCallback, FastifyReply } from 'fastify'
import { checkHandlerOptions, DEFAULT_LIMIT, failure, isOurs, receive, tooLarge, wrongMethod, type NotificationHandlerOptions, type NotificationReply } from './receive.ts'

export interface FastifyNotificationsOptions extends NotificationHandlerOptions {
  /** Where QLink sends notifications; `/payNotification` unless given. A `prefix` goes before it. */
  path?: string
}

const OTHER_METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * A plugin for Fastify 5: `app.register(fastifyNotifications, { secrets, onNotification })`. Its parser of raw bodies is
 * its own, so that the other routes keep theirs. What it answers: see {@link nodeHandler}.
 *
 * @throws TypeError for options that cannot be used, when the application gets ready
 */
export const fastifyNotifications: FastifyPluginCallback<FastifyNotificationsOptions> = (app, options, done) => {
  const { path = '/payNotification', limit = DEFAULT_LIMIT } = options
  checkHandlerOptions(options)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
    parsed(null, body)
  })
  app.setErrorHandler(({ statusCode = 500, message }: { statusCode?: number; message: string }, _request, reply) => send(reply, statusCode === 413 ? tooLarge(limit) : failure(statusCode, message)))
  app.post(path, { bodyLimit: limit }, async (request, reply) => {
    const log = (error: unknown): void => {
      if (isOurs(error)) request.log.error({ err: error }, 'a notification of QLink was not taken')
      else request.log.warn({ err: error }, 'a notification of QLink was refused')
    }
    const body = request.body as Buffer | undefined
    return send(reply, await receive(body ?? '', request.headers, { ...options, onError: options.onError ?? log }))
  })
  app.route({
    method: OTHER_METHODS,
    url: path,
    // Before a body is read.
    onRequest: (request, reply) => {
      send(reply, wrongMethod(request.method))
    },
    handler: () => undefined,
  })
  done()
}

function send(reply: FastifyReply, { status, headers, body }: NotificationReply): FastifyReply {
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body)
}
