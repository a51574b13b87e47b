import type { FastifyRequest } from 'fastify'
import { InvalidInput } from './invalid-input.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation of the OpenAPI document that a route is. */
    operationId?: string
  }
}

type Operations = typeof import('./operations.ts')

let loaded: Operations | undefined

/**
 * Hands on the operations' schemas and checks. They take longer to load than all the rest, so the first request that
 * needs them loads them; every other has them at once.
 *
 * @param use what needs them; what it throws refuses the request
 * @param done the hook's own, called where there was nothing to wait for
 */
export function withOperations(use: (operations: Operations) => void, done: () => void): Promise<void> | undefined {
  if (loaded === undefined) {
    return import('./operations.ts').then((operations) => {
      loaded = operations
      use(operations)
    })
  }
  use(loaded)
  done()
  return undefined
}

/**
 * Checks what a request says against the schemas of its operation: nothing is coerced, and what is wrong is said in
 * sentences.
 *
 * @throws InvalidInput
 */
export function checkInputs({ checkOf }: Operations, request: FastifyRequest): void {
  const { operationId } = request.routeOptions.config
  if (operationId === undefined) return
  for (const [input, value] of [['params', request.params], ['body', request.body], ['querystring', request.query]] as const) {
    const faults = checkOf(operationId, input)?.(value ?? {}) ?? []
    if (faults.length > 0) throw new InvalidInput(faults)
  }
}
