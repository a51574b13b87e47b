/** How a notification that is not acknowledged is tried again. */
export interface RetryPolicy {
  /** The waits between attempts, as durations, each counted from the attempt before. None: there is one attempt. */
  readonly waits: readonly string[]
  /** Answers with one of these statuses end it for good. */
  readonly stopStatuses?: readonly number[]
  /** Answers that carry this header with one of these values end it for good. */
  readonly stopHeader?: { readonly name: string; readonly values: readonly string[] }
  /** Answers with one of these statuses are tried again so many times, however many waits there are. */
  readonly limits?: readonly { readonly statuses: readonly number[]; readonly retries: number }[]
  /** With one of these statuses, an answer's `Retry-After` postpones the next attempt. */
  readonly retryAfterStatuses?: readonly number[]
}

/** A policy with a name, and where it is from. */
export interface RetryPreset extends RetryPolicy {
  readonly name: string
  /** One line. */
  readonly description: string
  /** The public document that says so. */
  readonly source: string
}

const times = (count: number, wait: string): string[] => Array.from({ length: count }, () => wait)

/** The schedule of the contract (CONTRACT §8): it knows no answer that ends it, and no `Retry-After`. */
export const QLINK: RetryPreset = {
  name: 'qlink',
  description: 'What this sandbox takes for QLink, whose document does not say how often it tries',
  waits: ['15s', '30s', '3m', '10m', '20m', '30m', '1h', '2h', '3h', '6h'],
  source: 'README.md, "Where the document is silent"',
}

/**
 * The retry schedules that can be named. A preset does what its source says and nothing else, so most take no notice
 * of 410 or `Retry-After`. Jitter, where a source has it, is left out: attempts come to the second. Where a source
 * switches the whole endpoint off, only the notification at hand ends here.
 */
export const PRESETS: readonly RetryPreset[] = [
  QLINK,
  {
    // The specification's example schedule. Of 410 it says that the sender should stop; of 429, 502 and 504, that
    // requests should be throttled; of Retry-After, with 503 for its example, that it should be taken into account.
    name: 'standard-webhooks',
    description: 'The example schedule of the Standard Webhooks specification, three days long',
    waits: ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h'],
    stopStatuses: [410],
    retryAfterStatuses: [429, 502, 503, 504],
    source: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability',
  },
  {
    // Each wait begins with the failure of the attempt before. Neither 410 nor Retry-After is in Svix's documents: what
    // ends it is a header (https://docs.svix.com/receiving/delivery-control). Its open-source server waits for at least
    // a minute after a 429 or a timeout, which the documents do not promise and this preset does not do.
    name: 'svix',
    description: 'The schedule of Svix, and of the many services that send through it',
    waits: ['5s', '5m', '30m', '2h', '5h', '10h', '10h'],
    stopHeader: { name: 'webhook-delivery', values: ['abort-message', 'disable'] },
    source: 'https://docs.svix.com/retries',
  },
  {
    // "Sent at 9 seconds, 18 seconds, and again at 27 seconds", then from the retry queue "for up to 30 days" after 2,
    // 5, 10, 15 and 30 minutes, 1, 2, 4 and 8 hours. What follows the 8 hours is not said; an earlier edition went on
    // every 8 hours, and so does this until the 30 days are over. That a queue sends its oldest first is left out.
    name: 'adyen',
    description: 'Three quick retries, then the retry queue of Adyen for thirty days',
    waits: [...times(3, '9s'), '2m', '5m', '10m', '15m', '30m', '1h', '2h', '4h', ...times(88, '8h')],
    source: 'https://docs.adyen.com/development-resources/webhooks/troubleshoot',
  },
  {
    // At most five retries, fewer by status. 307 and 308 are followed there; redirects are not followed here (CONTRACT
    // §8), so they are among "all other failures". An answer is counted with those of its own line.
    name: 'midtrans',
    description: 'At most five retries, and fewer for the statuses that Midtrans treats on their own',
    waits: ['2m', '10m', '30m', '90m', '210m'],
    stopStatuses: [301, 302, 303],
    limits: [{ statuses: [500], retries: 1 }, { statuses: [503], retries: 4 }, { statuses: [400, 404], retries: 2 }],
    source: 'https://docs.midtrans.com/docs/https-notification-webhooks',
  },
  {
    // 通知频率为15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h - 总计 24h4m: the sum shows that these are waits.
    name: 'wechatpay',
    description: 'The payment notifications of WeChat Pay, over 24 hours and 4 minutes',
    waits: ['15s', '15s', '30s', '3m', '10m', '20m', '30m', '30m', '30m', '60m', '3h', '3h', '3h', '6h', '6h'],
    source: 'https://pay.weixin.qq.com/docs/merchant/apis/jsapi-payment/payment-notice.html',
  },
  {
    // 25 小时以内完成 8 次通知（通知的间隔频率一般是：4m,10m,10m,1h,2h,6h,15h）: eight attempts, seven waits between them.
    name: 'alipay',
    description: 'The asynchronous notifications of Alipay, eight within 25 hours',
    waits: ['4m', '10m', '10m', '1h', '2h', '6h', '15h'],
    source: 'https://opendocs.alipay.com/open/270/105902',
  },
  {
    name: 'once',
    description: 'One attempt, and no more',
    waits: [],
    source: 'nobody\'s: for tests of what is never told again',
  },
]
