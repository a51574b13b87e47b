import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { TSchema } from '@sinclair/typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import { Failure, PayNotification } from '../../contract/schemas.ts'
import type { World } from '../../sandbox/world.ts'
import { VERSION } from '../../version.ts'
import { DOCUMENTED_BODIES } from '../control/operations.ts'
import { OPERATIONS } from '../operations.ts'
import { documentedApply } from '../qlink/operations.ts'

const DESCRIPTION = `A QLink payment gateway on your own machine. The four endpoints under \`qlink\` are the contract that a merchant's application talks to; the calls under \`control\` are the sandbox's own, for tests and people.

在本机运行的 QLink 支付网关。\`qlink\` 下的四个接口即商户应用所对接的协议；\`control\` 下是沙箱自身的控制接口，供测试和人工操作使用。`

/**
 * A server of its own, which listens nowhere, with the same routes: it makes the OpenAPI document of the schemas that
 * validate, and the page to browse it. All that this takes is loaded by the first who asks for it.
 *
 * @param documented registers the routes that the document tells of
 */
export async function buildDocumentation(world: World, documented: (app: FastifyInstance) => void): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false })
  // Nothing is validated or answered here but the pages themselves.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  app.decorateReply('refusal', undefined)
  app.decorateRequest('record', undefined)
  app.addHook('onRoute', (route) => {
    const { operationId = '' } = route.config ?? {}
    const schema = OPERATIONS[operationId]
    if (schema !== undefined) route.schema = { operationId, ...schema, ...DOCUMENTED_BODIES[operationId] }
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'qlink-sandbox',
        version: VERSION,
        description: DESCRIPTION,
        contact: { name: 'qlink-sandbox' },
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This sandbox / 当前沙箱' }],
      tags: [
        { name: 'qlink', description: 'What a merchant talks to / 商户对接的接口' },
        { name: 'control', description: 'The sandbox’s own control API / 沙箱控制接口' },
      ],
      components: {
        securitySchemes: {
          appKey: { type: 'apiKey', in: 'header', name: 'appKey', description: 'The merchant’s public key / 应用标识' },
          sign: { type: 'apiKey', in: 'header', name: 'sign', description: SIGN_RULE },
          controlToken: { type: 'http', scheme: 'bearer', description: 'Only where --control-token is set / 仅在设置 --control-token 时需要' },
        },
      },
      webhooks: { payNotification: notificationWebhook() },
    } as never,
    transform: ({ schema, url, route }) => ({
      schema: route.config?.operation === 'apply' ? { ...schema, body: documentedApply(schema.body as TSchema) } : schema,
      url,
    }),
  })
  documented(app)
  app.get('/openapi.json', { schema: { hide: true } }, () =>
    Promise.resolve({ ...app.swagger(), servers: [{ url: world.publicUrl, description: 'This sandbox / 当前沙箱' }] }),
  )
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { validatorUrl: null, deepLinking: true, layout: 'BaseLayout' } })
  await app.ready()
  return app
}

const SIGN_RULE = 'SHA-1 in lower-case hex of {"appKey":"…","content":"<body as an escaped JSON string>"} with the appSecret appended / 对 {"appKey":"…","content":"<转义后的报文字符串>"} 拼接 appSecret 做 SHA-1，小写十六进制'

function notificationWebhook(): object {
  return {
    post: {
      operationId: 'payNotification',
      tags: ['qlink'],
      summary: 'QLink tells the merchant / 支付通知',
      description: 'Sent to the merchant’s notifyUrl + /payNotification, signed as a request is; taken as delivered by any 2xx whose JSON body does not say "success": false. / 发送到商户通知地址，签名方式与请求相同；2xx 且报文未声明 success 为 false 即视为送达。',
      security: [{ appKey: [], sign: [] }],
      requestBody: { required: true, content: { 'application/json': { schema: PayNotification } } },
      responses: {
        200: { description: 'The acknowledgement / 确认', content: { 'application/json': { schema: { type: 'object', properties: { success: { type: 'boolean' } } } } } },
        '4XX': { description: 'No acknowledgement: it is sent again / 未确认，将重试', content: { 'application/json': { schema: Failure } } },
      },
    },
  }
}
