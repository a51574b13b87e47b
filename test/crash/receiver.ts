import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { object, sign } from './client.ts'
import type { Findings } from './findings.ts'
import type { Ledger, Status } from './ledger.ts'
import type { Random } from './random.ts'

/** `moody` turns some notifications down, `down` all, `calm` none. */
export type Mood = 'calm' | 'moody' | 'down'

/** The merchant's endpoint: checks every notification and remembers which it has acknowledged. */
export class Receiver {
  mood: Mood = 'calm'
  readonly #server: Server
  readonly #acknowledged = new Map<string, number>()
  readonly #bodies = new Map<string, string>()
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #random: Random

  constructor(ledger: Ledger, findings: Findings, random: Random) {
    this.#ledger = ledger
    this.#findings = findings
    this.#random = random
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      // A sandbox that dies in the middle of a notification has not sent it.
      request.on('error', () => undefined)
      request.on('end', () => {
        this.#take(request, Buffer.concat(chunks).toString('utf8'), response)
      })
    })
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** How often the merchant has said yes to such a notification. */
  acknowledged(billCode: string, status: Status): number {
    return this.#acknowledged.get(`${billCode} ${status}`) ?? 0
  }

  #take(request: IncomingMessage, body: string, response: ServerResponse): void {
    const key = this.#check(request, body)
    if (this.mood === 'down' || (this.mood === 'moody' && this.#random.chance(0.15))) {
      this.#findings.count('turnedDown')
      if (this.#random.chance(0.3)) request.socket.destroy()
      else response.writeHead(500).end()
      return
    }
    response.writeHead(200).end()
    const before = this.#acknowledged.get(key) ?? 0
    this.#findings.count(before === 0 ? 'sent' : 'duplicates')
    this.#acknowledged.set(key, before + 1)
  }

  #check({ headers, url }: IncomingMessage, body: string): string {
    const wrong = (what: string): void => {
      this.#findings.violation(`A notification ${what} (round ${this.#ledger.round}): ${body}.`)
    }
    if (headers['sign'] !== sign(body) || headers['appkey'] !== 'demo-app-key') wrong(`has the wrong signature ${String(headers['sign'])}`)
    if (url !== '/payNotification') wrong(`came to ${String(url)}`)
    const { tradeUuid, billCode, status } = object(body) as { tradeUuid: string; billCode: string; status: Status }
    const key = `${billCode} ${status}`
    if ((this.#bodies.get(key) ?? body) !== body) wrong(`differs from the one before, ${String(this.#bodies.get(key))}`)
    this.#bodies.set(key, body)
    const entry = this.#ledger.entries.get(tradeUuid)
    if (entry === undefined) wrong('tells of a bill that nobody applied for')
    // What the merchant was told has to stay, whether the request for it was answered or not.
    else this.#ledger.see(entry, { billCode, status }, 'a notification')
    return key
  }
}
