import type { FastifyInstance } from 'fastify'
import type { Static } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import type { World } from '../../sandbox/world.ts'
import type { ScenarioParams } from './schemas.ts'

/** Scenarios: those of files can be read, others put beside or over them until the next reset (INTERFACE §3). */
export function scenarioRoutes(app: FastifyInstance, world: World): void {
  const { scenarios } = world
  const nameOf = (request: { params: unknown }): string => (request.params as Static<typeof ScenarioParams>).name

  // A scenario arrives as YAML, of which JSON is a part, so the body is taken as text whatever it is called.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body)
  })

  // Whoever has just saved a file and looks here sees it, without waiting for the next look at the files.
  app.get('/scenarios', { config: { operationId: 'listScenarios' } }, async () => {
    await scenarios.refresh()
    return { items: scenarios.list(), nextCursor: null, problems: scenarios.problems }
  })

  app.get('/scenarios/:name', { config: { operationId: 'getScenario' } }, async (request) => {
    await scenarios.refresh()
    const scenario = scenarios.get(nameOf(request))
    if (scenario === undefined) throw new Problem(404, `there is no scenario ${nameOf(request)}`)
    return scenario
  })

  app.put('/scenarios/:name', { config: { operationId: 'putScenario' } }, async (request) => {
    const { parseScenario } = await import('../../scenario/parse.ts')
    const { scenario, problems } = parseScenario(typeof request.body === 'string' ? request.body : '', 'the body', nameOf(request), 'the path says')
    if (problems !== undefined) throw new Problem(422, problems.join('; '), { errors: problems })
    scenarios.put(scenario)
    return scenario
  })

  app.get('/schemas/scenario.json', { config: { operationId: 'getScenarioSchema' } }, async () => {
    const { scenarioJsonSchema } = await import('../../scenario/json-schema.ts')
    return scenarioJsonSchema()
  })

  app.delete('/scenarios/:name', { config: { operationId: 'deleteScenario' } }, async (request, reply) => {
    const name = nameOf(request)
    if (!scenarios.remove(name)) {
      throw scenarios.get(name) === undefined
        ? new Problem(404, `there is no scenario ${name}`)
        : new Problem(409, `scenario ${name} is a file's; only those put through the control API can be taken off`)
    }
    return reply.code(204).send()
  })
}
