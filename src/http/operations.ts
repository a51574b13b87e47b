import type { FastifySchema } from 'fastify'
import { compileCheck, type Check } from '../validate.ts'
import { controlOperations } from './control/operations.ts'
import { qlinkOperations } from './qlink/operations.ts'

/** What each operation takes and answers, by the operationId of its route. Nothing here is loaded at start. */
export const OPERATIONS: Readonly<Record<string, FastifySchema>> = { ...controlOperations, ...qlinkOperations }

/** Where inputs are, and what the value itself is called in a message. */
const INPUTS = { body: 'the request body', querystring: 'the query', params: 'the path' } as const

export type Input = keyof typeof INPUTS

const checks = new Map<string, Check | undefined>()

/** The check of an operation's input; undefined where it takes none. */
export function checkOf(operationId: string, input: Input): Check | undefined {
  const key = `${operationId} ${input}`
  if (!checks.has(key)) {
    const schema = OPERATIONS[operationId]?.[input]
    checks.set(key, schema === undefined ? undefined : compileCheck(schema as object, INPUTS[input]))
  }
  return checks.get(key)
}
