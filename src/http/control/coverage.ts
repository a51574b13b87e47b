import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import type { World } from '../../sandbox/world.ts'
import type { CoverageQuery } from './coverage-schemas.ts'

/** What merchants' suites have exercised, and what not. */
export function coverageRoutes(app: FastifyInstance, { coverage, merchants }: World): void {
  app.get('/coverage', { config: { operationId: 'getCoverage' } }, async (request) => {
    const { appKey, since = 'reset' } = request.query as Static<typeof CoverageQuery>
    if (appKey !== undefined && merchants.get(appKey) === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
    // The table is loaded by the first who asks.
    const { reportOf } = await import('../../coverage/report.ts')
    return { since, ...reportOf(coverage.counts(since, appKey)) }
  })
}
