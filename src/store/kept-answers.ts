import type { Attempt, Bill, Notification } from '../bill/bill.ts'

/** How much of what merchants answered is kept, over all bills. */
export interface AnswerLimits {
  /** So many answers. */
  count: number
  /** So many characters of their bodies and headers, which is about as many bytes. */
  size: number
}

/** Where an answer is. */
interface Kept {
  billCode: string
  notification: number
  attempt: number
  size: number
}

/**
 * Keeps what merchants answered within bounds: of the oldest, the body and the headers are let go, and the status, the
 * time and the rest of the attempt stay. Bills are then the only thing that grows.
 */
export class KeptAnswers {
  readonly #limits: AnswerLimits
  readonly #find: (billCode: string) => { bill: Bill } | undefined
  #kept: (Kept | undefined)[] = []
  /** Where the oldest is; what is before it has been let go. */
  #first = 0
  #size = 0

  constructor(limits: AnswerLimits, find: (billCode: string) => { bill: Bill } | undefined) {
    this.#limits = limits
    this.#find = find
  }

  /** Takes note of the answers that a bill's new version has, and lets go of the oldest ones past the limits. */
  keep({ billCode, notifications }: Bill, before: readonly Notification[]): void {
    for (const [notification, { attempts }] of notifications.entries()) {
      for (let attempt = before[notification]?.attempts.length ?? 0; attempt < attempts.length; attempt++) {
        const size = sizeOf(attempts[attempt]?.answer)
        if (size === 0) continue
        this.#kept.push({ billCode, notification, attempt, size })
        this.#size += size
      }
    }
    while (this.#kept.length - this.#first > this.#limits.count || this.#size > this.#limits.size) this.#letGo()
    // Moved down once in a while, so that it costs next to nothing for each.
    if (this.#first > 1000 && this.#first * 2 > this.#kept.length) {
      this.#kept.splice(0, this.#first)
      this.#first = 0
    }
  }

  /**
   * Bills were taken off: their answers take no room any more, and a bill that is made with the billCode of one of them
   * is another. What is returned takes that back.
   */
  forget(billCodes: ReadonlySet<string>): () => void {
    const before = { kept: this.#kept, first: this.#first, size: this.#size }
    this.#kept = this.#kept.filter((one) => one !== undefined && !billCodes.has(one.billCode))
    this.#first = 0
    this.#size = this.#kept.reduce((sum, one) => sum + (one?.size ?? 0), 0)
    return () => {
      this.#kept = before.kept
      this.#first = before.first
      this.#size = before.size
    }
  }

  #letGo(): void {
    const oldest = this.#kept[this.#first]
    this.#kept[this.#first++] = undefined
    if (oldest === undefined) return
    this.#size -= oldest.size
    const entry = this.#find(oldest.billCode)
    const notification = entry?.bill.notifications[oldest.notification]
    const attempt = notification?.attempts[oldest.attempt]
    // It may be gone: taken off with its merchant, or never have become durable.
    if (entry === undefined || notification === undefined || attempt?.answer === undefined) return
    const shorter: Attempt = { ...attempt, answer: { status: attempt.answer.status, headers: {}, body: '', letGo: true } }
    const attempts = notification.attempts.with(oldest.attempt, shorter)
    entry.bill = { ...entry.bill, notifications: entry.bill.notifications.with(oldest.notification, { ...notification, attempts }) }
  }
}

function sizeOf(answer: Attempt['answer']): number {
  if (answer === undefined || answer.letGo === true) return 0
  return answer.body.length + Object.entries(answer.headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
}
