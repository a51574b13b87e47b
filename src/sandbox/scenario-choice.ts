import type { ApplyRequest } from '../contract/schemas.ts'
import { Refusal } from '../errors.ts'
import { closest } from '../nearest.ts'
import type { Scenario } from '../scenario/schema.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { World } from './world.ts'

/**
 * The scenario that a bill gets, the first that applies (INTERFACE §4): the one named in the request, the first whose
 * `match` fits, the merchant's, the server's.
 */
export function chooseScenario(world: World, merchant: Merchant, request: ApplyRequest, amount: string, header: string | undefined): Scenario {
  const inMetadata = namedInMetadata(request.metadata)
  if (inMetadata !== undefined) return named(world, inMetadata, 'metadata.qlinkScenario')
  if (header !== undefined) return named(world, header, 'the header x-qlink-sandbox-scenario')
  return world.scenarios.claiming({ fields: request, appKey: merchant.appKey, amount }) ?? usual(world, merchant)
}

/** The scenario of a question about an account, where there is no bill: of a match only appKey and payAccount can fit. */
export function scenarioOfAccount(world: World, merchant: Merchant, payAccount: string, header: string | undefined): Scenario {
  if (header !== undefined) return named(world, header, 'the header x-qlink-sandbox-scenario')
  return world.scenarios.claiming({ fields: { payAccount }, appKey: merchant.appKey, amount: undefined }) ?? usual(world, merchant)
}

function usual(world: World, merchant: Merchant): Scenario {
  const { scenarios, settings } = world
  // One that was written out has its name since it was read.
  if (typeof merchant.scenario === 'object') return merchant.scenario as Scenario
  return scenarios.get(merchant.scenario ?? settings.scenario) ?? named(world, settings.scenario, 'the setting scenario')
}

function named(world: World, name: string, where: string): Scenario {
  const scenario = world.scenarios.get(name)
  if (scenario !== undefined) return scenario
  const near = closest(name, world.scenarios.names())
  throw new Refusal('FIELD_INVALID', `${where} names the scenario "${name.slice(0, 80)}", which does not exist${near === undefined ? '' : `; did you mean ${near}?`}`)
}

/** Metadata is an object, or a string that may hold one: the contract's table and its example differ. */
function namedInMetadata(metadata: ApplyRequest['metadata']): string | undefined {
  let value: unknown = metadata
  if (typeof metadata === 'string' && metadata.includes('qlinkScenario')) {
    try {
      value = JSON.parse(metadata)
    } catch {
      return undefined
    }
  }
  if (typeof value !== 'object' || value === null) return undefined
  const name = (value as { qlinkScenario?: unknown }).qlinkScenario
  return typeof name === 'string' ? name : undefined
}
