import { measureLoad, sendAll, type Load } from './load.ts'
import { makeBills, type Operation } from './operations.ts'
import type { Scale } from './options.ts'
import type { Prepared } from './requests.ts'
import { removeDataFile } from './scratch.ts'
import { startBare, startSandbox, type Route } from './servers.ts'

/** What servers are given to do. It is made once a round, so that each gets the same bytes. */
export interface Work {
  operation: Operation
  /** Bills to be made before. */
  bills: string[]
  warmUp: Prepared[]
  measured: Prepared[]
}

/** So many first answers are waited for. */
const COLD = 20

type Span = Pick<Scale, 'seconds' | 'warmUp'>

/** @param stored bills that are there already, for the operation to be about; without them it has its own made */
export function prepare(operation: Operation, { seconds, warmUp }: Span, stored?: string[]): Work {
  const { once, fastest } = operation
  const first = once ? Math.ceil(fastest * warmUp) : 0
  const count = first + Math.ceil(fastest * seconds)
  const bills = stored === undefined ? operation.bills(count) : []
  const requests = operation.requests(stored ?? bills, count)
  return { operation, bills, warmUp: once ? requests.slice(0, first) : requests, measured: requests.slice(first) }
}

/** Runs work on a sandbox of its own, whose data file goes with it. */
export async function loadSandbox(work: Work, span: Span, file: string, options: readonly string[] = []): Promise<Load> {
  const { child, url } = await startSandbox(file, options)
  await makeBills(url, work.bills)
  const load = await run(url, work, span, work.operation.once)
  await child.kill()
  removeDataFile(file)
  return load
}

/** Runs work on a bare Fastify of its own, to which nothing is new and nothing is old. */
export async function loadBare(work: Work, span: Span, route: Route): Promise<Load> {
  const { child, url } = await startBare(route)
  const load = await run(url, work, span, false)
  await child.stop()
  return load
}

async function run(url: string, { operation, warmUp, measured }: Work, span: Span, once: boolean): Promise<Load> {
  // A process's very first answers take as long as they take, on a busy machine longer than a short warm-up.
  await sendAll(url, warmUp.slice(0, COLD), operation.isRight)
  await measureLoad(url, warmUp.slice(COLD), operation.isRight, { seconds: span.warmUp, once })
  return measureLoad(url, measured, operation.isRight, { seconds: span.seconds, once })
}
