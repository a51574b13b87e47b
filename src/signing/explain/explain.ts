import { firstDifference, type Difference } from './first-difference.ts'
import { MASK, OTHER_MASK, stringOf, templateOf } from './draft.ts'
import type { Mend } from './mistakes/mistake.ts'
import { MISTAKES, type MistakeCode } from './mistakes/table.ts'
import { rightDraft, Search, type ExplainInput, type Found } from './search.ts'
import { verify } from '../sign.ts'
import { stringToSign, stringToSignAsObject } from '../string-to-sign.ts'

/** What is known of a signature. The secret is in none of it. */
export interface Explanation {
  readonly valid: boolean
  /**
   * Null where it fits; the stable code of the mistake; `unknown` where none that is known gives this signature, and
   * `malformed` where it is not the digest of anything besides; `not-explained` where nobody has looked.
   */
  readonly code: MistakeCode | 'unknown' | 'malformed' | 'not-explained' | null
  /** All mistakes that were made together; the first is `code`. */
  readonly mistakes: readonly MistakeCode[]
  /** Other mistakes which give the very same string for this body. */
  readonly twins: readonly MistakeCode[]
  /** In one sentence. */
  readonly message: string
  readonly messageZh: string
  /** What was hashed, with `<appSecret>` in the secret's place; null where that is not known. */
  readonly hashed: string | null
  /** What should have been hashed. */
  readonly stringToSign: string
  /** Where the two part, in bytes; null where they do not. */
  readonly firstDifference: Difference | null
  /** How to do it right, as code. */
  readonly mend: Mend | null
  /** What to do where no mistake is found. */
  readonly steps: readonly string[]
  readonly stepsZh: readonly string[]
}

const STEPS = [
  'Print the string that your code hashes, the secret masked, and compare it with stringToSign byte by byte.',
  'If they are alike, the hash or the secret differs: hash the printed string with the secret in its place by printf %s and sha1sum, and compare with the header sign.',
  'If they are not, look at the body as it leaves your process (the request journal has its bytes): what is signed must be those bytes.',
]
const STEPS_ZH = [
  '打印代码中实际参与哈希的字符串（密钥打码），与 stringToSign 逐字节比较。',
  '如果一致，问题在哈希算法或密钥：用 printf %s 和 sha1sum 对该字符串（填入密钥）计算，与请求头 sign 比较。',
  '如果不一致，检查离开进程时的请求体（请求日志保存了其字节）：签名的内容必须就是这些字节。',
]

/**
 * Says whether a signature fits a body, and if not, looks for the mistake that gives exactly this signature: one, or
 * several that are made together. None is named that does not.
 *
 * @param input key, secret, body and signature, and what else is known
 */
export function explain(input: ExplainInput): Explanation {
  const { appKey, appSecret, body = '', sign, reading = 'strict' } = input
  const hide = hiding(input)
  const common = withoutFinding(input, hide)
  if (verify({ appKey, appSecret, content: body, sign }, reading)) {
    return { valid: true, code: null, ...common, message: 'the signature fits this body', messageZh: '签名与请求体相符' }
  }
  const search = new Search(input)
  const found = search.run()
  if (found === undefined) {
    const { code, ...words } = notFound(search)
    return { valid: false, code, ...common, ...words, steps: STEPS, stepsZh: STEPS_ZH }
  }
  const hashed = hide(shownString(found))
  const bytes = found.draft.bytes ?? ((text: string) => Buffer.from(text))
  const mistakes = found.mistakes.map((code) => MISTAKES[code])
  return {
    valid: false,
    code: found.mistakes[0] ?? 'unknown',
    ...common,
    mistakes: found.mistakes,
    twins: found.twins,
    message: `the signature does not fit this body: ${mistakes.map(({ en }) => en).join('; besides, ')}${found.about === undefined ? '' : ` (it fits ${found.about})`}`,
    messageZh: `签名与请求体不符：${mistakes.map(({ zh }) => zh).join('；另外，')}${found.about === undefined ? '' : `（与 ${found.about} 相符）`}`,
    hashed,
    firstDifference: firstDifference(bytes(hashed), Buffer.from(common.stringToSign)) ?? null,
    mend: together(mistakes.map(({ mend }) => mend)),
  }
}

/** What is said of a wrong signature that is not looked into; it takes as little as can be. */
export function unexplained({ appKey, appSecret, body, reading }: ExplainInput): Explanation {
  const masked = { appKey, appSecret: '<appSecret>', content: body }
  const right = reading === 'object' ? stringToSignAsObject(masked) : stringToSign(masked)
  return {
    valid: false,
    code: 'not-explained',
    ...NOTHING_FOUND,
    stringToSign: hiding({ appKey, appSecret, sign: '' })(right),
    message: 'the signature does not fit this body; it is left unexplained, as this merchant has sent too many wrong ones in the last seconds: POST /_sandbox/signature or qlink-sandbox verify explains it',
    messageZh: '签名与请求体不符；该商户最近几秒内错误签名过多，本次未做诊断：可用 POST /_sandbox/signature 或 qlink-sandbox verify 诊断',
  }
}

function withoutFinding(input: ExplainInput, hide: (text: string) => string) {
  const right = rightDraft(input, input.reading === 'object' ? 'object' : 'strict', false)
  return { ...NOTHING_FOUND, stringToSign: hide(stringOf(right, 'shown')) }
}

const NOTHING_FOUND = { mistakes: [], twins: [], message: '', messageZh: '', hashed: null, firstDifference: null, mend: null, steps: [], stepsZh: [] }

function notFound({ readable, exhausted }: Search): Pick<Explanation, 'code' | 'message' | 'messageZh'> {
  if (!readable) {
    return {
      code: 'malformed',
      message: 'the signature is not 40 lower-case hex digits, nor any other digest; it must be the lower-case SHA-1 of {"appKey":"…","content":"<the body as a JSON string>"} with the secret appended',
      messageZh: '签名不是 40 位小写十六进制，也不是任何已知形式的摘要；它必须是 {"appKey":"…","content":"<请求体的 JSON 字符串>"} 后接密钥的小写 SHA-1',
    }
  }
  const looked = exhausted ? ['none of the commonest mistakes gives it (the body is too large to look for all)', '最常见的错误都不能得出该签名（请求体过大，未尝试全部错误）'] : ['none of the known mistakes gives it', '已知的错误都不能得出该签名']
  return {
    code: 'unknown',
    message: `the signature does not fit this body, and ${looked[0]}; it must be the lower-case SHA-1 of {"appKey":"…","content":"<the body as a JSON string>"} with the secret appended`,
    messageZh: `签名与请求体不符，且${looked[1]}；它必须是 {"appKey":"…","content":"<请求体的 JSON 字符串>"} 后接密钥的小写 SHA-1`,
  }
}

function shownString({ draft, hashes }: Found): string {
  if (hashes === 'template') return draft.escape(templateOf(draft, draft.secret.shown))
  return hashes === 'body' ? draft.body : stringOf(draft, 'shown')
}

/** A secret that is shorter could be part of any word; another's is less likely to be meant. */
const SHORTEST_HIDDEN = 4
const SHORTEST_OTHER = 12

/** Puts the marks in place, and hides a secret that the body itself has. */
function hiding({ appSecret, otherSecrets = [] }: ExplainInput): (text: string) => string {
  const others = otherSecrets.map((one) => (typeof one === 'string' ? one : one.appSecret))
  const secrets: [secret: string, mark: string, shortest: number][] = [
    [appSecret.trim(), '<appSecret>', SHORTEST_HIDDEN],
    ...others.map((one): [string, string, number] => [one.trim(), '<secret of another merchant>', SHORTEST_OTHER]),
  ]
  return (text) => {
    let shown = text
    for (const [secret, mark, shortest] of secrets) {
      for (const written of new Set([secret, JSON.stringify(secret).slice(1, -1)])) {
        if (written.length >= shortest && shown.includes(written)) shown = shown.replaceAll(written, mark)
      }
    }
    return shown.replaceAll(MASK, '<appSecret>').replaceAll(OTHER_MASK, '<secret of another merchant>')
  }
}

/** What several mistakes need to be mended, each line once. */
function together(mends: readonly Mend[]): Mend {
  const lines = (language: keyof Mend): string => [...new Set(mends.map((mend) => mend[language]))].join('\n')
  return { java: lines('java'), javascript: lines('javascript'), python: lines('python'), go: lines('go'), php: lines('php') }
}
