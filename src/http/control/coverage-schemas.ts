import { Type } from '@sinclair/typebox'
import { SINCE } from '../../coverage/coverage.ts'
import { strict, text } from './schemas.ts'

const Since = Type.Unsafe<(typeof SINCE)[number]>({ type: 'string', enum: [...SINCE], description: 'Since the last reset, or since the start / 统计起点' })

export const CoverageQuery = Type.Object({ appKey: Type.Optional(text('Of this merchant / 商户')), since: Type.Optional(Since) }, strict)

const counts = {
  covered: Type.Integer({ description: 'So many were exercised / 已覆盖' }),
  total: Type.Integer({ description: 'Of so many / 总数' }),
}

export const CoverageAnswer = Type.Object({
  since: Since,
  ...counts,
  percent: Type.Number({ description: 'Rounded down: 100 means all / 百分比' }),
  groups: Type.Array(Type.Object({
    name: text('endpoints, outcomes, states, transitions, cancel-answers, error-codes, faults or notifications / 分组'),
    title: Type.String(),
    ...counts,
    items: Type.Array(Type.Object({
      name: Type.String(),
      count: Type.Integer({ description: 'How often / 次数' }),
      how: text('How to exercise it / 如何覆盖'),
    })),
  })),
})
