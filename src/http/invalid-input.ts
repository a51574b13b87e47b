import type { FastifySchemaCompiler } from 'fastify'
import { compileCheck, type Fault } from '../validate.ts'

/** How many faults one message names. */
const NAMED = 5

/** Input that its schema does not allow. The message names each place by its path. */
export class InvalidInput extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    const more = faults.length > NAMED ? `; and ${faults.length - NAMED} more` : ''
    super(faults.slice(0, NAMED).map((fault) => fault.message).join('; ') + more)
    this.name = 'InvalidInput'
    this.faults = faults
  }
}

const ROOTS: Record<string, string> = { body: 'the request body', querystring: 'the query', params: 'the path' }

/** Fastify's validation, by our own check: nothing is coerced, and what is wrong is said in sentences. */
export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart = '' }) => {
  const check = compileCheck(schema, ROOTS[httpPart])
  return (value: unknown) => {
    const faults = check(value ?? {})
    return faults.length === 0 ? { value } : { error: new InvalidInput(faults) }
  }
}
