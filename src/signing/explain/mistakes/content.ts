import { asObject, type Draft } from '../draft.ts'
import { COMPACT, writeTree, type Node } from '../json-tree.ts'
import { LEAVE_CONTENT_OUT, WRITE_THE_TEMPLATE } from './mends.ts'
import { contentForm, insteadOfTemplate, type Mistake, type Variant } from './mistake.ts'

/** A body's fields as `name=value`, as a form has them; nested values as JSON. */
function fieldsOf(tree: Node): [name: string, value: string][] {
  return 'members' in tree ? tree.members.map(([key, node]) => [textOf(key), 'raw' in node ? textOf(node.raw) : writeTree(node, COMPACT)]) : []
}

/** A number keeps its digits. */
function textOf(raw: string): string {
  return raw.startsWith('"') ? JSON.parse(raw) as string : raw === 'null' ? '' : raw
}

interface FormStyle {
  readonly sorted: boolean
  readonly empty: boolean
  readonly encode: (text: string) => string
}

/** Several variants begin with the same encoding of the same text. */
function remembering(encode: (text: string) => string): (text: string) => string {
  let last = { text: '', encoded: '' }
  return (text) => {
    if (text !== last.text) last = { text, encoded: encode(text) }
    return last.encoded
  }
}

const plainly = (text: string): string => text
/** As HTML forms, PHP's urlencode and Java's URLEncoder do: a blank becomes +. */
const asForms = remembering((text) => new URLSearchParams([['', text.toWellFormed()]]).toString().slice(1))
const asUri = remembering((text) => encodeURIComponent(text.toWellFormed()))
/** encodeURIComponent, and the blank by hand. */
const withPlus = (text: string): string => asUri(text).replaceAll('%20', '+')
/** RFC 3986, as PHP's rawurlencode and OAuth have it. */
const strictly = (text: string): string => asUri(text).replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
/** Python's quote leaves slashes. */
const asPython = (text: string): string => strictly(text).replaceAll('%2F', '/')
const inLowerCase = (encode: (text: string) => string) => (text: string): string => encode(text).replace(/%[0-9A-F]{2}/g, (found) => found.toLowerCase())

const STYLES: readonly FormStyle[] = [plainly, asForms, asUri].flatMap((encode) =>
  [{ sorted: false, empty: true, encode }, { sorted: true, empty: false, encode }, { sorted: true, empty: true, encode }])

/** Each is asked for several times in one search. */
const forms = new WeakMap<Node, Map<FormStyle, string>>()

/** The body as a form; one that has no fields stays as it is. */
function formOf({ tree, body }: Draft, style: FormStyle): string {
  if (tree === undefined || !('members' in tree)) return body
  let known = forms.get(tree)
  if (known === undefined) forms.set(tree, (known = new Map<FormStyle, string>()))
  let form = known.get(style)
  if (form === undefined) known.set(style, (form = writeForm(fieldsOf(tree), style)))
  return form
}

function writeForm(fields: [name: string, value: string][], { sorted, empty, encode }: FormStyle): string {
  const chosen = empty ? fields : fields.filter(([, value]) => value !== '')
  if (sorted) chosen.sort(([a], [b]) => (a < b ? -1 : 1))
  return chosen.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

/** Forms in the template's place, as other payment gateways want them. */
const WHOLE_FORMS: readonly Variant[] = [
  ...STYLES.filter(({ encode }) => encode === plainly).flatMap((style) => [
    insteadOfTemplate((draft) => formOf(draft, style)),
    insteadOfTemplate((draft) => `${formOf(draft, style)}&key=`),
    insteadOfTemplate((draft) => `appKey=${draft.appKey}&${formOf(draft, style)}`),
    insteadOfTemplate((draft) => `appKey=${draft.appKey}&${formOf(draft, style)}&key=`),
  ]),
  ...['', '&key=', '&appSecret='].map((end) => insteadOfTemplate(({ body, appKey }) => `appKey=${appKey}&content=${body}${end}`)),
]

/** What stands in content, where the body should stand as a JSON string. */
export const CONTENT_MISTAKES = {
  'content-as-object': {
    en: 'content was signed as a nested object, but must be the body as a JSON string, its quotes escaped',
    zh: '签名时 content 是嵌套的 JSON 对象；它必须是请求体的 JSON 字符串，其中的引号要转义',
    mend: WRITE_THE_TEMPLATE,
    variants: [contentForm(asObject)],
  },
  'content-as-string': {
    en: 'content was signed as a JSON string, but this merchant\'s setting (signature: object) wants the body nested as an object',
    zh: '签名时 content 是 JSON 字符串，而该商户的设置（signature: object）要求嵌套对象',
    mend: {
      java: 'String json = "{\\"appKey\\":" + mapper.writeValueAsString(appKey) + ",\\"content\\":" + body + "}";',
      javascript: 'const json = `{"appKey":${JSON.stringify(appKey)},"content":${body}}`',
      python: 'text = \'{"appKey":%s,"content":%s}\' % (json.dumps(app_key), body)',
      go: 'json := fmt.Sprintf(`{"appKey":%q,"content":%s}`, appKey, body)',
      php: '$json = \'{"appKey":\' . json_encode($appKey) . \',"content":\' . $body . \'}\';',
    },
    variants: [contentForm(({ body }) => JSON.stringify(body))],
  },
  'content-double-encoded': {
    en: 'the body was turned into a JSON string twice before it was signed; do it once',
    zh: '请求体在签名前被转成 JSON 字符串两次；只应转换一次',
    mend: WRITE_THE_TEMPLATE,
    variants: [contentForm(({ body }) => JSON.stringify(JSON.stringify(body)))],
  },
  'content-unescaped': {
    en: 'the body was put between quotes as it is, but its quotes, backslashes and line ends must be escaped, as a JSON writer does it',
    zh: '请求体未经转义就直接放进了引号；其中的引号、反斜杠和换行必须转义（请用 JSON 库生成）',
    mend: WRITE_THE_TEMPLATE,
    variants: [contentForm(({ body }) => `"${body}"`)],
  },
  'content-missing': {
    en: 'the string was signed without content, though the request has a body; put the body in as a JSON string',
    zh: '请求有请求体，但签名时没有 content；应把请求体作为 JSON 字符串放入',
    mend: WRITE_THE_TEMPLATE,
    variants: [contentForm(() => undefined), contentForm(() => '""', true), contentForm(() => 'null', true), contentForm(() => '{}', true), contentForm(() => '"{}"', true)],
  },
  'empty-content-kept': {
    en: 'the request has no body, but the string was signed with a content; without a body the key content is left out',
    zh: '请求没有请求体，但签名时仍带有 content；请求体为空时应去掉 content 键',
    mend: LEAVE_CONTENT_OUT,
    variants: ['""', 'null', '"null"', '{}', '"{}"'].map((content): Variant => ({ stage: 'content', apply: (draft) => (draft.body === '' ? { ...draft, form: () => content } : undefined) })),
  },
  'url-encoded-content': {
    en: 'the body was URL-encoded before it was signed; put it in as it is sent',
    zh: '请求体在签名前被 URL 编码；应按实际发送的内容放入',
    mend: WRITE_THE_TEMPLATE,
    variants: [
      ...[asUri, asForms, strictly, withPlus, (text: string) => strictly(text).replaceAll('%20', '+'), asPython, inLowerCase(asForms), inLowerCase(asUri)].map((encode, index) => contentForm(({ body }) => JSON.stringify(encode(body)), index > 0)),
      ...[asUri, asForms].map((encode) => insteadOfTemplate(({ body, appKey }) => encode(`{"appKey":${JSON.stringify(appKey)},"content":${JSON.stringify(body)}}`))),
    ],
  },
  'form-body-signed': {
    en: 'what was signed is made of name=value pairs, as for a form; QLink wants the body\'s JSON text as content',
    zh: '签名内容是 name=value 形式的表单串；QLink 要求把请求体的 JSON 文本作为 content',
    mend: WRITE_THE_TEMPLATE,
    variants: [
      ...STYLES.map((style) => contentForm((draft) => JSON.stringify(formOf(draft, style)), true)),
      ...WHOLE_FORMS,
    ],
  },
} as const satisfies Record<string, Mistake>
