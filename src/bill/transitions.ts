import { allowedMoves, TRANSITIONS, type Move } from '../contract/moves.ts'
import { ERROR_CODE, type BillStatus } from '../contract/states.ts'
import { withoutDue, type Actor, type Bill } from './bill.ts'

export { allowedMoves, MOVES, TRANSITIONS, type Move } from '../contract/moves.ts'

/** When a move is made, by whom, and for a failure why. */
export interface Circumstances {
  at: number
  by: Actor
  errorCode?: string
}

export type MoveResult =
  | { readonly allowed: true; readonly bill: Bill }
  | { readonly allowed: false; readonly status: BillStatus; readonly moves: readonly Move[] }

/**
 * Moves a bill to another state. Pure: the bill handed in stays as it is.
 *
 * @returns the new bill, its event recorded and its expiry taken off; or, where the table forbids the move, the state
 *   that forbids it and what it would allow
 */
export function transition(bill: Bill, move: Move, { at, by, errorCode = '' }: Circumstances): MoveResult {
  const to = (TRANSITIONS[bill.status] as Partial<Record<Move, BillStatus>>)[move]
  if (to === undefined) return { allowed: false, status: bill.status, moves: allowedMoves(bill.status) }
  const code = move === 'expire' ? ERROR_CODE.expired : to === 'PAY_FAIL' ? errorCode : ''
  const event = { at, what: move, by, from: bill.status, to, ...(code === '' ? {} : { errorCode: code }) }
  const moved: Bill = {
    ...bill,
    status: to,
    cancelling: false,
    payTime: to === 'PAY_SUCCESS' ? at : bill.payTime,
    cancelTime: to === 'PAY_CANCEL' ? at : bill.cancelTime,
    errorCode: code,
    events: bill.events.concat(event),
  }
  return { allowed: true, bill: withoutDue(moved, (due) => due.what === 'expire') }
}
