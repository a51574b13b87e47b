import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { writeReadable } from '../../contract/json.ts'
import { MoveForbidden, Problem, Refusal, StoreUnavailable } from '../../errors.ts'
import { AdvanceInterrupted } from '../../time/agenda.ts'
import { isGone } from '../gone.ts'
import { InvalidInput } from '../invalid-input.ts'

/** Answers every failure of the control API with RFC 9457 problem details. */
export function sendProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error)
  if (problem === undefined && !isGone(error, request)) request.log.error({ err: error }, 'a control request failed')
  const status = problem?.status ?? 500
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .send(writeReadable({
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      detail: problem?.message ?? 'the sandbox failed to handle this request; its log says more',
      ...problem?.details,
    }))
}

function toProblem(error: FastifyError): { status: number; message: string; details?: Record<string, unknown> } | undefined {
  if (error instanceof Problem) return error
  if (error instanceof MoveForbidden) {
    return { status: 409, message: error.message, details: { billStatus: error.status, allowedMoves: error.allowed } }
  }
  if (error instanceof AdvanceInterrupted) return { status: 409, message: error.message }
  if (error instanceof InvalidInput) {
    return { status: 400, message: error.message, details: { errors: error.faults.map(({ path, message }) => ({ path, message })) } }
  }
  if (error instanceof Refusal) return { status: 400, message: error.message }
  if (error instanceof StoreUnavailable) return { status: 503, message: `${error.message}; nothing was changed` }
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { status: 415, message: 'content-type must be application/json' }
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { status: 413, message: 'the body is too large' }
    default:
      return error.statusCode !== undefined && error.statusCode < 500 ? { status: error.statusCode, message: error.message } : undefined
  }
}
