import { send } from './calls.ts'
import { sendAll } from './load.ts'
import { applyRequest, cancelRequest, getPayStatusRequest, isSuccess, isTwoBills, names, queryOfTwo, type Prepared } from './requests.ts'
import { routeFor, startSandbox, type Route } from './servers.ts'

/** One of the endpoints under load. */
export interface Operation {
  name: string
  isRight: (answer: string) => boolean
  /** The bills that must be there before. */
  bills: (requests: number) => string[]
  /** Prepares requests about these bills, or about new ones; where they can be repeated, a few do. */
  requests: (bills: readonly string[], count: number) => Prepared[]
  /** Whether a request can be sent once only. */
  once: boolean
  /** So many are prepared for each second. Where a server answers more, they run out, and the measurement is the shorter for it. */
  fastest: number
}

/** Each has a `tradeUuid` of its own. */
export const APPLY: Operation = {
  name: 'apply',
  isRight: isSuccess,
  bills: () => [],
  requests: (_bills, count) => names('new', count).map(applyRequest),
  once: true,
  fastest: 20_000,
}

export const GET_PAY_STATUS: Operation = {
  name: 'getPayStatus',
  isRight: isTwoBills,
  bills: () => names('asked', 1000),
  requests: (bills) => Array.from({ length: 2000 }, () => queryOfTwo(bills)),
  once: false,
  fastest: 0,
}

/** Each cancels a bill of its own. */
export const CANCEL: Operation = {
  name: 'cancel',
  isRight: isSuccess,
  bills: (requests) => names('cancelled', requests),
  requests: (bills) => bills.map(cancelRequest),
  once: true,
  fastest: 6000,
}

/** Makes bills that are not measured. */
export async function makeBills(url: string, tradeUuids: readonly string[]): Promise<void> {
  if (tradeUuids.length > 0) await sendAll(url, tradeUuids.map(applyRequest), isSuccess)
}

let known: Promise<Map<Operation, Route>> | undefined

/** What a bare Fastify answers in each operation's place: what a sandbox has answered. */
export async function realRoutes(): Promise<Map<Operation, Route>> {
  return (known ??= askSandbox())
}

async function askSandbox(): Promise<Map<Operation, Route>> {
  const { child, url } = await startSandbox('memory')
  const [first = '', second = ''] = names('new', 2)
  const ask = async (operation: Operation, request: Prepared): Promise<[Operation, Route]> => [operation, routeFor(request, await send(url, request, operation.isRight))]
  await makeBills(url, [second])
  const routes = new Map([
    await ask(APPLY, applyRequest(first)),
    await ask(GET_PAY_STATUS, getPayStatusRequest([first, second])),
    await ask(CANCEL, cancelRequest(first)),
  ])
  await child.stop()
  return routes
}
