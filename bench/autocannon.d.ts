/** As much of autocannon, which has no types of its own, as is used here. */
declare module 'autocannon' {
  interface Request {
    method: string
    path: string
    headers: Record<string, string>
    body: string
  }

  /** One connection. */
  interface Client {
    /** Builds the bytes of all of them at once; the connection sends one after another, and begins again at the end. */
    setRequests(requests: Request[]): void
  }

  interface Options {
    url: string
    connections: number
    /** In seconds. */
    duration?: number
    /** So many requests, however long that takes. */
    amount?: number
    /** At most so many requests within the duration. */
    maxOverallRequests?: number
    /** So many each second, on all connections together. */
    overallRate?: number
    /** How often it looks whether it is over, in milliseconds. */
    sampleInt?: number
    setupClient?: (client: Client) => void
    verifyBody?: (body: string) => boolean
  }

  interface Result {
    /** Connections that failed, and requests that timed out. */
    errors: number
    timeouts: number
    mismatches: number
    non2xx: number
  }

  interface Instance {
    /** When all connections have been made ready. */
    on(event: 'start', listener: () => void): this
    on(event: 'response', listener: (client: Client, status: number, bytes: number, milliseconds: number) => void): this
  }

  export default function autocannon(options: Options, done: (error: Error | null, result: Result) => void): Instance
}
