import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import { timeoutFaults, urlFaults } from '../../merchant/faults.ts'
import type { World } from '../../sandbox/world.ts'
import { readDuration } from '../../time/duration.ts'
import type { MerchantParams, ProbeQuestion } from './schemas.ts'

const DEFAULT_TIMEOUT = '5s'

/** Tries whether notifications can reach a merchant. */
export function probeRoutes(app: FastifyInstance, { merchants }: World): void {
  const closing = new AbortController()
  app.addHook('preClose', (done) => {
    closing.abort()
    done()
  })
  app.post('/merchants/:appKey/probe', { config: { operationId: 'probeMerchant' } }, async (request) => {
    const { appKey } = request.params as Static<typeof MerchantParams>
    const { url, timeout = DEFAULT_TIMEOUT } = (request.body ?? {}) as Static<typeof ProbeQuestion>
    const merchant = merchants.get(appKey)
    if (merchant === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
    const faults = [...(url === undefined ? [] : urlFaults('url', url)), ...timeoutFaults('timeout', timeout)]
    if (faults.length > 0) throw new Problem(400, faults.join('; '), { errors: faults })
    const registered = url ?? merchant.notifyUrl
    if (registered === null) throw new Problem(409, `merchant ${appKey} has no notifyUrl; give it one by PATCH, or say which url to try`)
    const { probe } = await import('../../notification/probe.ts')
    return probe(registered, AbortSignal.any([closing.signal, AbortSignal.timeout(readDuration(timeout) ?? 0)]))
  })
}
