/**
 * Every reason for which the emulated QLink refuses a request, and the HTTP status that the setting
 * `http-status: semantic` gives it. The names are fixed (CONTRACT §1); they travel in the header
 * `x-qlink-sandbox-error`.
 */
export const REASONS = {
  HEADER_MISSING: 401,
  APP_KEY_UNKNOWN: 401,
  BODY_NOT_UTF8: 400,
  SIGN_MISMATCH: 401,
  BODY_NOT_JSON: 400,
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_UNSUPPORTED: 415,
  METHOD_NOT_ALLOWED: 405,
  PATH_UNKNOWN: 404,
  FIELD_MISSING: 400,
  FIELD_INVALID: 400,
  PAY_ACCOUNT_UNKNOWN: 422,
  PAY_TYPE_UNKNOWN: 422,
  PAY_CHANNEL_UNKNOWN: 422,
  TRADE_UUID_TAKEN: 409,
  BILL_UNKNOWN: 404,
  BILL_IDS_DISAGREE: 409,
  REFUSED_BY_SCENARIO: 422,
  STORE_UNAVAILABLE: 503,
} as const satisfies Record<string, number>

export type Reason = keyof typeof REASONS

/** Something that was written almost as it should have been. */
export interface NearMiss {
  readonly what: 'path' | 'field' | 'appKey'
  readonly sent: string
  readonly meant: string
}

/** QLink says no: the request is understood well enough to say what is wrong with it. */
export class Refusal extends Error {
  readonly reason: Reason
  /** The slip of the pen that explains it, where there is one. */
  readonly nearMiss: NearMiss | undefined
  /** What helps to mend it, for the header `x-qlink-sandbox-hint`. */
  readonly hint: string | undefined

  /**
   * @param reason one of {@link REASONS}
   * @param message one sentence: what is wrong and where, naming a field by its path
   */
  constructor(reason: Reason, message: string, { nearMiss, hint }: { nearMiss?: NearMiss | undefined; hint?: string } = {}) {
    // It is an answer: nobody asks from where, and to write that down would cost as much as all the rest of it.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Refusal'
    this.reason = reason
    this.nearMiss = nearMiss
    this.hint = hint
  }
}

/** What the control API answers with: RFC 9457 problem details. */
export class Problem extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 503
  /** Further members of the problem document, for machines. */
  readonly details: Record<string, unknown>

  constructor(status: Problem['status'], message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'Problem'
    this.status = status
    this.details = details
  }
}

/** Arguments, configuration or files that cannot be used: the command ends with exit code 2, a line for each. */
export class UsageError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'UsageError'
    this.problems = problems
  }
}

/** The store could not make a change durable, so the change did not happen. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(`the store could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'StoreUnavailable'
  }
}

/** A move that the transition table does not allow from where the bill stands. */
export class MoveForbidden extends Error {
  readonly status: string
  readonly allowed: readonly string[]

  constructor(billCode: string, move: string, status: string, allowed: readonly string[]) {
    const inWords = (one: string): string => (one === 'payLate' ? 'pay with {"late":true}' : one)
    const choice = allowed.length === 0 ? 'no move is allowed any more' : `allowed from there: ${allowed.map(inWords).join(', ')}`
    super(`bill ${billCode} is ${status}, which does not allow ${move}; ${choice}`)
    this.name = 'MoveForbidden'
    this.status = status
    this.allowed = allowed.map(inWords)
  }
}
