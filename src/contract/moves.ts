import type { BillStatus } from './states.ts'

/**
 * The moves that each state allows, and where they lead (CONTRACT §7). The three states after PAY_WAIT are final
 * but for a late success, which providers document and merchants get wrong; only a scenario or a person causes it.
 */
export const TRANSITIONS = {
  PAY_WAIT: { pay: 'PAY_SUCCESS', fail: 'PAY_FAIL', expire: 'PAY_FAIL', cancel: 'PAY_CANCEL' },
  PAY_SUCCESS: {},
  PAY_FAIL: { payLate: 'PAY_SUCCESS' },
  PAY_CANCEL: { payLate: 'PAY_SUCCESS' },
} as const satisfies Record<BillStatus, Partial<Record<string, BillStatus>>>

export type Move = 'pay' | 'fail' | 'expire' | 'cancel' | 'payLate'

/** All moves there are, for tables and tests. */
export const MOVES = ['pay', 'fail', 'expire', 'cancel', 'payLate'] as const satisfies readonly Move[]

/** The moves that a state allows. */
export function allowedMoves(status: BillStatus): Move[] {
  return Object.keys(TRANSITIONS[status]) as Move[]
}

/** The states that one move leads to. */
export function nextStates(status: BillStatus): BillStatus[] {
  return Object.values(TRANSITIONS[status])
}
