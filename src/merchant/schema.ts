import { Type, type Static } from '@sinclair/typebox'
import { PayMethod } from '../contract/schemas.ts'
import type { Scenario } from '../scenario/schema.ts'

/** A scenario for one merchant: what it matches need not be said, nor its name. */
type OwnScenario = Omit<Scenario, 'name' | 'match'> & Partial<Pick<Scenario, 'name'>>

const strict = { additionalProperties: false }
const choice = <T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, description })

export const NotificationSettings = Type.Object(
  {
    schedule: Type.Optional(
      Type.Union([Type.Array(Type.String(), { maxItems: 100 }), Type.String()], {
        'x-expected': 'a list of at most 100 durations, or the name of a retry preset',
        description: 'The waits between attempts, as durations, or a retry preset’s name, see GET /_sandbox/retry-presets / 重试间隔，或重试预设的名称',
        examples: [['15s', '30s', '3m'], 'svix'],
      }),
    ),
    timeout: Type.Optional(Type.String({ description: 'How long the merchant may take to answer, as a duration / 超时时间' })),
    concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'How many attempts may be under way at once / 并发数' })),
  },
  { ...strict, description: 'How the merchant is told; what is left out is the server’s setting / 通知设置' },
)

export const PayAccount = Type.Object(
  {
    payAccount: Type.String({ minLength: 1, maxLength: 64, description: 'The account / 支付账号' }),
    methods: Type.Array(Type.Composite([PayMethod], strict), { description: 'What /queryPayAccount answers / 支付方式与渠道' }),
  },
  strict,
)

/** The holder of an appKey, as fixtures and the control API write it (INTERFACE §2). */
export const Merchant = Type.Object(
  {
    appKey: Type.String({
      minLength: 1,
      maxLength: 128,
      // What a header cannot carry; the one name excluded would reach a prototype in the data file.
      pattern: '^(?!__proto__$)[^\\s\\p{Cc}\\p{Cs}]([^\\p{Cc}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cs}])?$',
      'x-expected': 'a text without control characters and without blanks at its ends, and not __proto__',
      description: 'The public key, sent in the header appKey / 应用标识',
    }),
    appSecret: Type.String({ minLength: 1, maxLength: 256, description: 'The secret, hashed and never sent / 密钥' }),
    name: Type.String({ minLength: 1, maxLength: 128, description: 'For people, and for QR texts / 名称' }),
    notifyUrl: Type.Union([Type.String(), Type.Null()], {
      'x-expected': 'an http or https URL, or null',
      description: 'Where notifications go; null for nowhere / 通知地址',
    }),
    payAccounts: Type.Array(PayAccount, { description: 'The accounts / 支付账号' }),
    scenario: Type.Optional(Type.Unsafe<string | OwnScenario>({
      anyOf: [
        { type: 'string', description: 'A scenario’s name / 场景名' },
        // The language itself is checked where one is read: a merchant without one must not pay for it.
        { type: 'object', additionalProperties: true, description: 'Written out, as by GET /_sandbox/schemas/scenario.json, without match; name may be left out / 完整的场景，格式见 GET /_sandbox/schemas/scenario.json，不含 match，name 可省略' },
      ],
      'x-expected': 'a scenario’s name, or a scenario written out',
      description: 'The scenario of bills that no other one claims: a name, or one written out, for this merchant alone / 默认场景：名称，或仅供该商户使用的完整场景',
    })),
    signature: Type.Optional(choice(['strict', 'object', 'either'] as const, 'How content goes into the string to sign; strict is QLink’s rule / 签名方式')),
    duplicate: Type.Optional(choice(['refuse', 'replay'] as const, 'What a second use of a tradeUuid gets / 重复 tradeUuid 的处理')),
    notification: Type.Optional(NotificationSettings),
    clock: Type.Optional(Type.Unsafe<'manual'>({ type: 'string', enum: ['manual'], 'x-expected': 'manual, or left out', description: 'A manual clock of its own, which moves for this merchant alone; chosen when it is made / 独立的手动时钟' })),
  },
  strict,
)

/** What a file of fixtures holds. */
export const MerchantList = Type.Array(Merchant, { minItems: 1 })

export type Merchant = Static<typeof Merchant>
export type PayAccount = Static<typeof PayAccount>
