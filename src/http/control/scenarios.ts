import type { FastifyInstance } from 'fastify'
import { Type, type Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import type { World } from '../../sandbox/world.ts'
import { Scenario } from '../../scenario/schema.ts'
import { call } from './schemas.ts'

const ScenarioParams = Type.Object({ name: Type.String({ description: 'The scenario’s name / 场景名' }) })

/** Scenarios: those of files can be read, others put beside or over them until the next reset (INTERFACE §3). */
export function scenarioRoutes(app: FastifyInstance, world: World): void {
  const { scenarios } = world
  const nameOf = (request: { params: unknown }): string => (request.params as Static<typeof ScenarioParams>).name

  // A scenario arrives as YAML, of which JSON is a part, so the body is taken as text whatever it is called.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body)
  })

  app.get('/scenarios', { schema: call('listScenarios', 'List scenarios / 场景列表', { 200: Type.Object({ items: Type.Array(Scenario), nextCursor: Type.Null() }) }) }, () =>
    Promise.resolve({ items: scenarios.list(), nextCursor: null }),
  )

  app.get('/scenarios/:name', { schema: call('getScenario', 'One scenario / 场景详情', { 200: Scenario }, { params: ScenarioParams }) }, (request) => {
    const scenario = scenarios.get(nameOf(request))
    if (scenario === undefined) throw new Problem(404, `there is no scenario ${nameOf(request)}`)
    return Promise.resolve(scenario)
  })

  app.put('/scenarios/:name', { schema: call('putScenario', 'Put a scenario here, until the next reset / 新增或覆盖场景', { 200: Scenario }, { params: ScenarioParams }) }, async (request) => {
    const { parseScenario } = await import('../../scenario/parse.ts')
    const { scenario, problems } = parseScenario(typeof request.body === 'string' ? request.body : '', 'the body', nameOf(request))
    if (problems !== undefined) throw new Problem(422, problems.join('; '), { errors: problems })
    scenarios.put(scenario)
    return scenario
  })

  app.delete('/scenarios/:name', { schema: call('deleteScenario', 'Take off a scenario that was put here / 删除场景', { 204: null }, { params: ScenarioParams }) }, async (request, reply) => {
    const name = nameOf(request)
    if (!scenarios.remove(name)) {
      throw scenarios.get(name) === undefined
        ? new Problem(404, `there is no scenario ${name}`)
        : new Problem(409, `scenario ${name} is a file's; only those put through the control API can be taken off`)
    }
    return reply.code(204).send()
  })
}
