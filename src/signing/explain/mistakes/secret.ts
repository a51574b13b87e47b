import { OTHER_MASK, secretBehind, withoutSecret, type Parts } from '../draft.ts'
import { APPEND_THE_SECRET, READ_THE_SECRET } from './mends.ts'
import { joined, secretText, type Mistake, type Variant } from './mistake.ts'

/** The secret as one more part of the template, with or without it behind as well. */
function inside(name: string, place: (parts: Parts, part: readonly [string, string]) => Parts): Variant[] {
  return [withoutSecret, secretBehind].map((join) => ({
    stage: 'secret',
    rare: true,
    apply: (draft) => ({ ...draft, join, parts: (parts, secret) => place(draft.parts(parts, secret), [name, JSON.stringify(secret)]) }),
  }))
}

const last = (parts: Parts, part: readonly [string, string]): Parts => [...parts, part]
const afterKey = (parts: Parts, part: readonly [string, string]): Parts => [...parts.slice(0, 1), part, ...parts.slice(1)]

/** The secret is another, or stands elsewhere. */
export const SECRET_MISTAKES = {
  'secret-missing': {
    en: 'the string was signed without the secret; append it to the template, right behind its last brace',
    zh: '签名时没有拼接密钥；应把 appSecret 直接接在模板最后的大括号之后',
    mend: APPEND_THE_SECRET,
    variants: [joined(withoutSecret)],
  },
  'secret-first': {
    en: 'the secret was put before the template; it belongs behind it, and there alone',
    zh: '密钥拼接在模板之前；它只应接在模板之后',
    mend: APPEND_THE_SECRET,
    variants: [joined((template, secret) => secret + template), joined((template, secret) => secret + template + secret, true)],
  },
  'secret-trimmed': {
    en: 'the secret was signed without the blanks at its ends with which it is on record here; use it letter by letter, or correct the record',
    zh: '登记的密钥首尾带有空白，而签名时去掉了这些空白；应逐字使用，或更正登记的密钥',
    mend: READ_THE_SECRET,
    variants: [secretText((secret) => secret.trim()), secretText((secret) => secret.trimStart(), true), secretText((secret) => secret.trimEnd(), true)],
  },
  'secret-with-blank': {
    en: 'the secret was signed with a blank, a line end or quotes around it that it does not have, as copying and files leave them',
    zh: '签名所用的密钥首尾多了空格、换行或引号（常见于复制粘贴或读取文件）；应去掉它们',
    mend: {
      java: 'String appSecret = System.getenv("QLINK_APP_SECRET").strip();',
      javascript: 'const appSecret = process.env.QLINK_APP_SECRET.trim()',
      python: 'app_secret = os.environ["QLINK_APP_SECRET"].strip()',
      go: 'appSecret := strings.TrimSpace(os.Getenv("QLINK_APP_SECRET"))',
      php: '$appSecret = trim(getenv(\'QLINK_APP_SECRET\'));',
    },
    variants: [
      secretText((secret) => `${secret}\n`),
      secretText((secret) => `${secret} `),
      ...['\r\n', '\t', '\r', '\0'].map((blank) => secretText((secret) => secret + blank, true)),
      ...[' ', '\n', '\t', '\ufeff'].map((blank) => secretText((secret) => blank + secret, true)),
      ...[' ', '"', '\''].map((mark) => secretText((secret) => mark + secret + mark, true)),
    ],
  },
  'secret-inside-json': {
    en: 'the secret was put into the template as a field; it is appended behind the template\'s last brace instead',
    zh: '密钥被作为字段放进了模板；它应直接接在模板最后的大括号之后',
    mend: APPEND_THE_SECRET,
    variants: ['appSecret', 'secret', 'appsecret', 'app_secret', 'key'].flatMap((name) => [last, afterKey].flatMap((place) => inside(name, place))),
  },
  'secret-of-another-merchant': {
    en: 'the secret is that of another merchant; each appKey has its own',
    zh: '签名使用了另一个商户的密钥；每个 appKey 对应自己的密钥',
    mend: READ_THE_SECRET,
    variants: [
      { stage: 'secret', rare: true, apply: (draft, { others }) => others.map(({ appSecret }) => ({ ...draft, secret: { value: appSecret, shown: OTHER_MASK } })) },
      // All of it is the other's, but for the header.
      {
        stage: 'secret',
        rare: true,
        apply: (draft, { others }) => others.flatMap(({ appKey, appSecret }) =>
          (appKey === undefined || appKey === draft.appKey ? [] : [{ ...draft, appKey, secret: { value: appSecret, shown: OTHER_MASK } }])),
      },
    ],
  },
} as const satisfies Record<string, Mistake>
