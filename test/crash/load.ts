import { Client, isRefusal, object, type Answer, type Json } from './client.ts'
import type { Findings } from './findings.ts'
import type { Entry, Ledger, Status, Target } from './ledger.ts'
import type { Random } from './random.ts'

const CONNECTIONS = 8
/** How often a refused request is made again: what was refused may be asked for again, with the same tradeUuid. */
const RETRIES = 2

interface Parts {
  ledger: Ledger
  findings: Findings
  random: Random
  /** Whether there is a reason to refuse changes: files that fail, or an end in good order. */
  mayRefuse: boolean
  /** How many characters the largest bill has: with large ones a journal has soon grown. */
  weight: number
}

/** Several merchants' worth of requests at full speed, until the sandbox is gone or the load is told to stop. */
export class Load {
  /** Ends when no request is under way any more. */
  readonly over: Promise<unknown>
  readonly #client: Client
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #random: Random
  readonly #run: string
  readonly #mayRefuse: boolean
  readonly #weight: number
  readonly #all: Entry[]
  /** Bills of earlier rounds that nobody else is busy with. */
  readonly #waiting: Entry[]
  #answers = 0
  #stopped = false
  #alarms: { at: number; ring: () => void }[] = []

  constructor(url: string, run: string, { ledger, findings, random, mayRefuse, weight }: Parts) {
    this.#client = new Client(url, CONNECTIONS)
    this.#ledger = ledger
    this.#findings = findings
    this.#random = random
    this.#run = run
    this.#mayRefuse = mayRefuse
    this.#weight = weight
    this.#all = [...ledger.entries.values()]
    this.#waiting = this.#all.filter(({ presence, status, open }) => presence === 'there' && status === 'PAY_WAIT' && open.size === 0)
    this.over = Promise.all(Array.from({ length: CONNECTIONS }, () => this.#work())).finally(() => this.#client.close())
  }

  stop(): Promise<unknown> {
    this.#stopped = true
    return this.over
  }

  /** Ends after so many more answers, or when the load is over. */
  async answers(count: number): Promise<void> {
    const rung = new Promise<void>((ring) => {
      this.#alarms.push({ at: this.#answers + count, ring })
    })
    await Promise.race([rung, this.over])
  }

  async #work(): Promise<void> {
    try {
      while (!this.#stopped) await this.#turn()
    } catch (error) {
      if (!(error instanceof Gone)) throw error
    }
  }

  async #turn(): Promise<void> {
    const chance = this.#random.next()
    if (chance < 0.1) return this.#query()
    if (chance < 0.2) {
      const old = this.#waiting.splice(this.#random.between(0, this.#waiting.length), 1)[0]
      if (old !== undefined) return this.#settle(old)
    }
    if (chance < 0.202) return this.#merchant()
    const entry = this.#application()
    if (await this.#apply(entry)) await this.#settle(entry)
  }

  #application(): Entry {
    const number = this.#ledger.entries.size
    const tradeUuid = `${this.#run}-${number}`
    const orderCode = `O-${tradeUuid}`
    const amount = `${this.#random.between(1, 9_999_999)}.${String(this.#random.between(0, 99)).padStart(2, '0')}`
    // Lengths differ, so that what a death cuts off is cut off anywhere.
    const description = '描述 "crash" \\ '.repeat(this.#random.between(0, 20))
    const metadata = 'm'.repeat(this.#random.between(0, this.#weight))
    const text = `{"payAccount":"account1","payTypeCode":"ONLINE","payChannelCode":"QRIS","tradeUuid":"${tradeUuid}","tradeTime":"2025-08-04 13:45:21",`
      + `"orderCode":"${orderCode}","country":"ID","currency":"IDR","amount":${amount},"description":${JSON.stringify(description)},"metadata":"${metadata}"}`
    const entry = this.#ledger.add({ tradeUuid, orderCode, amount, text })
    this.#all.push(entry)
    return entry
  }

  async #apply(entry: Entry, attempt = 0): Promise<boolean> {
    const answer = await this.#answer(this.#client.qlink('apply', entry.text))
    const body = object(answer.text)
    if (body['success'] === true) {
      this.#ledger.applied(entry, body as { billCode: string; paymentRequestId: string; actionValue: string })
      return true
    }
    if (!isRefusal(answer)) {
      this.#unexpected(entry, 'its /apply', answer)
      return false
    }
    this.#refused(answer)
    this.#ledger.applyRefused(entry)
    await this.#look([entry])
    if (attempt === RETRIES || this.#random.chance(0.3)) return false
    entry.presence = 'unanswered'
    return this.#apply(entry, attempt + 1)
  }

  /** Pays, cancels, does both at once, or leaves the bill for later. */
  async #settle(entry: Entry): Promise<void> {
    const chance = this.#random.next()
    if (chance < 0.35) await this.#move(entry, 'PAY_SUCCESS')
    else if (chance < 0.55) await this.#move(entry, 'PAY_CANCEL')
    else if (chance < 0.65) await Promise.all([this.#move(entry, 'PAY_SUCCESS'), this.#move(entry, 'PAY_CANCEL')])
  }

  async #move(entry: Entry, target: Target, attempt = 0): Promise<void> {
    this.#ledger.asked(entry, target)
    const answer = await this.#answer(target === 'PAY_SUCCESS'
      ? this.#client.post(`/_sandbox/bills/${String(entry.billCode)}/pay`)
      : this.#client.qlink('cancel', JSON.stringify({ billCode: entry.billCode })))
    const body = object(answer.text)
    if (isRefusal(answer)) {
      this.#refused(answer)
      this.#ledger.moveRefused(entry, target)
      await this.#look([entry])
      if (attempt < RETRIES && this.#random.chance(0.7)) await this.#move(entry, target, attempt + 1)
    } else if (target === 'PAY_SUCCESS' ? answer.status === 200 : body['success'] === true && body['status'] === 'SUCCESS') {
      this.#ledger.moved(entry, target)
    } else if (target === 'PAY_SUCCESS' && answer.status === 409) {
      this.#ledger.moveForbidden(entry, target, body['billStatus'] as Status)
    } else if (body['success'] === true && body['errorCode'] === 'BILL_ALREADY_PAID') {
      this.#ledger.moveForbidden(entry, target, 'PAY_SUCCESS')
    } else this.#unexpected(entry, `a request for ${target}`, answer)
  }

  async #merchant(): Promise<void> {
    const name = `Merchant ${this.#run} ${this.#answers}`
    const answer = await this.#answer(this.#client.post('/_sandbox/merchants', { name }))
    if (answer.status === 201) this.#ledger.merchants.set(String(object(answer.text)['appKey']), name)
    else if (isRefusal(answer)) this.#refused(answer)
    else this.#findings.violation(`A merchant was not made: ${answer.status} ${answer.text}.`)
  }

  /** Whatever is shown has to stay, also where the request for it has had no answer yet. */
  #query(): Promise<void> {
    const some = Array.from({ length: 20 }, () => this.#all[this.#all.length - 1 - Math.floor(this.#random.next() ** 3 * this.#all.length)])
    return this.#look([...new Set(some.filter((entry) => entry !== undefined))])
  }

  async #look(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    // An answer may be older than what is acknowledged while it is under way.
    const before = new Map(entries.map((entry) => [entry, { ...entry }]))
    const answer = await this.#answer(this.#client.qlink('getPayStatus', JSON.stringify({ tradeUuidList: entries.map(({ tradeUuid }) => tradeUuid) })))
    const found: unknown = JSON.parse(answer.text)
    if (!Array.isArray(found)) {
      if (isRefusal(answer)) this.#findings.count('refusedReads')
      else this.#findings.violation(`A query was answered ${answer.status} ${answer.text}.`)
      return
    }
    for (const [entry, { presence, status }] of before) {
      const seen = (found as Json[]).find(({ tradeUuid }) => tradeUuid === entry.tradeUuid) as { billCode: string; status: Status } | undefined
      if (seen === undefined) {
        if (presence === 'there') this.#ledger.see(entry, undefined, 'getPayStatus')
      } else this.#ledger.see(entry, seen.status === status ? { ...seen, status: entry.status } : seen, 'getPayStatus')
    }
  }

  #refused({ status, text }: Answer): void {
    this.#findings.count('refused')
    if (!this.#mayRefuse) this.#findings.violation(`A change was refused without a reason (round ${this.#ledger.round}): ${status} ${text}.`)
  }

  #unexpected(entry: Entry, what: string, { status, reason, text }: Answer): void {
    this.#ledger.blame(entry, `had ${what} answered ${status} ${reason ?? ''} ${text}`)
  }

  async #answer(request: Promise<Answer | undefined>): Promise<Answer> {
    const answer = await request
    if (answer === undefined) throw new Gone()
    this.#answers += 1
    this.#findings.count('answers')
    const due = this.#alarms.filter(({ at }) => at <= this.#answers)
    if (due.length > 0) {
      this.#alarms = this.#alarms.filter(({ at }) => at > this.#answers)
      for (const { ring } of due) ring()
    }
    return answer
  }
}

/** The connection ended without an answer: this worker is done. */
class Gone extends Error {}
