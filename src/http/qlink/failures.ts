import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { readableHeader } from '../../contract/header-text.ts'
import { Refusal, StoreUnavailable } from '../../errors.ts'
import { isGone } from '../gone.ts'
import { InvalidInput } from '../invalid-input.ts'
import { failureBody, failureStatus, type AnswerStyle } from './answers.ts'

/** Turns whatever went wrong into the documented failure: one sentence, and the reason in a header. */
export function failureHandler(style: AnswerStyle, bodyLimit: number) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    // What was wrong before the body came is said, whatever else is wrong with the body.
    const refusal = request.record?.early ?? toRefusal(error, request, bodyLimit)
    if (refusal !== undefined) return sendFailure(reply, refusal, style)
    if (isGone(error, request)) {
      request.log.debug('the client went away before its request was whole')
      return reply.code(400).send(failureBody('the request was not whole'))
    }
    // A mistake of ours, not of the merchant's: it goes into the log whole, and out without its innards.
    request.log.error({ err: error }, 'a request failed')
    return reply.code(500).send(failureBody('the sandbox failed to handle this request; its log says more'))
  }
}

export function sendFailure(reply: FastifyReply, refusal: Refusal, style: AnswerStyle): FastifyReply {
  const { reason, message, hint } = refusal
  reply.refusal = refusal
  if (hint !== undefined) reply.header('x-qlink-sandbox-hint', readableHeader(hint))
  return reply
    .code(failureStatus(reason, style))
    .header('x-qlink-sandbox-error', reason)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(failureBody(message)))
}

function toRefusal(error: FastifyError, request: FastifyRequest, bodyLimit: number): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof StoreUnavailable) {
    request.log.error({ err: error }, 'a change could not be stored')
    return new Refusal('STORE_UNAVAILABLE', `${error.message}; nothing was changed`)
  }
  if (error instanceof InvalidInput) {
    const { faults } = error
    return new Refusal(faults[0]?.missing === true ? 'FIELD_MISSING' : 'FIELD_INVALID', error.message)
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Refusal('BODY_TOO_LARGE', `the body is larger than ${bodyLimit} bytes`)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Refusal('BODY_NOT_JSON', 'the body does not have the length that content-length says')
    default:
      return undefined
  }
}
