import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { LIMITS } from './limits.ts'
import { CANCEL_STATUS, METHOD_TYPES, STATUS } from './states.ts'

/**
 * QLink's requests and answers, field by field (CONTRACT §3 to §6 and §8). One schema validates a request,
 * describes it in the OpenAPI document and types it in the code.
 */

/** English first, Chinese behind it: every description is in both. */
const both = (en: string, zh: string): { description: string } => ({ description: `${en} / ${zh}` })

const required = (maxLength: number, en: string, zh: string, example: string) =>
  Type.String({ minLength: 1, maxLength, ...both(en, zh), examples: [example] })

const optional = (en: string, zh: string, maxLength?: number) =>
  Type.Optional(Type.String({ ...(maxLength === undefined ? {} : { maxLength }), ...both(en, zh) }))

const oneOf = <T extends readonly string[]>(values: T, en: string, zh: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, ...both(en, zh) })

// An empty text is as good as none, as everywhere in the contract.
const source = Type.Optional(
  Type.Unsafe<'QERP_CN' | 'QERP_ASIA' | ''>({ type: 'string', enum: ['QERP_CN', 'QERP_ASIA', ''], 'x-expected': 'QERP_CN or QERP_ASIA', ...both('Where the request comes from', '来源') }),
)

const metadata = Type.Optional(
  Type.Unsafe<string | Record<string, unknown>>({
    anyOf: [{ type: 'string' }, { type: 'object' }],
    'x-expected': 'a string or an object',
    ...both('Anything of yours; kept as sent', '自定义数据，原样保存'),
    examples: [''],
  }),
)

export const QueryPayAccountRequest = Type.Object(
  { payAccount: required(LIMITS.code, 'The payment account', '支付账号', 'account1') },
  { examples: [{ payAccount: 'account1' }] },
)

export const PayMethod = Type.Object({
  // In the table, but not in the document's own example; where it is not known the answer says "".
  serviceProvider: Type.Optional(Type.String(both('Who provides the method', '服务商'))),
  type: oneOf(METHOD_TYPES, 'PAY_TYPE: a way to pay; PAY_CHANNEL: a channel', 'PAY_TYPE 支付方式，PAY_CHANNEL 支付渠道'),
  code: Type.String(both('The code that /apply takes', '编码')),
  name: Type.String(both('Its name', '名称')),
})

export const Item = Type.Object({
  skuCode: required(Number.MAX_SAFE_INTEGER, 'SKU code', 'SKU 编码', 'SKU01'),
  skuName: required(Number.MAX_SAFE_INTEGER, 'SKU name', 'SKU 名称', '商品01'),
  quantity: Type.Unsafe<number | string>({
    anyOf: [{ type: 'number' }, { type: 'string', pattern: '^-?(0|[1-9]\\d*)(\\.\\d+)?$' }],
    'x-expected': 'a number or a decimal string such as "1"',
    ...both('How many; a number, or a decimal string', '数量，数字或数字字符串'),
    examples: ['1'],
  }),
  url: optional('Page of the item', '商品链接'),
  imageUrl: optional('Picture of the item', '商品图片链接'),
  category: optional('Category', '类目'),
  subcategory: optional('Subcategory', '子类目'),
  description: optional('Description', '描述'),
  metadata,
})

export const ApplyRequest = Type.Object({
  payAccount: required(
    LIMITS.code,
    'One of your payment accounts. The document’s example calls it glinkAccount, which is accepted too, with a warning',
    '支付账号（文档示例中写作 glinkAccount，也接受，但会给出警告）',
    'account1',
  ),
  payTypeCode: required(LIMITS.code, 'A PAY_TYPE code of the account', '支付方式编码', 'ONLINE'),
  payChannelCode: optional('A PAY_CHANNEL code of the account', '支付渠道编码', LIMITS.code),
  tradeUuid: required(LIMITS.id, 'Your unique id of the payment', '交易唯一标识', 'uuid'),
  tradeTime: required(64, 'When the trade was made, yyyy-MM-dd HH:mm:ss', '交易时间', '2025-08-04 13:45:21'),
  source,
  orderCode: required(LIMITS.id, 'Your order', '订单号', 'O20250804001'),
  country: required(64, 'ISO 3166-1 alpha-2', '国家二字码', 'ID'),
  currency: required(64, 'ISO 4217', '币种', 'IDR'),
  amount: Type.Unsafe<number | string>({
    anyOf: [{ type: 'number' }, { type: 'string' }],
    'x-expected': 'a number or a decimal string such as 1.10',
    ...both('More than 0; kept digit for digit', '金额，大于 0，逐位保留'),
    examples: [1.1],
  }),
  description: optional('Description', '描述', LIMITS.description),
  metadata,
  items: Type.Optional(Type.Array(Item, { maxItems: LIMITS.items, ...both('What is paid for', '商品列表') })),
})

export const ApplyAnswer = Type.Object({
  billCode: Type.String(both('QLink’s id of the bill', '账单号')),
  paymentRequestId: Type.String(both('The provider’s id of the request', '支付请求号')),
  actionValue: Type.String(both('What the customer needs: the QR text, or a URL', '支付动作值：二维码文本或链接')),
  errorCode: Type.String(both('Why the provider declined, or empty', '错误码，无则为空')),
})

const ids = (en: string, zh: string) =>
  Type.Optional(Type.Array(Type.String({ maxLength: LIMITS.id }), both(en, zh)))

export const GetPayStatusRequest = Type.Object(
  {
    tradeUuidList: ids('Your ids; not both lists may be empty', '交易唯一标识列表，两个列表不能同时为空'),
    billCodeList: ids('QLink’s ids; together at most 500', '账单号列表，合计最多 500 个'),
  },
  { examples: [{ tradeUuidList: ['uuid1'], billCodeList: ['billCode1'] }] },
)

const status = oneOf(Object.values(STATUS), 'Where the bill stands', '账单状态')
const payTime = Type.String(both('When it was paid, or empty', '支付时间，未支付为空'))
const errorCode = Type.String(both('Why it failed, or empty', '错误码，无则为空'))

export const PayStatus = Type.Object({
  tradeUuid: Type.String(both('Your id', '交易唯一标识')),
  billCode: Type.String(both('QLink’s id', '账单号')),
  paymentRequestId: Type.String(both('The provider’s id of the request', '支付请求号')),
  orderCode: Type.String(both('Your order', '订单号')),
  status,
  payTime,
  amount: Type.Unsafe<string | null>({
    type: ['number', 'null'],
    ...both('The amount paid; null until then', '支付金额，未支付为 null'),
  }),
  currency: Type.String(both('ISO 4217', '币种')),
  errorCode,
})

export const CancelRequest = Type.Object(
  {
    tradeUuid: optional('Your id; one of the two must be given', '交易唯一标识，两者不能同时为空', LIMITS.id),
    billCode: optional('QLink’s id; both given must mean the same bill', '账单号，同时给出时必须指同一账单', LIMITS.id),
  },
  { examples: [{ tradeUuid: 'uuid1', billCode: 'billCode1' }] },
)

export const CancelAnswer = Type.Object({
  status: oneOf(Object.values(CANCEL_STATUS), 'What came of it', '取消状态'),
  cancelTime: Type.String(both('When it was cancelled, or empty', '取消时间')),
  errorCode: Type.String(both('Why it could not be cancelled, or empty', '错误码')),
})

export const PayNotification = Type.Object({
  tradeUuid: Type.String(both('Your id', '交易唯一标识')),
  billCode: Type.String(both('QLink’s id', '账单号')),
  orderCode: Type.String(both('Your order', '订单号')),
  paymentRequestId: Type.String(both('The provider’s id of the request', '支付请求号')),
  status,
  payTime,
  errorCode,
})

export const Failure = Type.Object(
  {
    success: Type.Literal(false, both('The business processing did not succeed', '业务处理失败')),
    message: Type.String(both('What is wrong, and where', '失败原因及位置')),
  },
  { examples: [{ success: false, message: 'tradeUuid is missing' }] },
)

export type QueryPayAccountRequest = Static<typeof QueryPayAccountRequest>
export type PayMethod = Static<typeof PayMethod>
export type ApplyRequest = Static<typeof ApplyRequest>
export type ApplyAnswer = Static<typeof ApplyAnswer>
export type GetPayStatusRequest = Static<typeof GetPayStatusRequest>
export type PayStatus = Static<typeof PayStatus>
export type CancelRequest = Static<typeof CancelRequest>
export type CancelAnswer = Static<typeof CancelAnswer>
export type PayNotification = Static<typeof PayNotification>

/** An answer that is an object has `success` and `message` beside its own fields (CONTRACT §1). */
export function withSuccess(answer: TSchema): TSchema {
  const own = answer as unknown as { properties: Record<string, TSchema> }
  return Type.Object({ success: Type.Literal(true), message: Type.Literal(''), ...own.properties })
}
