import { Type } from '@sinclair/typebox'
import { OPERATIONS, STATUS } from '../../contract/states.ts'
import { HAPPENING_TYPES } from '../../journal/feed.ts'
import { Cursor, Limit, maybe, NotificationState, SignatureAnswer, strict, text } from './schemas.ts'

/** The schemas of the journal, of waiting and of events. */

const names = <T extends string>(values: readonly T[], description: string) => Type.Unsafe<T>({ type: 'string', enum: [...values], description })

const about = {
  appKey: Type.Optional(text('Of this merchant / 商户')),
  tradeUuid: Type.Optional(text('About this tradeUuid / 交易标识')),
  billCode: Type.Optional(text('About this bill / 账单号')),
}

const requestFilter = {
  ...about,
  operation: Type.Optional(names(OPERATIONS, 'To this endpoint / 接口')),
  outcome: Type.Optional(text('accepted, refused or fault, or the reason of a refusal such as SIGN_MISMATCH / 结果')),
}

const wait = {
  count: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,5}$', 'x-expected': 'a whole number from 1', description: 'Until at least so many are there; 1 where left out / 数量' })),
  timeout: Type.Optional(text('How long to wait, in real time, at most 10m; 10s where left out / 最长等待时间')),
}

export const RequestQuery = Type.Object({ ...requestFilter, limit: Limit, cursor: Cursor }, strict)
export const RequestWait = Type.Object({ ...requestFilter, ...wait }, strict)
export const NotificationWait = Type.Object(
  {
    ...about,
    status: Type.Optional(names(Object.values(STATUS), 'That tells of this state / 通知的账单状态')),
    state: Type.Optional(NotificationState),
    ...wait,
  },
  strict,
)
export const BillWait = Type.Object(
  { ...about, orderCode: Type.Optional(text('With this orderCode / 订单号')), status: Type.Optional(names(Object.values(STATUS), 'In this state / 账单状态')), ...wait },
  strict,
)
export const RequestParams = Type.Object({ id: text('The request’s id, such as r-17 / 请求编号') })
export const EventQuery = Type.Object(
  {
    appKey: Type.Optional(text('Of this merchant, and of the clock that it goes by / 商户')),
    type: Type.Optional(Type.String({
      pattern: `^(${HAPPENING_TYPES.join('|')})(,(${HAPPENING_TYPES.join('|')}))*$`,
      'x-expected': `some of ${HAPPENING_TYPES.join(', ')}, with commas between`,
      description: 'Of these kinds, with commas between; all where left out / 事件类型',
    })),
  },
  strict,
)

const Headers = Type.Record(Type.String(), Type.Unknown())

export const RequestView = Type.Object({
  id: text('Such as r-17 / 请求编号'),
  at: text('When it came / 时间'),
  operation: maybe('Which endpoint; null for none of the four / 接口'),
  method: Type.String(),
  url: Type.String(),
  appKey: maybe('As it was sent / 应用标识'),
  outcome: names(['accepted', 'refused', 'fault'], 'accepted, refused, or fault: the answer was taken away / 结果'),
  reason: maybe('Why it was refused, as in x-qlink-sandbox-error / 拒绝原因'),
  message: maybe('The same in a sentence / 说明'),
  fault: maybe('What a scenario put in the place of the answer / 注入的故障'),
  lostAnswer: maybe('What the answer would have said / 丢失的应答'),
  diagnosis: Type.Union([SignatureAnswer, Type.Null()], { description: 'Of a signature that does not fit / 签名诊断' }),
  warnings: Type.Array(Type.String(), { description: 'What looks like a slip / 警告' }),
  nearMisses: Type.Array(Type.Object({ what: names(['path', 'field', 'appKey'], 'What was mistyped / 拼写错误的部分'), sent: Type.String(), meant: Type.String() }), { description: 'Names that are almost right / 疑似拼写错误' }),
  durationMs: Type.Number({ description: 'Until it was answered, in real time / 耗时' }),
  request: Type.Object({
    headers: Headers,
    body: maybe('The bytes, as text in UTF-8, or in base64 / 原始报文'),
    encoding: names(['utf8', 'base64'], 'How body is written / 编码'),
  }),
  response: Type.Union([Type.Object({ status: Type.Integer(), headers: Headers, body: Type.String() }), Type.Null()]),
})
