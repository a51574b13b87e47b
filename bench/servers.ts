import { Child } from './child.ts'
import type { Prepared } from './requests.ts'

const SANDBOX = new URL('../../dist/cli.js', import.meta.url)
const BARE = new URL('bare.js', import.meta.url)

/** A server that listens. */
export interface Server {
  child: Child
  url: string
}

/** The sandbox, as a user starts it, without waiting for it. `--port` may be among the options. */
export function launchSandbox(file: string, options: readonly string[] = []): Child {
  return new Child('the sandbox', SANDBOX, ['--port', '0', '--data', file, ...options])
}

/** The sandbox on a free port, ready. */
export async function startSandbox(file: string, options: readonly string[] = []): Promise<Server> {
  return ready(launchSandbox(file, options))
}

/** What a bare Fastify answers: one request, always with the same. */
export interface Route {
  path: string
  answer: unknown
}

/** A bare Fastify, without waiting for it. */
export function launchBare({ path, answer }: Route, port = 0): Child {
  return new Child('the bare Fastify', BARE, [JSON.stringify({ port, path, answer })])
}

export async function startBare(route: Route): Promise<Server> {
  return ready(launchBare(route))
}

/** The route on which a bare Fastify answers a request as the sandbox has answered one like it. */
export function routeFor({ path }: Prepared, text: string): Route {
  const answer: unknown = JSON.parse(text)
  if (JSON.stringify(answer) !== text) throw new Error(`a bare Fastify would not answer the same bytes as the sandbox: ${text}`)
  return { path, answer }
}

async function ready(child: Child): Promise<Server> {
  return { child, url: await child.url() }
}
