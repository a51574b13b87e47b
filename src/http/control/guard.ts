import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../errors.ts'

export interface GuardSettings {
  /** Asked for where it is set. */
  controlToken: string | undefined
  /** The address that the server was told to listen on. */
  host: string
  /** Where the outside finds the server, once it listens. */
  publicUrl: () => string
}

/**
 * Keeps strangers off the control API and the pages: whoever lacks the token where one is set, and always web pages of
 * other sites, which a developer's browser would let send requests to a local port (INTERFACE §3).
 */
export function guard({ controlToken, host, publicUrl }: GuardSettings) {
  return (request: FastifyRequest): void => {
    refuseOtherOrigins(request, publicUrl())
    if (controlToken === undefined) refuseForeignHosts(request, ownNames(host, publicUrl()))
    else demandToken(request.headers.authorization, controlToken)
  }
}

/** A page that a browser loaded from elsewhere says so itself. Following a link is no more than looking. */
export function refuseOtherOrigins(request: FastifyRequest, publicUrl: string): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const follows = request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document'
  const ours = [`http://${String(host)}`, `https://${String(host)}`, new URL(publicUrl).origin]
  const elsewhere = (site === 'cross-site' || site === 'same-site') && !follows
  if ((origin !== undefined && !ours.includes(origin)) || elsewhere) {
    throw new Problem(403, `requests that a browser sends for another site are refused${origin === undefined ? '' : ` (origin ${origin})`}; send them from outside a browser, or open the sandbox's own page`)
  }
}

/**
 * A site could point its own name at this machine, and would then count as the same origin; so the name that was asked
 * for must be one that no stranger can own: an address, localhost, a name without a dot (a container's), or our own.
 */
export function refuseForeignHosts(request: FastifyRequest, own: readonly string[]): void {
  const host = request.headers.host ?? ''
  const name = hostOf(`http://${host}`)
  const bare = name.replace(/^\[|\]$/g, '')
  const local = name !== '' && (isIP(bare) !== 0 || !name.includes('.') || name.endsWith('.localhost') || name === 'host.docker.internal')
  if (!local && !own.includes(name)) {
    throw new Problem(403, `the host name ${name === '' ? host : name} is not this sandbox's; where it should be, name it by --public-url, or protect the sandbox by --control-token`)
  }
}

/** @throws Problem where an Authorization header does not carry the token */
export function demandToken(authorization: string | undefined, token: string): void {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
  if (given === undefined) throw new Problem(401, 'this sandbox asks for a token: send the header "Authorization: Bearer <token>"')
  // Digests have one length, so the comparison tells nothing of the token's.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  if (!timingSafeEqual(digest(given), digest(token))) throw new Problem(401, 'the token in the header Authorization is not this sandbox\'s')
}

/** The names that this sandbox goes by. */
export function ownNames(host: string, publicUrl: string): string[] {
  return [host.toLowerCase(), hostOf(publicUrl)].filter((name) => name !== '')
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : ''
}
