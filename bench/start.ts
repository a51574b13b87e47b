import { get, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { send } from './calls.ts'
import type { Child } from './child.ts'
import type { Measurement } from './measurement.ts'
import type { Options } from './options.ts'
import { isSuccess, queryPayAccountRequest, type Prepared } from './requests.ts'
import { newDataFile, removeDataFile } from './scratch.ts'
import { launchBare, launchSandbox, routeFor, startSandbox, type Route } from './servers.ts'

/** How long after a refused connection the next is tried, in milliseconds. */
const RETRY = 2

/** What has not answered by then hangs, in milliseconds. */
const PATIENCE = 60_000

/** How long a sandbox takes from its start to its first answer, beside a bare Fastify. */
export const start = ({ starts }: Options): Measurement => ({
  rows: [
    { key: 'bare GET', title: 'start to the first answer of GET /health, bare Fastify', unit: 'ms' },
    { key: 'health', title: 'the same, sandbox with a new data file', unit: 'ms', over: 'bare GET', target: { atMost: 1.6, aim: 1.25 } },
    { key: 'bare POST', title: 'start to the first answer of a POST, bare Fastify', unit: 'ms' },
    { key: 'query', title: 'the same, sandbox and a signed /queryPayAccount', unit: 'ms', over: 'bare POST' },
  ],
  round: async () => {
    const query = queryPayAccountRequest()
    const route = await realAnswer(query)
    const samples = []
    for (let count = 0; count < starts; count++) {
      samples.push({
        'bare GET': await timeBare(route, health),
        health: await timeSandbox(health),
        'bare POST': await timeBare(route, post(query)),
        query: await timeSandbox(post(query)),
      })
    }
    return samples
  },
})

/** Sends a request to a port of this machine, on a connection of its own. */
type Ask = (port: number) => ClientRequest

export const health: Ask = (port) => get({ port, host: '127.0.0.1', path: '/health', agent: false })

const post =
  ({ method, path, headers, body }: Prepared): Ask =>
  (port) =>
    request({ port, host: '127.0.0.1', method, path, headers: { ...headers, 'content-length': Buffer.byteLength(body) }, agent: false }).end(body)

/**
 * Starts a program and asks it until it answers.
 *
 * @returns the program, and how many milliseconds that took
 */
export async function timeFirstAnswer(launch: (port: number) => Child, ask: Ask): Promise<{ child: Child; milliseconds: number }> {
  const port = await freePort()
  const begun = performance.now()
  const child = launch(port)
  while (!(await answers(ask(port)))) {
    if (performance.now() - begun > PATIENCE) throw new Error(`${child.name} does not answer ${PATIENCE / 1000} seconds after its start`)
    await wait(RETRY)
  }
  return { child, milliseconds: performance.now() - begun }
}

async function timeBare(route: Route, ask: Ask): Promise<number> {
  const { child, milliseconds } = await timeFirstAnswer((port) => launchBare(route, port), ask)
  await child.stop()
  return milliseconds
}

async function timeSandbox(ask: Ask): Promise<number> {
  const file = newDataFile()
  const { child, milliseconds } = await timeFirstAnswer((port) => launchSandbox(file, ['--port', String(port)]), ask)
  await child.stop()
  removeDataFile(file)
  return milliseconds
}

async function answers(asked: ClientRequest): Promise<boolean> {
  let answer: IncomingMessage
  try {
    ;[answer] = (await once(asked, 'response')) as [IncomingMessage]
  } catch {
    // Nothing listens yet. Where that is because the child has died, its end ends the benchmark.
    return false
  }
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk as string
  if (answer.statusCode !== 200 || text.includes('"success":false')) throw new Error(`the first request after a start is answered ${answer.statusCode}: ${text.slice(0, 300)}`)
  return true
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function realAnswer(query: Prepared): Promise<Route> {
  const { child, url } = await startSandbox('memory')
  const text = await send(url, query, (answer) => answer.startsWith('[{') || isSuccess(answer))
  await child.stop()
  return routeFor(query, text)
}
