import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import type { World } from '../../sandbox/world.ts'
import { Explainer } from '../qlink/explainer.ts'
import type { SignatureQuestion } from './schemas.ts'

/** What is wrong with a signature (INTERFACE §3). */
export function signatureRoutes(app: FastifyInstance, world: World): void {
  const { merchants } = world
  const explainer = new Explainer(world)
  app.post('/signature', { config: { operationId: 'diagnoseSignature' } }, (request) => {
    const { appKey, content = '', sign } = request.body as Static<typeof SignatureQuestion>
    const merchant = merchants.get(appKey)
    if (merchant === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
    return explainer.explain(merchant, { text: content, sign })
  })
}
