import { signAsObject, verify, type SignatureReading } from './sign.ts'
import { stringToSign, stringToSignAsObject, type SigningInput } from './string-to-sign.ts'

/** Why a signature does not fit: its stable name. */
export type DiagnosisCode = 'content-as-object' | 'malformed' | 'unknown'

/** Whether a signature fits, and if not, what is known of why. The secret is in none of it. */
export interface Diagnosis {
  readonly valid: boolean
  /** Null where it fits. */
  readonly code: DiagnosisCode | null
  /** In a sentence. */
  readonly message: string
  /** What should have been hashed, with `<appSecret>` in the secret's place. */
  readonly stringToSign: string
}

/**
 * Says whether a signature fits a body, and what is wrong if not.
 *
 * @param input key, secret, body text and the signature received
 * @param reading which form of the string to sign is accepted
 */
export function diagnose(input: SigningInput & { sign: string }, reading: SignatureReading = 'strict'): Diagnosis {
  const masked = { ...input, appSecret: '<appSecret>' }
  const shown = reading === 'object' ? stringToSignAsObject(masked) : stringToSign(masked)
  if (verify(input, reading)) return { valid: true, code: null, message: 'the signature fits this body', stringToSign: shown }
  const template = reading === 'object' ? '{"appKey":"…","content":<body>}' : '{"appKey":"…","content":"<body as an escaped JSON string>"}'
  const rule = `it must be the lower-case SHA-1 of ${template} with the appSecret appended, over the body exactly as sent`
  const wrong = (code: DiagnosisCode, what: string): Diagnosis => ({ valid: false, code, message: `${what}${rule}`, stringToSign: shown })
  if (input.content !== undefined && input.content !== '' && input.sign === signAsObject(input)) {
    return wrong('content-as-object', 'the header sign fits the body nested as an object; content must be the body as an escaped JSON string: ')
  }
  return /^[0-9a-f]{40}$/.test(input.sign)
    ? wrong('unknown', 'the header sign does not fit this body; ')
    : wrong('malformed', 'the header sign is not 40 lower-case hex digits; ')
}
