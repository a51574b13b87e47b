import { BODY_MISTAKES } from './body.ts'
import { CONTENT_MISTAKES } from './content.ts'
import { BYTES_MISTAKES, DIGEST_MISTAKES, REQUEST_MISTAKES } from './digest.ts'
import type { Mistake } from './mistake.ts'
import { SECRET_MISTAKES } from './secret.ts'
import { TEMPLATE_MISTAKES } from './template.ts'

/**
 * Every mistake that is looked for, by its stable code. Where several give the same string, the first of them is named
 * and the others are its twins.
 */
export const MISTAKES = {
  ...CONTENT_MISTAKES,
  ...BODY_MISTAKES,
  ...TEMPLATE_MISTAKES,
  ...SECRET_MISTAKES,
  ...BYTES_MISTAKES,
  ...DIGEST_MISTAKES,
  ...REQUEST_MISTAKES,
} as const satisfies Record<string, Mistake>

export type MistakeCode = keyof typeof MISTAKES

/** What is made together in life: by one writer of JSON, or where one mistake comes from not knowing the rule at all. */
export const PAIRS: Readonly<Partial<Record<MistakeCode, readonly MistakeCode[]>>> = {
  'content-as-object': ['keys-sorted', 'empty-fields-dropped', 'numbers-reformatted', 'body-minified', 'body-pretty-printed', 'unicode-escaped', 'slash-escaped', 'html-escaped', 'trailing-newline', 'template-with-blanks', 'key-order-swapped', 'app-key-missing', 'app-key-wrong-case', 'secret-missing', 'secret-first', 'secret-with-blank', 'secret-trimmed', 'gbk-bytes'],
  'content-unescaped': ['template-with-blanks', 'key-order-swapped', 'app-key-missing', 'secret-missing', 'secret-first', 'secret-with-blank', 'trailing-newline', 'gbk-bytes'],
  'content-double-encoded': ['unicode-escaped', 'slash-escaped', 'template-with-blanks'],
  'content-missing': ['template-with-blanks', 'secret-missing', 'secret-first', 'secret-with-blank'],
  'url-encoded-content': ['key-order-swapped', 'secret-first'],
  'trailing-newline': ['template-with-blanks', 'body-minified'],
  'body-minified': ['keys-sorted', 'empty-fields-dropped', 'numbers-reformatted', 'unicode-escaped', 'slash-escaped', 'html-escaped', 'key-order-swapped', 'secret-first', 'secret-with-blank', 'gbk-bytes'],
  'body-pretty-printed': ['keys-sorted', 'numbers-reformatted', 'unicode-escaped', 'slash-escaped', 'template-with-blanks'],
  'keys-sorted': ['empty-fields-dropped', 'numbers-reformatted', 'unicode-escaped', 'slash-escaped', 'html-escaped', 'template-with-blanks', 'secret-first'],
  'empty-fields-dropped': ['numbers-reformatted', 'html-escaped'],
  'numbers-reformatted': ['unicode-escaped', 'slash-escaped', 'html-escaped', 'template-with-blanks'],
  'unicode-escaped': ['slash-escaped', 'html-escaped', 'template-with-blanks', 'key-order-swapped', 'secret-first', 'secret-missing', 'secret-with-blank', 'secret-trimmed'],
  'slash-escaped': ['template-with-blanks', 'key-order-swapped', 'secret-first', 'secret-missing', 'secret-with-blank', 'secret-trimmed', 'gbk-bytes'],
  'html-escaped': ['key-order-swapped', 'app-key-wrong-case', 'secret-missing', 'secret-with-blank'],
  'template-with-blanks': ['key-order-swapped', 'app-key-missing', 'app-key-wrong-case', 'secret-missing', 'secret-first', 'secret-with-blank', 'secret-trimmed', 'gbk-bytes'],
  'key-order-swapped': ['app-key-wrong-case', 'secret-missing', 'secret-first', 'secret-with-blank', 'gbk-bytes'],
  'app-key-wrong-case': ['secret-missing', 'secret-first', 'secret-with-blank'],
  'app-key-missing': ['secret-missing', 'secret-first'],
}

/** Three mistakes that one line of code makes at once. */
export const TOGETHER: readonly (readonly [MistakeCode, MistakeCode, MistakeCode])[] = [
  // json.dumps({"appKey": …, "content": request})
  ['content-as-object', 'template-with-blanks', 'unicode-escaped'],
  // json_encode(['appKey' => …, 'content' => $request])
  ['content-as-object', 'slash-escaped', 'unicode-escaped'],
  // json.dumps twice, and the body sent by a client that writes it anew
  ['body-pretty-printed', 'template-with-blanks', 'unicode-escaped'],
  // json_encode twice, and the body sent by a client that writes it anew
  ['body-minified', 'slash-escaped', 'unicode-escaped'],
]
