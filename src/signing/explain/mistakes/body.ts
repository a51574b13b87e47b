import { COMPACT, LAYOUTS_WITH_BLANKS, mapScalars, sorted, without, writeTree, type Layout, type Node } from '../json-tree.ts'
import { ENTITIES, HTML, SLASH, UNICODE, withoutHtml, withoutSlash, withoutUnicode } from '../escapes.ts'
import { SIGN_WHAT_IS_SENT, WRITE_THE_TEMPLATE } from './mends.ts'
import { bodyText, changed, joined, templateEscape, type Mistake, type Variant } from './mistake.ts'
import { NUMBERS } from './numbers.ts'

/** A change of what the body says, written as it was sent otherwise. */
function ofTree(change: (tree: Node) => Node, rare = false): Variant {
  return {
    stage: 'tree',
    rare,
    apply: (draft) => {
      if (draft.tree === undefined) return undefined
      const tree = change(draft.tree)
      return tree === draft.tree ? undefined : changed(draft, writeTree(tree, draft.layout), tree)
    },
  }
}

function ofLayout(layout: Layout, rare = false, lineEnd = '\n'): Variant {
  return {
    stage: 'layout',
    rare,
    apply: (draft) => {
      if (draft.tree === undefined) return undefined
      const written = writeTree(draft.tree, layout)
      return changed({ ...draft, layout }, lineEnd === '\n' ? written : written.replaceAll('\n', lineEnd), draft.tree)
    },
  }
}

const isNull = (node: Node): boolean => 'raw' in node && node.raw === 'null'
const isEmptyText = (node: Node): boolean => isNull(node) || ('raw' in node && node.raw === '""')
const isEmpty = (node: Node): boolean => isEmptyText(node) || ('items' in node && node.items.length === 0) || ('members' in node && node.members.length === 0)

function withoutLineEnds(body: string): string {
  let end = body.length
  while (body[end - 1] === '\n') end -= body[end - 2] === '\r' ? 2 : 1
  return body.slice(0, end)
}

/** The body that was signed is not the one that was sent. */
export const BODY_MISTAKES = {
  'trailing-newline': {
    en: 'a line end at the end was signed but not sent, or sent but not signed, as echo and files append one; sign the bytes that are sent, and append nothing to the string',
    zh: '签名内容与发送内容末尾的换行不一致（例如 echo 或读取文件带来的换行）；应对实际发送的字节签名，且待签名串末尾不得追加任何字符',
    mend: {
      ...SIGN_WHAT_IS_SENT,
      java: 'String body = Files.readString(path).strip(); // once: sign(body), then BodyPublishers.ofString(body); in a shell printf %s, not echo',
      python: 'body = open(path).read().rstrip("\\r\\n")  # once: sign(body), then data=body; in a shell printf %s, not echo',
    },
    variants: [
      bodyText((body) => `${body}\n`),
      bodyText(withoutLineEnds),
      bodyText((body) => `${body}\r\n`, true),
      bodyText((body) => body.trim(), true),
      joined((template, secret) => `${template}${secret}\n`),
      joined((template, secret) => `${template}${secret}\r\n`, true),
      joined((template, secret) => `${template}\n${secret}`, true),
    ],
  },
  'crlf-changed': {
    en: 'the line ends of the body are not the same in what was signed and in what was sent (LF in one, CRLF in the other); sign the bytes that are sent',
    zh: '签名内容与发送内容的换行符不同（一个是 LF，另一个是 CRLF）；应对实际发送的字节签名',
    mend: SIGN_WHAT_IS_SENT,
    variants: [bodyText((body) => body.replace(/\r?\n/g, '\r\n')), bodyText((body) => body.replaceAll('\r\n', '\n')), bodyText((body) => body.replaceAll('\n', '\r'), true)],
  },
  bom: {
    en: 'a byte order mark (U+FEFF) was signed but not sent, or sent but not signed; write and read UTF-8 without it',
    zh: '签名内容与发送内容之一以字节顺序标记（BOM，U+FEFF）开头，另一个没有；应使用不带 BOM 的 UTF-8',
    mend: {
      java: 'String body = text.startsWith("\\uFEFF") ? text.substring(1) : text; // once: sign it, and send it',
      javascript: 'const body = text.replace(/^\\uFEFF/, \'\') // once: sign it, and send it',
      python: 'body = open(path, encoding="utf-8-sig").read()  # once: sign it, and send it',
      go: 'body := bytes.TrimPrefix(text, []byte("\\xef\\xbb\\xbf")) // once: sign it, and send it',
      php: '$body = preg_replace(\'/^\\xEF\\xBB\\xBF/\', \'\', $text); // once: sign it, and send it',
    },
    variants: [bodyText((body) => `\ufeff${body}`, true), bodyText((body) => body.replace(/^\ufeff/, ''), true), joined((template, secret) => `\ufeff${template}${secret}`, true)],
  },
  'body-minified': {
    en: 'the body was signed without the blanks and line ends with which it was sent; sign the bytes that are sent',
    zh: '签名时使用的是压缩（去空白）后的请求体，而发送的请求体带有空格或换行；应对实际发送的字节签名',
    mend: SIGN_WHAT_IS_SENT,
    variants: [ofLayout(COMPACT)],
  },
  'body-pretty-printed': {
    en: 'the body was signed with blanks or line ends with which it was not sent, as by a pretty printer or by Python\'s json.dumps; sign the bytes that are sent',
    zh: '签名时使用的请求体带有发送时没有的空格或换行（例如美化输出或 Python json.dumps 的默认分隔符）；应对实际发送的字节签名',
    mend: { ...SIGN_WHAT_IS_SENT, python: 'body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()  # once: sign(body), then data=body (httpx: content=body)' },
    variants: [...LAYOUTS_WITH_BLANKS.map((layout, index) => ofLayout(layout, index > 1)), ...LAYOUTS_WITH_BLANKS.slice(1).map((layout) => ofLayout(layout, true, '\r\n'))],
  },
  'keys-sorted': {
    en: 'the body was signed with its keys sorted, but sent in another order; sign the bytes that are sent',
    zh: '签名时对请求体的键做了排序，而发送时是另一种顺序；应对实际发送的字节签名，无需排序',
    mend: SIGN_WHAT_IS_SENT,
    variants: [ofTree((tree) => sorted(tree, true)), ofTree((tree) => sorted(tree, false), true)],
  },
  'empty-fields-dropped': {
    en: 'the body was signed without its empty fields (null, "" or empty lists), but sent with them; sign the bytes that are sent',
    zh: '签名时去掉了请求体中的空字段（null、"" 或空列表），发送时却带有这些字段；应对实际发送的字节签名',
    mend: SIGN_WHAT_IS_SENT,
    variants: [ofTree((tree) => without(tree, isNull)), ofTree((tree) => without(tree, isEmptyText)), ofTree((tree) => without(tree, isEmpty))],
  },
  'numbers-reformatted': {
    en: 'a number of the body was signed in other digits than those sent (1.10 and 1.1, 100 and 100.0, or quoted); sign the bytes that are sent, and keep amounts as decimals or text',
    zh: '请求体中的数字在签名时与发送时写法不同（如 1.10 与 1.1、100 与 100.0，或加了引号）；应对实际发送的字节签名，金额请用十进制类型或字符串',
    mend: {
      java: 'new BigDecimal("1.10") // never double; mapper.writeValueAsString(request) once, then sign and send that text',
      javascript: 'const request = { amount: \'1.10\' } // as text; JSON.stringify once, then sign and send that text, never parse it again',
      python: 'json.loads(text, parse_float=decimal.Decimal)  # or do not parse at all: sign and send the same text',
      go: 'Amount json.Number `json:"amount"` // not float64; Marshal once, then sign and send those bytes',
      php: '$request = [\'amount\' => \'1.10\']; // as text, not a float; json_encode once, then sign and send that text',
    },
    variants: NUMBERS.map(({ change, rare }) => ofTree((tree) => mapScalars(tree, change), rare)),
  },
  'unicode-escaped': {
    en: 'letters that are not ASCII were signed as \\uXXXX in one place and sent or expected as they are in the other; write JSON with such letters as they are',
    zh: '非 ASCII 字符在签名时被写成 \\uXXXX（或反之），与实际发送或应有的写法不一致；生成 JSON 时应保留原字符',
    mend: {
      ...WRITE_THE_TEMPLATE,
      java: 'new ObjectMapper() // as it is; without JsonWriteFeature.ESCAPE_NON_ASCII, and with fastjson without BrowserCompatible',
      javascript: 'JSON.stringify({ appKey, content: body }) // as it is, without replacing letters afterwards',
    },
    variants: [...UNICODE.flatMap(({ apply }, index) => [bodyText(apply, index > 0), templateEscape(apply, index > 0)]), bodyText(withoutUnicode, true)],
  },
  'slash-escaped': {
    en: 'slashes were signed as \\/ in one place and sent or expected as / in the other, as PHP\'s json_encode writes them; write JSON with / as it is',
    zh: '斜杠在签名时被写成 \\/（PHP json_encode 的默认行为，或反之），与实际发送或应有的写法不一致；生成 JSON 时应保留 /',
    mend: WRITE_THE_TEMPLATE,
    variants: [templateEscape(SLASH.apply), bodyText(SLASH.apply), bodyText(withoutSlash, true)],
  },
  'html-escaped': {
    en: 'characters such as <, > and & were signed as \\u003c and the like, as Go\'s json.Marshal, Gson and System.Text.Json write them; write JSON with these characters as they are',
    zh: '<、>、& 等字符在签名时被写成 \\u003c 之类的转义（Go json.Marshal、Gson、System.Text.Json 的默认行为）；生成 JSON 时应保留这些字符',
    mend: { ...WRITE_THE_TEMPLATE, java: 'new GsonBuilder().disableHtmlEscaping().create() // Jackson does not escape them' },
    variants: [
      ...HTML.flatMap(({ apply }, index) => [templateEscape(apply, index > 0), bodyText(apply, index > 0)]),
      ...ENTITIES.map((apply) => bodyText(apply, true)),
      bodyText(withoutHtml, true),
    ],
  },
} as const satisfies Record<string, Mistake>
