/** Where an attempt went, and where it came from: what advice depends on. */
export interface Target {
  readonly url: URL
  /** Whether the sandbox itself is in a container, where localhost is the container. */
  readonly inContainer: boolean
}

/** What a failure of the connection is in plain words, and what to try. */
interface Trouble {
  readonly words: string
  readonly advice: (target: Target) => string
}

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/

/** Whether a URL means the machine that it is read on. */
export function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname)
}

/** What to write in the place of localhost from inside a container. */
export function fromContainer({ hostname, port, protocol }: URL): string {
  const there = `${protocol}//host.docker.internal${port === '' ? '' : `:${port}`}`
  return `the sandbox runs in a container, where ${hostname} is the container itself: for an application on the host use ${there} (on Linux start the container with --add-host host.docker.internal:host-gateway), for one in another container the name of its service`
}

const portOf = ({ port, protocol }: URL): string => (port === '' ? (protocol === 'https:' ? '443' : '80') : port)

const refused: Trouble = {
  words: 'connection refused: nothing listens there',
  advice: ({ url, inContainer }) => {
    if (inContainer && isLoopback(url)) return fromContainer(url)
    if (url.hostname === 'localhost') return `is the application up, on port ${portOf(url)}? localhost may mean 127.0.0.1 or ::1, and it may listen on one of them only: name that one`
    if (isLoopback(url)) return `is the application up, on port ${portOf(url)} of this machine?`
    return `is it up, on port ${portOf(url)}, and does it listen on 0.0.0.0, not on 127.0.0.1 alone, where only its own machine or container can reach it?`
  },
}

const brokenOff = (words: string): Trouble => ({
  words,
  advice: ({ url }) => (url.protocol === 'http:' ? 'its own log may say why; where it speaks https, the URL must begin with https://' : 'its own log may say why'),
})

const unknownName = (words: string): Trouble => ({
  words,
  advice: ({ url: { hostname } }) => {
    if (hostname === 'host.docker.internal') return 'this machine does not know host.docker.internal: on Linux start the container with --add-host host.docker.internal:host-gateway; outside a container use 127.0.0.1'
    if (!hostname.includes('.')) return `a name without a dot is known only inside one container network: is ${hostname} the service's name, and is the sandbox in its network?`
    return `check how ${hostname} is spelt, and whether this machine can look it up`
  },
})

const unreachable = (words: string): Trouble => ({
  words,
  advice: ({ url }) => `a firewall, a VPN or a wrong address stands between: try it from the same machine or container, by curl -v ${url.href}`,
})

const untrusted = (words: string): Trouble => ({
  words,
  advice: () => 'start the sandbox with NODE_EXTRA_CA_CERTS=FILE, the certificate of who signed it in PEM, or let the application speak http while it is tested',
})

const notTls: Trouble = {
  words: 'what listens there does not speak TLS',
  advice: ({ url }) => `it speaks plain http: let the URL begin with http://${url.host}`,
}

const notHttp: Trouble = {
  words: 'what answers there does not speak HTTP',
  advice: ({ url }) => `another program has port ${portOf(url)}, or it speaks https: then the URL must begin with https://`,
}

/** By the codes of Node, OpenSSL and undici. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  ECONNREFUSED: refused,
  ECONNRESET: brokenOff('the connection was reset before an answer came'),
  EPIPE: brokenOff('the connection was closed before an answer came'),
  UND_ERR_SOCKET: brokenOff('the connection was closed before an answer came'),
  ENOTFOUND: unknownName('the host name is unknown'),
  EAI_AGAIN: unknownName('the host name could not be looked up'),
  EHOSTUNREACH: unreachable('the host cannot be reached'),
  ENETUNREACH: unreachable('the network cannot be reached'),
  ETIMEDOUT: unreachable('the connection timed out'),
  UND_ERR_CONNECT_TIMEOUT: unreachable('the connection timed out'),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted('the certificate is signed by itself, which this machine does not trust'),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted('the certificate is signed by someone whom this machine does not trust'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted('the certificate is signed by someone whom this machine does not know'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted('the certificate is signed by someone whom this machine does not know'),
  CERT_HAS_EXPIRED: { words: 'the certificate has expired', advice: () => 'renew it, or let the application speak http while it is tested' },
  CERT_NOT_YET_VALID: { words: 'the certificate is not valid yet', advice: () => 'is the time of day right on both machines?' },
  ERR_TLS_CERT_ALTNAME_INVALID: { words: 'the certificate is for another name', advice: ({ url }) => `it must name ${url.hostname}, or the URL must say the name that it has` },
  EPROTO: notTls,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_SSL_HTTP_REQUEST: notTls,
}

function troubleOf(code: string | undefined): Trouble | undefined {
  return code?.startsWith('HPE_') === true ? notHttp : TROUBLES[code ?? '']
}

/** A failure in plain words, with its code behind. */
export function inWords(error: unknown): string {
  const { name, message, code: given } = error as { name: string; code?: string; message: string }
  // undici does not always say which rule of HTTP was broken.
  const code = given ?? (name === 'HTTPParserError' ? 'HPE_INVALID' : undefined)
  const words = troubleOf(code)?.words ?? `the answer could not be read: ${message.replace(/\s+/g, ' ').trim()}`
  return code === undefined ? words : `${words} (${code})`
}

/** What to try after a failure that {@link inWords} put into words; undefined where nothing is known. */
export function adviceOn(words: string, target: Target): string | undefined {
  return troubleOf(/ \(([A-Z][A-Z0-9_]+)\)(?:;|$)/.exec(words)?.[1])?.advice(target)
}
