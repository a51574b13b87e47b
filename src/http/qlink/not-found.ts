import type { FastifyReply, FastifyRequest } from 'fastify'
import { OPERATIONS } from '../../contract/states.ts'
import { Refusal } from '../../errors.ts'
import { closest } from '../../nearest.ts'
import type { World } from '../../sandbox/world.ts'
import type { AnswerStyle } from './answers.ts'
import { sendFailure } from './failures.ts'
import { beginRecord } from './recording.ts'

/** Answers whatever no route takes: a wrong method on an endpoint, or a path that is not there. */
export function notFound(world: World, basePath: string, style: AnswerStyle) {
  const endpoints = OPERATIONS.map((operation) => `${basePath}/${operation}`)
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [path = ''] = request.url.split('?')
    request.record = { ...beginRecord(world), ...(Buffer.isBuffer(request.body) ? { body: request.body } : {}) }
    if (endpoints.includes(path)) {
      reply.header('allow', 'POST')
      return sendFailure(reply, new Refusal('METHOD_NOT_ALLOWED', `${path} takes POST, not ${request.method}`), style)
    }
    const meant = nearestEndpoint(path, endpoints)
    const hint = meant === undefined ? `; the endpoints are ${endpoints.join(', ')}` : `; did you mean ${meant}?`
    const nearMiss = meant === undefined ? undefined : { what: 'path', sent: path, meant } as const
    return sendFailure(reply, new Refusal('PATH_UNKNOWN', `there is nothing at ${shorten(path)}${hint}`, { nearMiss }), style)
  }
}

function nearestEndpoint(path: string, endpoints: readonly string[]): string | undefined {
  const last = path.split('/').filter(Boolean).at(-1) ?? ''
  const near = closest(last, OPERATIONS)
  return endpoints.find((endpoint) => endpoint.endsWith(`/${String(near)}`))
}

function shorten(path: string): string {
  return path.length <= 120 ? path : `${path.slice(0, 119)}…`
}
