import { Type, type TSchema } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { EXAMPLES } from '../../contract/examples.ts'
import {
  ApplyAnswer,
  ApplyRequest,
  CancelAnswer,
  CancelRequest,
  Failure,
  GetPayStatusRequest,
  PayMethod,
  PayStatus,
  QueryPayAccountRequest,
  withSuccess,
} from '../../contract/schemas.ts'
import type { Operation } from '../../contract/states.ts'

/** A schema with the document's own example. */
function body(schema: TSchema, example: object): TSchema {
  return { ...schema, examples: [example] }
}

function describe(summary: string, description: string, request: TSchema, answer: TSchema): FastifySchema {
  return {
    tags: ['qlink'],
    summary,
    description,
    security: [{ appKey: [], sign: [] }],
    body: request,
    response: {
      200: {
        description: 'The answer, or a failure with success: false / 业务应答，或 success 为 false 的失败应答',
        content: { 'application/json': { schema: Type.Union([answer, Failure]) } },
      },
      '4xx': {
        description: 'A failure; unless the setting http-status is semantic, only for an unknown path or method / 失败应答',
        content: { 'application/json': { schema: Failure } },
      },
    },
  }
}

/** The emulated API as the OpenAPI document shows it; the request schemas are those that validate. */
export const qlinkOperations: Record<Operation, FastifySchema & { body: TSchema }> = {
  queryPayAccount: {
    ...describe(
      'How an account can be paid into / 查询支付账号',
      'Lists the ways to pay and the channels of one of the merchant’s accounts. / 返回账号支持的支付方式与支付渠道。',
      QueryPayAccountRequest,
      Type.Array(PayMethod, { examples: [EXAMPLES.payMethods] }),
    ),
    body: body(QueryPayAccountRequest, EXAMPLES.queryPayAccount),
  },
  apply: {
    ...describe(
      'Apply for a payment / 申请支付',
      'Makes a bill. A payment that the provider declines is a success with errorCode set. / 创建账单；被服务商拒绝时 success 为 true 且 errorCode 非空。',
      ApplyRequest,
      withSuccess(ApplyAnswer),
    ),
    body: body(ApplyRequest, { ...EXAMPLES.apply }),
  },
  getPayStatus: {
    ...describe(
      'Where bills stand / 查询支付状态',
      'One entry for each bill found, in the order asked for. / 按请求顺序返回查到的账单。',
      GetPayStatusRequest,
      Type.Array(PayStatus),
    ),
    body: body(GetPayStatusRequest, EXAMPLES.getPayStatus),
  },
  cancel: {
    ...describe(
      'Cancel a bill / 取消支付',
      'WAIT: taken, settled later; SUCCESS: cancelled; FAIL: not cancelled, errorCode says why. / WAIT 处理中，SUCCESS 已取消，FAIL 取消失败。',
      CancelRequest,
      withSuccess(CancelAnswer),
    ),
    body: body(CancelRequest, EXAMPLES.cancel),
  },
}

/**
 * /apply as the OpenAPI document shows it. What validates sees `payAccount` only, since the alias of the document's
 * example has been taken for it by then; a reader, and the example, need both.
 */
export function documentedApply(validated: TSchema): object {
  const { properties, required, ...rest } = validated as unknown as { properties: Record<string, object>; required: string[] }
  const alias = { type: 'string', deprecated: true, description: 'What the document’s example calls payAccount / 文档示例中 payAccount 的写法' }
  return {
    ...rest,
    properties: { ...properties, glinkAccount: alias },
    required: required.filter((field) => field !== 'payAccount'),
    anyOf: [{ required: ['payAccount'] }, { required: ['glinkAccount'] }],
  }
}
