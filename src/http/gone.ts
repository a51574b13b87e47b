import type { FastifyRequest } from 'fastify'

/** Whether the client hung up: nobody is left to be answered, and nothing of ours is wrong. */
export function isGone(error: { code?: string }, request: FastifyRequest): boolean {
  return error.code === 'ECONNRESET' || request.raw.destroyed || request.raw.errored !== null
}
