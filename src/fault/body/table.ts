import { rightlySigned, type BodyForm } from './body-form.ts'
import { tampered } from './tampered.ts'

/** Every way in which a scenario can write a notification's body, by its name there (INTERFACE §4). */
export const BODY_FORMS = {
  'intact': {
    description: 'As QLink writes it. / 原样。',
    write: (payload) => rightlySigned(JSON.stringify(payload)),
  },
  'pretty-printed': {
    description: 'Indented over several lines, and rightly signed as it is. / 带缩进换行，签名正确。',
    write: (payload) => rightlySigned(JSON.stringify(payload, null, 2)),
  },
  'reordered': {
    description: 'The fields in the opposite order, rightly signed. / 字段顺序颠倒，签名正确。',
    write: (payload) => rightlySigned(JSON.stringify(Object.fromEntries(Object.entries(payload).reverse()))),
  },
  'escaped': {
    description: 'With \\u escapes for what is not ASCII and \\/ for slashes, rightly signed. / 非 ASCII 写作 \\u 转义、斜杠写作 \\/，签名正确。',
    write: (payload) => rightlySigned(escape(JSON.stringify(payload))),
  },
  'extra-fields': {
    description: 'With fields that the document does not have, rightly signed. / 含文档之外的字段，签名正确。',
    write: (payload) => rightlySigned(JSON.stringify({ ...payload, notifyVersion: '2', extension: { channel: 'QRIS', tags: ['new', '新增'] }, attempt: 1 })),
  },
  'tampered': tampered,
} as const satisfies Record<string, BodyForm>

export type BodyFormName = keyof typeof BODY_FORMS

export const BODY_FORM_NAMES = Object.keys(BODY_FORMS) as BodyFormName[]

function escape(json: string): string {
  const escaped = json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return escaped.replaceAll('/', '\\/')
}
