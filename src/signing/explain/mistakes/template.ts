import { LAYOUTS_WITH_BLANKS } from '../json-tree.ts'
import type { Draft, Parts } from '../draft.ts'
import { WRITE_THE_TEMPLATE } from './mends.ts'
import { insteadOfTemplate, templateParts, type Mistake } from './mistake.ts'

/** Names that the template's keys are given by mistake: as classes, other documents and headers spell them. */
const NAMES: readonly [appKey: string, content: string][] = [
  ['appkey', 'content'],
  ['AppKey', 'Content'],
  ['AppKey', 'content'],
  ['Appkey', 'content'],
  ['APPKEY', 'content'],
  ['APPKEY', 'CONTENT'],
  ['app_key', 'content'],
  ['app-key', 'content'],
  ['appId', 'content'],
  ['accessId', 'content'],
  ['key', 'content'],
  ['appKey', 'Content'],
  ['appKey', 'body'],
  ['appKey', 'data'],
]

const renamed = (parts: Parts, [appKey, content]: readonly [string, string]): Parts =>
  parts.map(([name, json]) => [name === 'appKey' ? appKey : name === 'content' ? content : name, json] as const)

/** The template itself is put together otherwise. */
export const TEMPLATE_MISTAKES = {
  'template-with-blanks': {
    en: 'the string was signed with blanks or line ends between the template\'s parts, as Python\'s json.dumps and pretty printers leave them; write it without any',
    zh: '签名模板的各部分之间有空格或换行（Python json.dumps 的默认分隔符或美化输出）；应去掉所有空白',
    mend: WRITE_THE_TEMPLATE,
    variants: LAYOUTS_WITH_BLANKS.map((layout, index) => ({ stage: 'template' as const, rare: index > 0, apply: (draft: Draft) => ({ ...draft, templateLayout: layout }) })),
  },
  'key-order-swapped': {
    en: 'the string was signed with content before appKey; appKey comes first',
    zh: '签名时 content 排在 appKey 之前；appKey 必须在前',
    mend: { ...WRITE_THE_TEMPLATE, java: '@JsonPropertyOrder({"appKey", "content"}) // or a LinkedHashMap, not a HashMap', go: 'struct{ AppKey string `json:"appKey"`; Content string `json:"content"` } // in this order' },
    variants: [templateParts((parts) => parts.toReversed())],
  },
  'app-key-missing': {
    en: 'the string was signed without appKey; it begins with {"appKey":"<your appKey>",',
    zh: '签名时缺少 appKey；待签名串应以 {"appKey":"<你的 appKey>", 开头',
    mend: WRITE_THE_TEMPLATE,
    variants: [templateParts((parts) => parts.filter(([name]) => name !== 'appKey')), templateParts((parts) => parts.map(([name, json]) => [name, name === 'appKey' ? '""' : json] as const), true), templateParts((parts) => parts.map(([name, json]) => [name, name === 'appKey' ? 'null' : json] as const), true)],
  },
  'app-key-wrong-case': {
    en: 'the template\'s keys were spelt otherwise (appkey, AppKey, app_key …), or the appKey itself in another case; they are appKey and content, and the value is as it was issued',
    zh: '模板的键名拼写不同（appkey、AppKey、app_key 等），或 appKey 的值大小写不同；键名必须是 appKey 和 content，值与下发的一致',
    mend: { ...WRITE_THE_TEMPLATE, java: '@JsonProperty("appKey") String appKey; @JsonProperty("content") String content;' },
    variants: [
      ...NAMES.map((names, index) => templateParts((parts) => renamed(parts, names), index > 1)),
      ...[(text: string) => text.toLowerCase(), (text: string) => text.toUpperCase()].map((change) => ({ stage: 'template' as const, rare: true, apply: (draft: Draft) => ({ ...draft, appKey: change(draft.appKey) }) })),
    ],
  },
  'app-key-of-another-merchant': {
    en: 'the string was signed with another merchant\'s appKey than the header\'s; use the same in both',
    zh: '签名时使用的 appKey 与请求头中的 appKey 不是同一个商户；两处必须一致',
    mend: WRITE_THE_TEMPLATE,
    variants: [
      { stage: 'template', rare: true, apply: (draft, { others }) => others.flatMap(({ appKey }) => (appKey === undefined || appKey === draft.appKey ? [] : [{ ...draft, appKey }])) },
    ],
  },
  'template-missing': {
    en: 'the body and the secret were signed without the template around the body; it is {"appKey":"…","content":"<the body as a JSON string>"} with the secret behind it',
    zh: '签名时直接拼接了请求体和密钥，没有模板；应为 {"appKey":"…","content":"<请求体的 JSON 字符串>"} 后接密钥',
    mend: WRITE_THE_TEMPLATE,
    variants: [
      insteadOfTemplate(({ body }) => body),
      insteadOfTemplate(({ body, appKey }) => appKey + body),
      insteadOfTemplate(({ body, appKey }) => body + appKey),
      insteadOfTemplate(({ body }) => JSON.stringify(body)),
      insteadOfTemplate(({ body }, secret) => secret + body),
      insteadOfTemplate(({ appKey }) => appKey),
    ],
  },
} as const satisfies Record<string, Mistake>
