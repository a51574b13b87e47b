import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptAliases } from '../../contract/aliases.ts'
import { readableHeader } from '../../contract/header-text.ts'
import { exactNumber, readBody, writeExact } from '../../contract/json.ts'
import type { ApplyRequest, CancelRequest, GetPayStatusRequest, QueryPayAccountRequest } from '../../contract/schemas.ts'
import type { Operation } from '../../contract/states.ts'
import { unknownFields, type FieldWarning } from '../../contract/unknown-fields.ts'
import { Refusal } from '../../errors.ts'
import { apply } from '../../sandbox/apply.ts'
import { cancel } from '../../sandbox/cancel.ts'
import type { Merchant } from '../../merchant/merchant.ts'
import type { Answered } from '../../sandbox/reactions.ts'
import { queryPayAccount } from '../../sandbox/pay-account.ts'
import { getPayStatus } from '../../sandbox/pay-status.ts'
import type { World } from '../../sandbox/world.ts'
import { failureBody, successBody, type AnswerStyle } from './answers.ts'
import { stageOf } from './conduct.ts'
import { checkInputs, withOperations } from '../operation-check.ts'
import { failureHandler } from './failures.ts'
import { Explainer } from './explainer.ts'
import { admit, isSigned, readSigned, refuseSignature } from './gate.ts'
import { beginRecord } from './recording.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the gate made of the request; set in the scope of the emulated API only. */
    qlink: { merchant: Merchant; text: string }
  }
}

/** Names the scenario that a request wants. */
const SCENARIO_HEADER = 'x-qlink-sandbox-scenario'

/** What each endpoint does with a request whose signature and fields are right. */
type UseCases = Record<Operation, (request: FastifyRequest, reply: FastifyReply) => Answered<object> | Promise<Answered<object>>>

function useCases(world: World): UseCases {
  return {
    queryPayAccount: ({ qlink, body, headers }) => queryPayAccount(world, qlink.merchant, body as QueryPayAccountRequest, headers[SCENARIO_HEADER] as string | undefined),
    apply: ({ qlink, body, headers }) =>
      apply(world, qlink.merchant, { request: body as ApplyRequest, text: qlink.text, scenarioHeader: headers[SCENARIO_HEADER] as string | undefined }),
    getPayStatus: async ({ qlink, body }, reply) => {
      const { answer, conduct } = await getPayStatus(world, qlink.merchant, body as GetPayStatusRequest)
      if (answer instanceof Refusal) return { answer, conduct }
      const statuses = answer.map((status) => ({ ...status, amount: status.amount === null ? null : exactNumber(status.amount) }))
      if (statuses.some(({ amount }) => typeof amount === 'object' && amount !== null)) {
        // With a serializer of its own an answer is not taken for JSON by itself.
        reply.type('application/json; charset=utf-8').serializer(writeExact)
      }
      return { answer: statuses, conduct }
    },
    cancel: ({ qlink, body }) => cancel(world, qlink.merchant, body as CancelRequest),
  }
}

/** The four endpoints of QLink (CONTRACT §1 to §6), under the base path. */
export function qlinkRoutes(app: FastifyInstance, world: World, style: AnswerStyle, bodyLimit: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.record !== undefined) request.record.body = body as Buffer
    done(null, body)
  })
  app.setErrorHandler(failureHandler(style, bodyLimit))
  app.decorateRequest('qlink')

  // In this order: headers, appKey, (content type, size,) UTF-8, signature, JSON, fields, business rules.
  app.addHook('onRequest', (request, _reply, done) => {
    const admitted = admit(request, world.merchants)
    if (admitted instanceof Refusal) request.record = { ...beginRecord(world), early: admitted }
    else {
      request.record = beginRecord(world, admitted.appKey)
      request.qlink = { merchant: admitted, text: '' }
    }
    done()
  })
  const explainer = new Explainer(world)
  app.addHook('preValidation', (request, reply, done) => {
    if (request.record?.early !== undefined) throw request.record.early
    const { merchant } = request.qlink
    const signed = readSigned(request, (request.body as Buffer | undefined) ?? Buffer.alloc(0))
    if (!isSigned(signed, merchant)) return refuseSignature(explainer, request, signed)
    return withOperations((operations) => {
      const value = readBody(signed.text)
      request.qlink = { merchant, text: signed.text }
      request.body = value
      const { operation = '' } = request.routeOptions.config
      const aliases = operation === 'apply' ? acceptAliases(value) : []
      const unknown = unknownFields(value, operations.OPERATIONS[operation]?.body ?? {})
      if (aliases.length + unknown.length > 0) warn(request, reply, [...aliases.map((message) => ({ message })), ...unknown])
      checkInputs(operations, request)
    }, done)
  })

  const cases = useCases(world)
  const stage = stageOf(app, world)
  for (const operation of Object.keys(cases) as Operation[]) {
    app.post(`/${operation}`, { config: { operation, operationId: operation } }, async (request, reply) => {
      const { answer, conduct } = await cases[operation](request, reply)
      const body = (): object => (answer instanceof Refusal ? failureBody(answer.message) : successBody(answer, style))
      if (conduct !== undefined && !(await stage.play(conduct, request, reply, () => reply.serialize(body()) as string))) return reply
      if (answer instanceof Refusal) throw answer
      return body()
    })
  }
}

/** Warnings travel in a header, since an answer's body has the documented fields and no others. */
function warn(request: FastifyRequest, reply: FastifyReply, found: FieldWarning[]): void {
  const warnings = found.map(({ message }) => message)
  request.record?.warnings.push(...warnings)
  request.record?.nearMisses.push(...found.flatMap(({ nearMiss }) => nearMiss ?? []))
  reply.header('x-qlink-sandbox-warning', readableHeader(warnings.join('; ')))
  request.log.warn({ operation: request.routeOptions.config.operation, warnings }, 'a request was accepted with warnings')
}
