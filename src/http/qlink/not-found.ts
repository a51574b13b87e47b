import type { FastifyReply, FastifyRequest } from 'fastify'
import { OPERATIONS } from '../../contract/states.ts'
import { Refusal } from '../../errors.ts'
import { closest } from '../../nearest.ts'
import type { AnswerStyle } from './answers.ts'
import { sendFailure } from './failures.ts'

/** Answers whatever no route takes: a wrong method on an endpoint, or a path that is not there. */
export function notFound(basePath: string, style: AnswerStyle) {
  const endpoints = OPERATIONS.map((operation) => `${basePath}/${operation}`)
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [path = ''] = request.url.split('?')
    if (endpoints.includes(path)) {
      reply.header('allow', 'POST')
      return sendFailure(reply, new Refusal('METHOD_NOT_ALLOWED', `${path} takes POST, not ${request.method}`), style)
    }
    return sendFailure(reply, new Refusal('PATH_UNKNOWN', `there is nothing at ${shorten(path)}${hint(path, endpoints)}`), style)
  }
}

function hint(path: string, endpoints: readonly string[]): string {
  const last = path.split('/').filter(Boolean).at(-1) ?? ''
  const near = closest(last, OPERATIONS)
  const meant = endpoints.find((endpoint) => endpoint.endsWith(`/${String(near)}`))
  return meant === undefined ? `; the endpoints are ${endpoints.join(', ')}` : `; did you mean ${meant}?`
}

function shorten(path: string): string {
  return path.length <= 120 ? path : `${path.slice(0, 119)}…`
}
