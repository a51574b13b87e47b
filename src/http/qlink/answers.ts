import { REASONS, type Reason } from '../../errors.ts'

/** How answers are written: the settings of CONTRACT §1. */
export interface AnswerStyle {
  responseFormat: 'documented' | 'envelope'
  resultKey: string
  httpStatus: 'always-200' | 'semantic'
}

/**
 * Wraps what a use case answers. As documented, an object has `success` and `message` beside its own fields and a
 * list stands bare; in an envelope both are under one key.
 */
export function successBody(result: object, { responseFormat, resultKey }: AnswerStyle): object {
  if (responseFormat === 'envelope') return { success: true, message: '', [resultKey]: result }
  return Array.isArray(result) ? result : { success: true, message: '', ...result }
}

/** A failure looks the same in every format. */
export function failureBody(message: string): { success: false; message: string } {
  return { success: false, message }
}

/** The one place that decides the HTTP status of a failure. */
export function failureStatus(reason: Reason, { httpStatus }: Pick<AnswerStyle, 'httpStatus'>): number {
  const keepsItsOwn = reason === 'PATH_UNKNOWN' || reason === 'METHOD_NOT_ALLOWED'
  return keepsItsOwn || httpStatus === 'semantic' ? REASONS[reason] : 200
}
