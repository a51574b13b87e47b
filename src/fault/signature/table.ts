/** What a signature is made from: the keys and the text that it is for. */
export interface SignatureInput {
  readonly appKey: string
  readonly appSecret: string
  readonly content: string
}

/** A way to sign a notification. */
export interface SignatureForm {
  readonly description: string
  /**
   * @param sign the right way
   * @returns the header `sign`; empty for none
   */
  sign(input: SignatureInput, sign: (input: SignatureInput) => string): string
}

/** Every way in which a scenario can sign a notification, by its name there (INTERFACE §4). */
export const SIGNATURE_FORMS = {
  valid: {
    description: 'As QLink signs. / 正确签名。',
    sign: (input, sign) => sign(input),
  },
  wrong: {
    description: 'Signed with a secret that is not the merchant’s: a forgery. / 用错误的密钥签名（伪造）。',
    sign: (input, sign) => sign({ ...input, appSecret: `${input.appSecret}-forged` }),
  },
  missing: {
    description: 'Without the header sign. / 没有 sign 请求头。',
    sign: () => '',
  },
} as const satisfies Record<string, SignatureForm>

export type SignatureFormName = keyof typeof SIGNATURE_FORMS

export const SIGNATURE_FORM_NAMES = Object.keys(SIGNATURE_FORMS) as SignatureFormName[]
