import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { toIsoTime } from '../../contract/wire-time.ts'
import { Problem } from '../../errors.ts'
import { requestId, type RecordedRequest } from '../../journal/requests.ts'
import type { World } from '../../sandbox/world.ts'
import { PAGE } from './bills.ts'
import type { RequestParams, RequestQuery } from './journal-schemas.ts'
import type { OneMerchant } from './schemas.ts'

/** The journal of requests (INTERFACE §3). */
export function requestRoutes(app: FastifyInstance, { requests, settings }: World): void {
  app.get('/requests', { config: { operationId: 'listRequests' } }, (request) => {
    const { limit, cursor, ...filter } = request.query as Static<typeof RequestQuery>
    const { items, nextCursor } = requests.list(filter, { limit: Number(limit ?? PAGE), cursor })
    return Promise.resolve({ items: items.map((item) => requestView(item, settings.timeZone)), nextCursor })
  })

  app.get('/requests/:id', { config: { operationId: 'getRequest' } }, (request) => {
    const { id } = request.params as Static<typeof RequestParams>
    const found = requests.get(id)
    if (found === undefined) throw new Problem(404, `there is no request ${id}; of the newest so many are kept as --keep-requests says`)
    return Promise.resolve(requestView(found, settings.timeZone))
  })

  app.delete('/requests', { config: { operationId: 'clearRequests' } }, (request, reply) => {
    requests.clear((request.query as Static<typeof OneMerchant>).appKey)
    return reply.code(204).send()
  })
}

/** A request as the journal shows it: its body as text, unless it is none. */
export function requestView(recorded: RecordedRequest, zone: string): Record<string, unknown> {
  const { body, headers, response, appKey, reason, message, fault, lostAnswer } = recorded
  const isText = body === undefined || isUtf8(body)
  return {
    id: requestId(recorded),
    at: toIsoTime(recorded.at, zone),
    operation: recorded.operation,
    method: recorded.method,
    url: recorded.url,
    appKey: appKey ?? null,
    outcome: recorded.outcome,
    reason: reason ?? null,
    message: message ?? null,
    fault: fault ?? null,
    lostAnswer: lostAnswer ?? null,
    diagnosis: recorded.diagnosis ?? null,
    warnings: recorded.warnings,
    nearMisses: recorded.nearMisses,
    durationMs: recorded.durationMs,
    request: { headers, body: body?.toString(isText ? 'utf8' : 'base64') ?? null, encoding: isText ? 'utf8' : 'base64' },
    response: response ?? null,
  }
}
