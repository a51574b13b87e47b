/** What a control call carries. */
export interface Sending {
  /** Fields of the query; those undefined are left out. */
  query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON; a text as it is. */
  body?: unknown
}

/** Makes one call of the control API, wherever the sandbox is, and hands on what it answers, parsed. */
export type Call = <T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, sending?: Sending) => Promise<T>

/** The sandbox did not do what was asked of it; the message is its own sentence. */
export class SandboxError extends Error {
  /** The HTTP status: 404 for what is not there, 409 for a move that is forbidden, 408 for a wait in vain; 0 where no sandbox answered. */
  readonly status: number
  /** The whole problem document (RFC 9457): `seen` of a wait in vain, `allowedMoves` of a forbidden move. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(status: number, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'SandboxError'
    this.status = status
    this.details = details
  }
}

/**
 * Makes calls over HTTP, wherever the control API is: in this process too, so that both are the same.
 *
 * @param token the control token, where the sandbox asks for one
 */
export function callsTo(controlUrl: string, token: string | undefined): Call {
  return async <T>(method: string, path: string, { query = {}, body }: Sending = {}): Promise<T> => {
    const fields = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as [string, string]]))
    const search = fields.length === 0 ? '' : `?${String(new URLSearchParams(fields))}`
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    let status: number
    let text: string
    try {
      const answer = await fetch(controlUrl + path + search, { method, headers, ...sent })
      status = answer.status
      text = await answer.text()
    } catch (error) {
      const { cause, message } = error as Error & { cause?: Error }
      throw new SandboxError(0, `no sandbox answers at ${controlUrl}: ${cause?.message ?? message}`)
    }
    const answer = read(text)
    if (status < 400) return answer as T
    const details = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {}
    const { detail } = details
    throw new SandboxError(status, typeof detail === 'string' ? detail : `the sandbox answered ${status} to ${method} ${path}`, details)
  }
}

function read(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    // A scenario that was recorded is YAML.
    return text
  }
}

/** A part of a path, whatever letters it has. */
export const part = (text: string): string => encodeURIComponent(text)
