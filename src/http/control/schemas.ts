import { Type, type TObject, type TSchema } from '@sinclair/typebox'
import { PAYMENT_ERROR_CODES, STATUS } from '../../contract/states.ts'
import { Merchant } from '../../merchant/schema.ts'
import { Telling } from '../../scenario/notification-schema.ts'
import { Scenario } from '../../scenario/schema.ts'
import { RATES } from '../../time/clock.ts'

/** The schemas of the control API: they validate, and they are its part of the OpenAPI document. */

export const text = (description: string) => Type.String({ description })
export const maybe = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
export const strict = { additionalProperties: false }

export const BillStatus = Type.Unsafe<(typeof STATUS)[keyof typeof STATUS]>({ type: 'string', enum: Object.values(STATUS), description: 'Where the bill stands / 账单状态' })
export const NotificationState = Type.Unsafe<'pending' | 'acknowledged' | 'given-up' | 'unaddressed'>({
  type: 'string',
  enum: ['pending', 'acknowledged', 'given-up', 'unaddressed'],
  description: 'Where the delivery stands / 投递状态',
})

export const Limit = Type.Optional(
  Type.String({ pattern: '^([1-9]|[1-9]\\d|[1-4]\\d\\d|500)$', 'x-expected': 'a whole number from 1 to 500', description: 'At most so many; 50 where left out / 每页数量' }),
)
export const Cursor = Type.Optional(Type.String({ pattern: '^\\d{1,15}$', 'x-expected': 'a nextCursor of an earlier page', description: 'nextCursor of the page before / 游标' }))

export const BillQuery = Type.Object(
  {
    appKey: Type.Optional(text('Of this merchant / 商户')),
    status: Type.Optional(BillStatus),
    tradeUuid: Type.Optional(text('With this tradeUuid / 交易标识')),
    orderCode: Type.Optional(text('With this orderCode / 订单号')),
    limit: Limit,
    cursor: Cursor,
  },
  strict,
)

export const NotificationQuery = Type.Object(
  {
    appKey: Type.Optional(text('To this merchant / 商户')),
    tradeUuid: Type.Optional(text('About this tradeUuid / 交易标识')),
    billCode: Type.Optional(text('About this bill / 账单号')),
    state: Type.Optional(NotificationState),
    limit: Limit,
    cursor: Cursor,
  },
  strict,
)

export const BillParams = Type.Object({ id: text('A billCode, or tradeUuid:<uuid> / 账单号，或 tradeUuid:<uuid>') })
export const NotificationParams = Type.Object({ id: text('The notification’s id / 通知编号') })
export const ScenarioParams = Type.Object({ name: text('The scenario’s name / 场景名') })
export const MerchantParams = Type.Object({ appKey: text('The merchant’s appKey / 应用标识') })
export const OneMerchant = Type.Object({ appKey: Type.Optional(text('Of this merchant / 商户')) }, strict)
export const RecordQuery = Type.Composite([OneMerchant, Type.Object({ name: Type.Optional(Type.Index(Scenario, ['name'], { description: 'What to call the scenario / 场景名' })) })], strict)

const errorCode = Type.Optional(
  Type.String({ minLength: 1, examples: [...PAYMENT_ERROR_CODES], description: 'Why, any code; FAILURE_DETAILS_UNAVAILABLE where left out / 失败原因' }),
)
export const Pay = Type.Object({ late: Type.Optional(Type.Boolean({ description: 'Allow a late success / 允许迟到的成功' })) }, strict)
export const Fail = Type.Object({ errorCode }, strict)
export const Notify = Telling
export const Nothing = Type.Object({}, strict)

export const ClockPut = Type.Object(
  {
    mode: Type.Unsafe<'real' | 'manual'>({ type: 'string', enum: ['real', 'manual'], description: 'real, or manual / 时钟模式' }),
    now: Type.Optional(text('Where a manual clock stands, or one with a rate: 2026-01-01 00:00:00, or ISO 8601 with offset / 时间')),
    rate: Type.Optional(
      Type.Number({ minimum: RATES.least, maximum: RATES.most, 'x-expected': `a number from ${RATES.least} to ${RATES.most}`, description: 'How fast a real clock passes: 60 is a minute a second; 1 where left out / 时间流速' }),
    ),
  },
  { ...strict, examples: [{ mode: 'manual', now: '2026-01-01 00:00:00' }, { mode: 'real', rate: 60 }] },
)
export const ClockAdvance = Type.Object(
  {
    by: Type.Optional(text('A duration such as 15m / 时长')),
    to: Type.Optional(text('A time such as 2026-01-01 00:00:00 / 时间')),
  },
  { ...strict, examples: [{ by: '15m' }, { to: '2026-01-01 00:00:00' }] },
)
export const Reset = Type.Object({ merchants: Type.Optional(Type.Boolean({ description: 'The merchants too / 同时重置商户' })) }, strict)

export const MerchantCreate = Type.Partial(Merchant, strict)
/** What a merchant can be changed to; its clock is chosen when it is made. */
export const MerchantPatch = Type.Partial(Type.Omit(Merchant, ['appKey', 'clock']), {
  ...strict,
  'x-fixed': {
    appKey: 'is what the merchant is known by and cannot be changed; make another merchant by POST /_sandbox/merchants',
    clock: 'is chosen when the merchant is made and cannot be changed; make another merchant by POST /_sandbox/merchants {"clock":"manual"}',
  },
})
export const MerchantAnswer = Type.Omit(Merchant, ['appSecret'])

export const ClockAnswer = Type.Object({
  mode: text('real or manual / 时钟模式'),
  now: text('ISO 8601 / 当前时间'),
  rate: Type.Number({ description: 'How fast time passes by itself: 1 as on the wall, 60 a minute a second, 0 not at all, as on a manual clock / 时间流速' }),
  timeZone: text('The zone of contract times / 时区'),
})
export const AdvanceAnswer = Type.Object({
  now: text('Where the clock stands now / 当前时间'),
  ran: Type.Object(
    {
      expiries: Type.Integer({ description: 'Bills that expired / 过期的账单数' }),
      steps: Type.Integer({ description: 'Steps of timelines, those that could not be taken included / 执行的时间线步骤数' }),
      attempts: Type.Integer({ description: 'Notifications sent, retries and copies included; copies sent together count once / 投递次数' }),
    },
    { description: 'What fell due on the way / 期间执行的到期工作' },
  ),
})
export const HealthAnswer = Type.Object({
  status: Type.Literal('ok'),
  version: text('The version / 版本'),
  bills: Type.Integer({ description: 'How many bills there are / 账单数' }),
  clock: ClockAnswer,
})

const AttemptView = Type.Object({
  number: Type.Integer(),
  at: text('When / 时间'),
  trigger: text('schedule, copy or resend / 触发方式'),
  acknowledged: Type.Boolean(),
  durationMs: Type.Number(),
  request: Type.Object({ method: Type.String(), url: Type.String(), headers: Type.Record(Type.String(), Type.String()), body: Type.String() }),
  status: Type.Union([Type.Integer(), Type.Null()]),
  answer: Type.Union([Type.Object({ status: Type.Integer(), headers: Type.Record(Type.String(), Type.String()), body: Type.String(), letGo: Type.Optional(Type.Boolean({ description: 'Headers and body were let go to keep memory within bounds / 已为节省内存而清除' })) }), Type.Null()]),
  error: maybe('Why it is no acknowledgement / 未确认原因'),
  advice: maybe('What to try / 处理建议'),
})

export const NotificationView = Type.Object({
  id: text('<billCode>-<n> / 通知编号'),
  appKey: text('To whom / 商户'),
  billCode: text('About which bill / 账单号'),
  tradeUuid: text('The merchant’s id / 交易标识'),
  status: BillStatus,
  state: NotificationState,
  createdAt: text('When it came up / 创建时间'),
  nextAttemptAt: maybe('When it is tried next / 下次投递时间'),
  url: maybe('Where to / 通知地址'),
  body: text('The bytes sent / 报文'),
  attempts: Type.Array(AttemptView),
})

export const BillView = Type.Object({
  billCode: Type.String(),
  appKey: Type.String(),
  tradeUuid: Type.String(),
  orderCode: Type.String(),
  paymentRequestId: Type.String(),
  status: BillStatus,
  cancelling: Type.Boolean({ description: 'A cancel was answered WAIT and is not settled / 取消处理中' }),
  amount: text('Digit for digit / 金额'),
  paidAmount: Type.Optional(text('What was paid, where it is not the amount applied for / 实付金额')),
  currency: Type.String(),
  createdAt: Type.String(),
  payTime: maybe('When it was paid / 支付时间'),
  cancelTime: maybe('When it was cancelled / 取消时间'),
  errorCode: Type.String(),
  scenario: text('The scenario’s name / 场景'),
})

export const BillDetail = Type.Composite([
  BillView,
  Type.Object({
    actionValue: Type.String(),
    application: Type.Object({}, { additionalProperties: true, description: 'The body of /apply / 申请报文' }),
    timeline: Type.Array(Type.Object({ at: Type.String(), what: Type.String(), by: Type.String() }, { additionalProperties: true }), { description: 'Every event with its time / 事件' }),
    notifications: Type.Array(NotificationView),
    due: Type.Array(Type.Object({ at: Type.Optional(Type.String()), what: Type.String() }, { additionalProperties: true }), { description: 'What is still due / 待执行' }),
  }),
])

const statuses = (description: string) => Type.Array(Type.Integer(), { description })

export const RetryPresetView = Type.Object({
  name: text('What --notify-schedule and notification.schedule call it / 名称'),
  description: text('In a line / 说明'),
  waits: Type.Array(Type.String(), { description: 'Between attempts, each counted from the attempt before / 重试间隔，均从上一次投递算起' }),
  attempts: Type.Integer({ description: 'At most so many / 最多投递次数' }),
  totalSeconds: Type.Number({ description: 'From the first attempt to the last / 从首次到末次投递的秒数' }),
  stopStatuses: statuses('Answers that end it for good / 收到这些状态码即停止'),
  stopHeader: Type.Union([Type.Object({ name: Type.String(), values: Type.Array(Type.String()) }), Type.Null()], { description: 'A header of the answer that ends it for good / 收到此响应头即停止' }),
  limits: Type.Array(Type.Object({ statuses: statuses('Counted together / 合并计数'), retries: Type.Integer() }), { description: 'Answers that are retried less often / 对这些状态码的重试次数限制' }),
  retryAfterStatuses: statuses('Answers whose Retry-After postpones the next attempt / 遵从 Retry-After 的状态码'),
  source: text('Who says so / 出处'),
})

export const SignatureQuestion = Type.Object(
  {
    appKey: text('Whose signature / 应用标识'),
    content: Type.Optional(text('The body, exactly as it was sent / 原始报文')),
    sign: text('The signature that was sent / 签名'),
  },
  { ...strict, examples: [{ appKey: 'demo-app-key', content: '{"payAccount":"account1"}', sign: 'b1cb549b621ccaaedbaf99bfaf2ef23b0f69c716' }] },
)
export const SignatureAnswer = Type.Object({
  valid: Type.Boolean(),
  code: Type.Union([Type.String(), Type.Null()], { description: 'Which mistake explains it; null where it fits / 错误代码' }),
  mistakes: Type.Array(Type.String(), { description: 'All that were made together / 同时存在的错误' }),
  twins: Type.Array(Type.String(), { description: 'Others which give the very same string for this body / 对该报文效果相同的其他错误' }),
  message: text('In a sentence / 英文说明'),
  messageZh: text('In Chinese / 中文说明'),
  hashed: Type.Union([Type.String(), Type.Null()], { description: 'What was hashed; null where that is not known / 实际参与哈希的字符串' }),
  stringToSign: text('What should have been hashed, with <appSecret> in the secret’s place / 待签名字符串'),
  firstDifference: Type.Union([
    Type.Object({ byte: Type.Integer({ description: 'Counted from 0 / 从 0 开始的字节位置' }), hashed: Type.String(), expected: Type.String() }),
    Type.Null(),
  ], { description: 'Where the two part / 第一处差异' }),
  mend: Type.Union([
    Type.Object({ java: Type.String(), javascript: Type.String(), python: Type.String(), go: Type.String(), php: Type.String() }),
    Type.Null(),
  ], { description: 'How to do it right / 修正方法' }),
  steps: Type.Array(Type.String(), { description: 'What to do where no mistake is found / 未找到原因时的排查步骤' }),
  stepsZh: Type.Array(Type.String(), { description: 'In Chinese / 中文' }),
})

export const ProbeQuestion = Type.Object(
  {
    url: Type.Optional(text('To try; the merchant’s notifyUrl where left out / 要测试的地址')),
    timeout: Type.Optional(text('For all steps together, in real time; 5s where left out / 超时时间')),
  },
  strict,
)
export const ProbeAnswer = Type.Object({
  url: text('Where notifications go / 通知地址'),
  ok: Type.Boolean({ description: 'Whether someone serves HTTP there / 是否可达' }),
  steps: Type.Array(
    Type.Object({
      step: Type.Unsafe<'url' | 'name' | 'connect' | 'tls' | 'request'>({ type: 'string', enum: ['url', 'name', 'connect', 'tls', 'request'] }),
      ok: Type.Boolean(),
      message: Type.String(),
      advice: Type.Optional(text('What to try / 处理建议')),
      durationMs: Type.Number(),
    }),
    { description: 'Up to the first that failed / 直至首个失败的步骤' },
  ),
})

export const AnyObject = Type.Object({}, { additionalProperties: true })

export const ScenarioList = Type.Object({
  items: Type.Array(Scenario),
  nextCursor: Type.Null(),
  problems: Type.Array(Type.String(), { description: 'What is wrong with the files of --scenarios as they are now; of a broken one the last good version is served / 场景文件当前的问题；出错的文件仍使用上一个正确的版本' }),
})

export const ProblemDetails = Type.Object(
  { type: Type.String(), title: Type.String(), status: Type.Integer(), detail: text('What is wrong, and where / 错误说明') },
  { additionalProperties: true },
)

export function listOf(item: TObject): TSchema {
  return Type.Object({ items: Type.Array(item), nextCursor: maybe('Where the next page begins / 下一页游标') })
}
