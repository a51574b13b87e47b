import { Type, type TSchema } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { Merchant } from '../../merchant/schema.ts'
import { Scenario } from '../../scenario/schema.ts'
import { CoverageAnswer, CoverageQuery } from './coverage-schemas.ts'
import * as journal from './journal-schemas.ts'
import * as schemas from './schemas.ts'

type Inputs = Pick<FastifySchema, 'body' | 'querystring' | 'params'>

const { BillDetail, BillParams, BillView, ClockAnswer, MerchantAnswer, MerchantParams, NotificationParams, NotificationView, ProblemDetails, ScenarioParams } = schemas
const all = (item: TSchema): TSchema => Type.Object({ items: Type.Array(item), nextCursor: Type.Null() })
const ofMerchant = { querystring: schemas.OneMerchant }
const oneBill = { params: BillParams, querystring: schemas.OneMerchant }

/** Every call of the control API by its operation: what it takes, which is checked, and what it answers. */
export const controlOperations = {
  getHealth: {
    ...call('Is the sandbox up / 健康检查', { 200: schemas.HealthAnswer }),
    description: 'Answers as soon as the sandbox is ready. / 就绪后即应答。',
    security: [],
  },
  listBills: call('List bills, newest first / 账单列表', { 200: schemas.listOf(BillView) }, { querystring: schemas.BillQuery }),
  waitForBill: call('Wait for a bill, in a state / 等待账单进入某状态', { 200: BillView }, { querystring: journal.BillWait }),
  getBill: call('Everything about a bill / 账单详情', { 200: BillDetail }, oneBill),
  recordBill: answeringIn('application/yaml', call('The scenario that reproduces the bill, as a file / 重现该账单的场景文件', { 200: Type.String() }, { params: BillParams, querystring: schemas.RecordQuery })),
  payBill: call('The customer pays / 顾客付款', { 200: BillDetail }, { ...oneBill, body: schemas.Pay }),
  failBill: call('The payment fails / 支付失败', { 200: BillDetail }, { ...oneBill, body: schemas.Fail }),
  cancelBill: call('The provider cancels the bill / 取消账单', { 200: BillDetail }, { ...oneBill, body: schemas.Nothing }),
  expireBill: call('The bill expires now / 账单立即过期', { 200: BillDetail }, { ...oneBill, body: schemas.Nothing }),
  notifyBill: call('Send a notification now, once, whatever the bill’s state / 立即发送一次通知', { 200: NotificationView }, { ...oneBill, body: schemas.Notify }),
  listNotifications: call('List notifications, newest first / 通知列表', { 200: schemas.listOf(NotificationView) }, { querystring: schemas.NotificationQuery }),
  waitForNotification: call('Wait until a notification was acknowledged / 等待通知被确认', { 200: NotificationView }, { querystring: journal.NotificationWait }),
  getNotification: call('One notification / 通知详情', { 200: NotificationView }, { params: NotificationParams }),
  resendNotification: call('Send once more, now / 立即重发', { 200: NotificationView }, { params: NotificationParams, body: schemas.Nothing }),
  listRequests: call('The journal: requests to the emulated API, newest first / 请求日志', { 200: schemas.listOf(journal.RequestView) }, { querystring: journal.RequestQuery }),
  waitForRequest: call('Wait for a request / 等待请求', { 200: journal.RequestView }, { querystring: journal.RequestWait }),
  getRequest: call('One request, byte for byte, and its answer / 请求详情', { 200: journal.RequestView }, { params: journal.RequestParams }),
  clearRequests: call('Forget all requests, or a merchant’s / 清空请求日志', { 204: null }, ofMerchant),
  streamEvents: answeringIn('text/event-stream', call('Server-sent events: bill, notification, request, clock / 事件流', { 200: Type.String() }, { querystring: journal.EventQuery })),
  listRetryPresets: call('List retry presets / 重试预设列表', { 200: all(schemas.RetryPresetView) }),
  getCoverage: call('What has been exercised of a bill’s life, and what not / 生命周期覆盖率', { 200: CoverageAnswer }, { querystring: CoverageQuery }),
  diagnoseSignature: call('Does a signature fit, and if not, why / 诊断签名', { 200: schemas.SignatureAnswer }, { body: schemas.SignatureQuestion }),
  getClock: call('What time it is / 当前时间', { 200: ClockAnswer }, ofMerchant),
  setClock: call('Choose the clock’s mode and rate / 设置时钟', { 200: ClockAnswer }, { ...ofMerchant, body: schemas.ClockPut }),
  advanceClock: call('Advance a manual clock / 推进时钟', { 200: schemas.AdvanceAnswer }, { ...ofMerchant, body: schemas.ClockAdvance }),
  listMerchants: call('List merchants / 商户列表', { 200: all(MerchantAnswer) }),
  createMerchant: call('Make a merchant; what is left out is generated / 创建商户', { 201: Merchant }, { body: schemas.MerchantCreate }),
  getMerchant: call('One merchant / 商户详情', { 200: MerchantAnswer }, { params: MerchantParams }),
  changeMerchant: call('Change a merchant / 修改商户', { 200: MerchantAnswer }, { params: MerchantParams, body: schemas.MerchantPatch }),
  probeMerchant: call('Try whether notifications can reach the merchant / 测试通知地址', { 200: schemas.ProbeAnswer }, { params: MerchantParams, body: schemas.ProbeQuestion }),
  deleteMerchant: call('Delete a merchant and its bills / 删除商户及其账单', { 204: null }, { params: MerchantParams }),
  listScenarios: call('List scenarios, and what is wrong with their files / 场景列表', { 200: schemas.ScenarioList }),
  getScenario: call('One scenario / 场景详情', { 200: Scenario }, { params: ScenarioParams }),
  putScenario: call('Put a scenario here, until the next reset / 新增或覆盖场景', { 200: Scenario }, { params: ScenarioParams }),
  getScenarioSchema: call('The JSON Schema of scenario files, for editors / 场景文件的 JSON Schema', { 200: schemas.AnyObject }),
  deleteScenario: call('Take off a scenario that was put here / 删除场景', { 204: null }, { params: ScenarioParams }),
  reset: call('Back to the fixtures, or one merchant back to its start / 重置', { 204: null }, { ...ofMerchant, body: schemas.Reset }),
} satisfies Record<string, FastifySchema>

/** An operation that answers with something else than JSON. */
function answeringIn(type: string, operation: FastifySchema): FastifySchema {
  const answers = operation.response as Record<string, object>
  return { ...operation, response: { ...answers, 200: { description: 'Done / 成功', content: { [type]: { schema: Type.String() } } } } }
}

/** Bodies that their route reads by itself, in more forms than JSON: for the OpenAPI document alone. */
export const DOCUMENTED_BODIES: Readonly<Record<string, { consumes: string[]; body: TSchema }>> = {
  putScenario: { consumes: ['application/yaml', 'application/json'], body: Scenario },
}

function call(summary: string, answers: Record<number, TSchema | null>, inputs: Inputs = {}): FastifySchema {
  const content = (type: string, schema: TSchema) => ({ content: { [type]: { schema } } })
  return {
    tags: ['control'],
    summary,
    description: `${summary}.`,
    security: [{ controlToken: [] }, {}],
    ...inputs,
    response: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [status, { description: 'Done / 成功', ...(schema === null ? { type: 'null' } : content('application/json', schema)) }]),
      ),
      '4xx': { description: 'Problem details (RFC 9457) / 错误详情', ...content('application/problem+json', ProblemDetails) },
    },
  }
}
