import { setTimeout } from 'node:timers/promises'
import type { ApplyAnswer, ApplyRequest, GetPayStatusRequest, PayStatus } from '../contract/schemas.ts'
import { QLinkAmbiguous, QLinkError, QLinkRefused, QLinkSignatureRefused } from './errors.ts'

/** What came of {@link applyOnce}. */
export type AppliedOnce =
  /** QLink answered. */
  | { outcome: 'applied'; answer: ApplyAnswer }
  /** The answer was lost, or the application was made earlier: this is where its bill stands. */
  | { outcome: 'found'; bill: PayStatus }

/** How long to look for a bill, and what to do if it is not there. */
export interface ApplyOnceOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds to wait before each question for the bill; 0.5, 1, 2, 4 and 8 s unless given. */
  waits?: readonly number[]
  /**
   * Whether to apply once more, with the same tradeUuid, where QLink still answers after all waits that there is no bill. QLink takes a
   * tradeUuid once: if the first application has arrived meanwhile, the second is refused, and the bill is looked for
   * again. Nothing is applied a third time.
   */
  reapply?: boolean
}

/** The two calls that it takes. */
interface Calls {
  apply(request: ApplyRequest, options: { signal: AbortSignal | undefined }): Promise<ApplyAnswer>
  getPayStatus(request: GetPayStatusRequest, options: { signal: AbortSignal | undefined }): Promise<PayStatus[]>
}

const WAITS: readonly number[] = [500, 1000, 2000, 4000, 8000]

/**
 * Applies, and after an ambiguous answer asks getPayStatus by tradeUuid until the bill shows or the waits are used up.
 *
 * - QLinkUnreachable is handed on: nothing was sent.
 * - A refusal because of the tradeUuid means that it was used before, by this application if a process died and began
 *   again: its bill is looked for at once. QLink itself does not say why it refuses in a way for machines, so each refusal
 *   without the sandbox's reason is followed by that question, and handed on when QLink has answered that no bill is there.
 * - A bill of another order or currency under the same tradeUuid is not ours: that is never `found`.
 * - Aborted while it looks for the bill, it says that the matter is open: QLinkAmbiguous.
 *
 * @throws QLinkAmbiguous, QLinkRefused, QLinkUnreachable, TypeError
 */
export async function applyOnce(calls: Calls, request: ApplyRequest, { signal, waits = WAITS, reapply = false }: ApplyOnceOptions = {}): Promise<AppliedOnce> {
  let trouble: QLinkError
  try {
    return { outcome: 'applied', answer: await calls.apply(request, { signal }) }
  } catch (error) {
    if (!leavesOpen(error)) throw error
    trouble = error
  }
  const first = await look(calls, request, trouble, { signal, waits })
  if ('bill' in first) return found(first.bill, request, trouble)
  if (trouble instanceof QLinkRefused) throw first.isAbsent && !isTaken(trouble) ? trouble : open(request, first, trouble)
  if (!reapply || !first.isAbsent) throw open(request, first, trouble)
  try {
    return { outcome: 'applied', answer: await calls.apply(request, { signal }) }
  } catch (error) {
    // Also one that was not sent: the first one still is what nobody knows of.
    if (!(error instanceof QLinkError)) throw error
    const second = await look(calls, request, error, { signal, waits })
    if ('bill' in second) return found(second.bill, request, error)
    // Whatever was said to the second says nothing about the first.
    throw open(request, second, error)
  }
}

function isTaken({ reason }: QLinkRefused): boolean {
  return reason === 'TRADE_UUID_TAKEN'
}

/** Whether a bill may exist after all. */
function leavesOpen(error: unknown): error is QLinkError {
  if (error instanceof QLinkAmbiguous) return true
  return error instanceof QLinkRefused && !(error instanceof QLinkSignatureRefused) && (error.reason === undefined || isTaken(error))
}

interface NotFound {
  /** QLink has answered, the last time it was asked, that there is none. */
  isAbsent: boolean
  cause: unknown
}

/** Asks for the bill of an application. What was refused is there at once, or not at all: one answer will do. */
async function look(calls: Calls, { tradeUuid }: ApplyRequest, trouble: QLinkError, { signal, waits }: { signal: AbortSignal | undefined; waits: readonly number[] }): Promise<{ bill: PayStatus } | NotFound> {
  const isRefused = trouble instanceof QLinkRefused
  let isAbsent = false
  let cause: unknown = trouble
  for (const wait of isRefused ? [0, ...waits] : waits) {
    try {
      await setTimeout(wait, undefined, { signal })
      const [bill] = await calls.getPayStatus({ tradeUuidList: [tradeUuid] }, { signal })
      if (bill !== undefined) return { bill }
      isAbsent = true
      if (isRefused && !isTaken(trouble)) break
    } catch (error) {
      if (signal?.aborted === true) return { isAbsent: false, cause: error }
      if (!(error instanceof QLinkError)) throw error
      isAbsent = false
      cause = error
    }
  }
  return { isAbsent, cause }
}

/** A tradeUuid that was used for two orders is a mistake that must not be taken for a success. */
function found(bill: PayStatus, { tradeUuid, orderCode, currency }: ApplyRequest, trouble: QLinkError): AppliedOnce {
  if (bill.orderCode === orderCode && bill.currency === currency) return { outcome: 'found', bill }
  if (trouble instanceof QLinkRefused) throw trouble
  const message = `the tradeUuid ${tradeUuid} was used twice: QLink has a bill with it for the order ${bill.orderCode} in ${bill.currency}, not for ${orderCode} in ${currency}`
  throw new QLinkAmbiguous(message, { operation: 'apply', cause: trouble })
}

function open({ tradeUuid }: ApplyRequest, { isAbsent, cause }: NotFound, trouble: QLinkError): QLinkAmbiguous {
  const message = isAbsent
    ? `whether apply was done is not known: a bill with the tradeUuid ${tradeUuid} was not found, but may still arrive`
    : `whether apply was done is not known, and QLink could not be asked for a bill with the tradeUuid ${tradeUuid}`
  return new QLinkAmbiguous(`${message} (${trouble.message})`, { operation: 'apply', cause })
}
