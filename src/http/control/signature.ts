import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import type { World } from '../../sandbox/world.ts'
import { diagnose } from '../../signing/index.ts'
import type { SignatureQuestion } from './schemas.ts'

/** What is wrong with a signature (INTERFACE §3). */
export function signatureRoutes(app: FastifyInstance, { merchants }: World): void {
  app.post('/signature', { config: { operationId: 'diagnoseSignature' } }, (request) => {
    const { appKey, content = '', sign } = request.body as Static<typeof SignatureQuestion>
    const merchant = merchants.get(appKey)
    if (merchant === undefined) throw new Problem(404, `there is no merchant ${appKey}`)
    const { appSecret, signature } = merchant
    return Promise.resolve(diagnose({ appKey, appSecret, content, sign }, signature))
  })
}
