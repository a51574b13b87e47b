/** What came of one POST. */
export interface Sent {
  /** Real milliseconds from the start to the last byte of the answer, or to the failure. */
  durationMs: number
  answer?: { status: number; headers: Record<string, string>; body: string }
  /** Why there was no answer, or no whole one, in words. */
  error?: string
  /** The POST was broken off because the sandbox is closing: it counts as never made. */
  aborted?: boolean
}

/** How long things may take, in real milliseconds. */
export interface Pace {
  /** From the last byte sent to the last byte of the answer. */
  timeout: number
  /** The body is sent in pieces over so long. */
  trickle: number
}

/** Sends a notification over the wire. The one implementation that serves is undici's; tests need no other. */
export interface Sender {
  /** @returns what came of it; it does not reject */
  post(url: string, headers: Record<string, string>, body: string, pace: Pace): Promise<Sent>
  /** Breaks off what is under way and lets go of connections. */
  close(): Promise<void>
}
