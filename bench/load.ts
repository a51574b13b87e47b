import { createHistogram } from 'node:perf_hooks'
import autocannon, { type Client, type Options, type Result } from 'autocannon'
import type { Prepared } from './requests.ts'

const CONNECTIONS = 20

export interface Load {
  perSecond: number
  /** In milliseconds. */
  p99: number
  /** Which part of the time this process had something to do. Near 1, it is what is measured, and not the server. */
  generator: number
}

export interface Limits {
  seconds: number
  /** Whether a request may be sent once only; when all have been, it is over before the time is. */
  once: boolean
}

/** Sends requests on twenty connections for a time, and checks each answer. */
export async function measureLoad(url: string, requests: readonly Prepared[], isRight: (answer: string) => boolean, { seconds, once }: Limits): Promise<Load> {
  return fire(url, requests, isRight, { duration: seconds, ...(once ? { maxOverallRequests: requests.length } : {}) })
}

/** Sends each request once on twenty connections, and checks each answer. */
export async function sendAll(url: string, requests: readonly Prepared[], isRight: (answer: string) => boolean): Promise<void> {
  await fire(url, requests, isRight, { amount: requests.length })
}

async function fire(url: string, requests: readonly Prepared[], isRight: (answer: string) => boolean, limit: Partial<Options>): Promise<Load> {
  const connections = Math.min(CONNECTIONS, requests.length)
  const microseconds = createHistogram()
  const connected = new Set<Client>()
  let answers = 0
  let begun = 0
  let idleBefore = performance.eventLoopUtilization()
  let latest = 0
  let wrong: string | undefined
  let clients = 0

  const result = await new Promise<Result>((resolve, reject) => {
    const options: Options = {
      url,
      connections,
      sampleInt: 20,
      // Each connection has a row of its own, the first rows being one longer where it does not come out even: that is
      // how autocannon distributes an amount.
      setupClient: (client) => client.setRequests(everyNth(requests, clients++, connections)),
      verifyBody: (body) => {
        if (isRight(body)) return true
        wrong ??= body
        return false
      },
      ...limit,
    }
    autocannon(options, (error, result) => {
      if (error === null) resolve(result)
      else reject(error)
    })
      .on('start', () => {
        begun = performance.now()
        idleBefore = performance.eventLoopUtilization()
      })
      .on('response', (client, _status, _bytes, milliseconds) => {
        answers++
        latest = performance.now()
        // A connection's first answer has waited for the others to be made ready too.
        if (connected.has(client)) microseconds.record(Math.max(1, Math.round(milliseconds * 1000)))
        else connected.add(client)
      })
  })
  const generator = performance.eventLoopUtilization(idleBefore).utilization
  const failures = result.errors + result.mismatches + result.non2xx
  const path = requests[0]?.path ?? ''
  if (failures > 0) {
    const { timeouts, errors } = result
    const details = [
      ...(timeouts > 0 ? [`${timeouts} without an answer in ten seconds`] : []),
      ...(errors > timeouts ? [`${errors - timeouts} with a broken connection`] : []),
      ...(wrong === undefined ? [] : [`the first wrong answer being ${wrong.slice(0, 300)}`]),
    ]
    throw new Error(`${failures} requests to ${path} failed beside ${answers} answered ones: ${details.join(', ')}`)
  }
  if (answers === 0) throw new Error(`no request to ${path} was answered in time`)
  return { perSecond: (answers * 1000) / (latest - begun), p99: microseconds.percentile(99) / 1000, generator }
}

/** Copies, since autocannon keeps a request's bytes in it. */
function everyNth(requests: readonly Prepared[], first: number, step: number): Prepared[] {
  const row: Prepared[] = []
  for (let index = first; index < requests.length; index += step) {
    const request = requests[index]
    if (request !== undefined) row.push({ ...request })
  }
  return row
}
