/** The four endpoints of QLink, by their paths. */
export type Operation = 'queryPayAccount' | 'apply' | 'getPayStatus' | 'cancel'

/** What went wrong, to switch on. */
export type QLinkErrorKind = 'refused' | 'signature-refused' | 'ambiguous' | 'unreachable' | 'signature-invalid'

/** Whatever goes wrong between a merchant and QLink. What a caller gave wrongly is a TypeError instead. */
export abstract class QLinkError extends Error {
  abstract readonly kind: QLinkErrorKind
}

/** What QLink said when it refused. */
export interface RefusalDetails {
  operation: Operation
  /** The HTTP status; 200 for most refusals, as QLink's document knows no other. */
  status: number
  /** The sandbox's reason, such as `TRADE_UUID_TAKEN`, from the header x-qlink-sandbox-error; QLink itself sends none. */
  reason: string | undefined
  /** The whole answer, parsed; its numbers are text. */
  answer: Readonly<Record<string, unknown>>
}

/** QLink understood the request and said no (`success: false`): nothing has happened. The message is QLink's own. */
export class QLinkRefused extends QLinkError {
  readonly kind: 'refused' | 'signature-refused' = 'refused'
  readonly operation: Operation
  readonly status: number
  readonly reason: string | undefined
  readonly answer: Readonly<Record<string, unknown>>

  constructor(message: string, { operation, status, reason, answer }: RefusalDetails) {
    super(message)
    this.name = 'QLinkRefused'
    this.operation = operation
    this.status = status
    this.reason = reason
    this.answer = answer
  }
}

/** QLink refused the signature: the secret, or the way it is used, is wrong. */
export class QLinkSignatureRefused extends QLinkRefused {
  override readonly kind = 'signature-refused'
  /** The sandbox's hint at the mistake, from the header x-qlink-sandbox-hint. */
  readonly hint: string | undefined

  constructor(message: string, { hint, ...details }: RefusalDetails & { hint: string | undefined }) {
    super(message, details)
    this.name = 'QLinkSignatureRefused'
    this.hint = hint
  }
}

/**
 * The request went out, and nobody knows whether QLink did it: a timeout, a broken connection, a 5xx, an answer that
 * cannot be read. Ask by getPayStatus before anything else; `cause` has what is known.
 */
export class QLinkAmbiguous extends QLinkError {
  readonly kind = 'ambiguous'
  readonly operation: Operation
  /** The HTTP status, where there was one. */
  readonly status: number | undefined

  constructor(message: string, { operation, status, cause }: { operation: Operation; status?: number | undefined; cause?: unknown }) {
    super(message, cause === undefined ? {} : { cause })
    this.name = 'QLinkAmbiguous'
    this.operation = operation
    this.status = status
  }
}

/** The request never went out: nobody listens, the host is unknown, there was no connection in time, or it was aborted before. */
export class QLinkUnreachable extends QLinkError {
  readonly kind = 'unreachable'
  readonly operation: Operation

  constructor(message: string, { operation, cause }: { operation: Operation; cause?: unknown }) {
    super(message, { cause })
    this.name = 'QLinkUnreachable'
    this.operation = operation
  }
}

/** What is wrong with a notification. */
export type InvalidReason = 'header-missing' | 'app-key-unknown' | 'sign-mismatch' | 'not-utf8' | 'not-raw' | 'not-a-notification'

/** A notification is not to be believed; the message says why. */
export class QLinkSignatureInvalid extends QLinkError {
  readonly kind = 'signature-invalid'
  readonly reason: InvalidReason

  constructor(reason: InvalidReason, message: string) {
    super(message)
    this.name = 'QLinkSignatureInvalid'
    this.reason = reason
  }
}
