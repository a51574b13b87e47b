import type { Socket } from 'node:net'

/** An exchange at the moment when its answer would leave. */
export interface Exchange {
  readonly socket: Socket
  /** What the answer would have been: its body, written already. */
  readonly body: string
  /** Headers that say what happened, for whoever debugs; a fault that is no HTTP cannot carry them. */
  readonly headers: Readonly<Record<string, string>>
}

/** Trouble on the wire in the place of an answer. */
export interface WireFault {
  /** What the client sees, in a sentence: English, then Chinese. */
  readonly description: string
  /** Puts the trouble on the wire. The socket is the fault's own from here on. */
  inject(exchange: Exchange): void
}

/** Another answer in the place of the answer: the connection goes on as usual. */
export interface AnswerFault {
  readonly description: string
  readonly answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
}

export type Fault = WireFault | AnswerFault

/** Writes an answer by hand, and ends the connection behind it. */
export function writeAnswer(socket: Socket, status: string, headers: Readonly<Record<string, string>>, body: string, length: number = Buffer.byteLength(body)): void {
  const all = { ...headers, 'content-length': String(length), connection: 'close' }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n${body}`)
}
