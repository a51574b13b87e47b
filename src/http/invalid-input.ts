import type { Fault } from '../validate.ts'

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
