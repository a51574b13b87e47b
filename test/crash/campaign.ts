import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from './client.ts'
import { inspect } from './data-file.ts'
import type { Findings } from './findings.ts'
import { Ledger, type Entry } from './ledger.ts'
import { Load } from './load.ts'
import { hasSetting } from './package-root.ts'
import type { Random } from './random.ts'
import { Receiver } from './receiver.ts'
import { Sandbox, type Ended, type Launch } from './sandbox.ts'
import { verify } from './verify.ts'

export interface Plan {
  findings: Findings
  directory: string
  durability: 'os' | 'fsync'
  random: Random
  /** Unique, so that no two runs use a tradeUuid twice. */
  name: string
}

/** INTERFACE: SIGTERM ends it within 5 s. A busy machine gets some more. */
const STOPPED_WITHIN = 8000
const STARTED_WITHIN = 30_000
const QUICK = Array.from({ length: 20 }, () => '100ms').join()
/** Beyond the longest wait of the usual retry schedule. */
const BEYOND_RETRIES = '7h'

/** One data file, and everything that is done to it. */
export class Campaign {
  readonly findings: Findings
  readonly ledger: Ledger
  readonly receiver: Receiver
  /** Of this round alone: what one round draws changes nothing in the next. */
  random: Random
  readonly directory: string
  readonly file: string
  readonly power: boolean
  readonly #plan: Plan
  #notifyUrl = ''
  #last: Sandbox | undefined

  constructor(plan: Plan) {
    this.#plan = plan
    this.findings = plan.findings
    this.ledger = new Ledger(plan.findings)
    this.random = plan.random
    this.receiver = new Receiver(this.ledger, this.findings, plan.random.named('receiver'))
    this.directory = join(plan.directory, 'data')
    this.file = join(this.directory, 'qlink.json')
    // A promise that the death of the machine is survived is made for fsync alone.
    this.power = plan.durability === 'fsync'
    mkdirSync(this.directory, { recursive: true })
  }

  async open(): Promise<void> {
    this.#notifyUrl = await this.receiver.listen()
  }

  async close(): Promise<void> {
    await this.#last?.kill()
    await this.receiver.close()
  }

  beginRound(): void {
    this.random = this.#plan.random.named(`round ${this.ledger.round}`)
  }

  launch(injected?: Launch['injected'], settings: Record<string, string> = {}): Sandbox {
    // What a violation is found in stays as it was before the start that found it.
    const copy = join(this.#plan.directory, 'before-the-last-start')
    rmSync(copy, { recursive: true, force: true })
    cpSync(this.directory, copy, { recursive: true })
    this.ledger.occasion = 'restarted'
    const patient = this.receiver.mood === 'down' || this.random.chance(0.3)
    return this.#last = new Sandbox({
      settings: {
        port: '0', data: this.file, logLevel: 'error', notifyUrl: this.#notifyUrl,
        ...(patient ? {} : { notifySchedule: QUICK }),
        ...(hasSetting('durability') && { durability: this.#plan.durability }),
        ...settings,
      },
      ...(injected !== undefined && { injected }),
    })
  }

  /** Starts a sandbox and compares it with the ledger. */
  async start(injected?: Launch['injected'], settings?: Record<string, string>, whole?: (entry: Entry) => boolean): Promise<{ sandbox: Sandbox; url: string }> {
    const sandbox = this.launch(injected, settings)
    const url = await within(STARTED_WITHIN, sandbox.ready, 'a start', () => `${sandbox.stderr}; beside the file: ${readdirSync(this.directory).join(', ')}`)
    if (url === undefined) throw new Error(`it did not start: ${sandbox.stderr}`)
    this.findings.count('starts')
    const { round } = this.ledger
    const random = this.random.named('verify')
    await verify({
      url,
      ledger: this.ledger,
      findings: this.findings,
      whole: whole ?? (({ touched }) => touched >= round - 1 || random.chance(0.02)),
      again: () => random.chance(0.5),
    })
    return { sandbox, url }
  }

  load(url: string, { mayRefuse = false, weight = 0 } = {}): Load {
    return new Load(url, this.#plan.name, { ledger: this.ledger, findings: this.findings, random: this.random.named('load'), mayRefuse, weight })
  }

  /** Waits for an end that has to come, and says what it was. */
  async died(sandbox: Sandbox): Promise<Ended> {
    const ended = await within(STARTED_WITHIN, sandbox.ended, 'an end')
    this.findings.count('torn', sandbox.reported('torn'))
    this.findings.count('deaths', sandbox.reported('died'))
    this.findings.count('powerLosses', sandbox.reported('power'))
    this.findings.count('faults', sandbox.faults)
    return ended
  }

  /** Stops it in good order, unless it is killed on the way. */
  async stop(sandbox: Sandbox): Promise<void> {
    const before = performance.now()
    const { code, signal } = await within(STARTED_WITHIN, sandbox.stop(), 'a stop')
    if (sandbox.killed && signal !== null) return
    const took = Math.round(performance.now() - before)
    if (code !== 0) this.findings.violation(`SIGTERM ended it with ${code ?? signal ?? 'nothing'} instead of 0: ${sandbox.stderr}`)
    else this.findings.count('cleanStops')
    if (took > STOPPED_WITHIN) this.findings.violation(`It took ${took} ms to stop.`)
  }

  /** In the end all is calm: what is owed is sent, and the file is whole and alone. */
  async finish(): Promise<void> {
    this.receiver.mood = 'calm'
    const { sandbox, url } = await this.start(undefined, { clock: 'manual' }, () => true)
    const client = new Client(url, 1)
    const advanced = await client.post('/_sandbox/clock/advance', { by: BEYOND_RETRIES })
    if (advanced?.status !== 200) this.findings.violation(`The clock could not be advanced: ${advanced?.text ?? 'no answer'}.`)
    await client.close()
    for (const entry of this.ledger.entries.values()) {
      if (entry.presence !== 'there' || entry.status === 'PAY_WAIT') continue
      this.findings.count('owed')
      if (this.receiver.acknowledged(entry.billCode ?? '', entry.status) === 0) this.ledger.blame(entry, `never had its notification of ${entry.status} delivered`)
    }
    await this.stop(sandbox)
    await inspect(this.file, this.ledger, this.findings)
  }
}

async function within<T>(ms: number, promise: Promise<T>, what: string, more = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Error(`${what} did not come within ${ms} ms ${more()}`)) }, ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
