// Each scenario of the README's table is run against a real receiver on the manual clock, and does what it claims.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseScenario } from '../src/scenario/parse.ts'
import { application, body, endpoint, list, open, parsed, payload, sign, string, type Answer, type Gate, type Keys, type Told } from './helpers/blackbox.ts'

/** What is done or looked at, when (counted from the first application), and what is seen. */
type Look = [at: string, what: 'apply' | 'cancel' | 'query' | 'state', seen: string]

interface Claim {
  looks: Look[]
  /** Every POST that was sent: when, and what it says; in the order of sending. */
  told: string[]
  /** What the signatures are, where they are not all right. */
  signed?: string[]
  /** What the bodies look like. */
  form?: RegExp
}

const OK: Look = ['0s', 'apply', 'ok']
const paid3s: Look[] = [['2s', 'state', 'PAY_WAIT'], ['3s', 'state', 'PAY_SUCCESS']]
const told3s = ['3s PAY_SUCCESS']
const DUPLICATE = 'TRADE_UUID_TAKEN'
/** The answer is lost, the bill is there: a second application is refused, and the query knows it. */
const lost = (seen: string): Claim => ({ looks: [['0s', 'apply', seen], ['0s', 'query', 'PAY_WAIT'], ['0s', 'apply', DUPLICATE], ...paid3s], told: told3s })

const claims: Record<string, Claim> = {
  'wait-for-customer': { looks: [OK, ['47h', 'state', 'PAY_WAIT'], ['48h', 'state', 'PAY_FAIL PAYMENT_REQUEST_EXPIRED']], told: ['172800s PAY_FAIL'] },
  'pay-after-3s': { looks: [OK, ...paid3s], told: told3s },
  'fail-after-3s': { looks: [OK, ['2s', 'state', 'PAY_WAIT'], ['3s', 'state', 'PAY_FAIL USER_DECLINED_PAYMENT']], told: ['3s PAY_FAIL'] },
  'decline-insufficient-balance': { looks: [['0s', 'apply', 'declined INSUFFICIENT_BALANCE'], ['0s', 'state', 'PAY_FAIL INSUFFICIENT_BALANCE']], told: ['0s PAY_FAIL'] },
  'decline-suspected-fraud': { looks: [['0s', 'apply', 'declined SUSPECTED_FRAUDULENT'], ['0s', 'state', 'PAY_FAIL SUSPECTED_FRAUDULENT']], told: ['0s PAY_FAIL'] },
  'cancelled-by-provider': { looks: [OK, ['4s', 'state', 'PAY_WAIT'], ['5s', 'state', 'PAY_CANCEL']], told: ['5s PAY_CANCEL'] },
  'expire-quickly': { looks: [OK, ['4s', 'state', 'PAY_WAIT'], ['5s', 'state', 'PAY_FAIL PAYMENT_REQUEST_EXPIRED']], told: ['5s PAY_FAIL'] },
  'pay-then-late-success': {
    looks: [OK, ['3s', 'state', 'PAY_FAIL PARTNER_TIMEOUT_ERROR'], ['12s', 'state', 'PAY_FAIL PARTNER_TIMEOUT_ERROR'], ['13s', 'state', 'PAY_SUCCESS']],
    told: ['3s PAY_FAIL', '13s PAY_SUCCESS'],
  },
  'paid-after-expiry': { looks: [OK, ['5s', 'state', 'PAY_FAIL PAYMENT_REQUEST_EXPIRED'], ['65s', 'state', 'PAY_SUCCESS']], told: ['5s PAY_FAIL', '65s PAY_SUCCESS'] },
  'underpaid': { looks: [OK, ['3s', 'query', 'PAY_SUCCESS 77108']], told: told3s },
  'overpaid': { looks: [OK, ['3s', 'query', 'PAY_SUCCESS 77111']], told: told3s },

  'apply-answer-lost': lost('read ECONNRESET'),
  'apply-hangs': lost('no answer'),
  'apply-gateway-timeout': lost('HTTP 504'),
  'apply-answer-truncated': lost('aborted'),
  'apply-answer-is-a-page': lost('no JSON'),
  'apply-fails-once': { looks: [['0s', 'apply', 'HTTP 500'], ['0s', 'query', 'nothing'], OK, ...paid3s], told: told3s },
  'gateway-down': { looks: [['0s', 'apply', 'HTTP 503'], ['0s', 'apply', 'HTTP 503'], ['0s', 'apply', 'HTTP 503'], ['0s', 'query', 'nothing'], OK, ...paid3s], told: told3s },
  'apply-refused-once': { looks: [['0s', 'apply', 'REFUSED_BY_SCENARIO'], ['0s', 'query', 'nothing'], OK, ...paid3s], told: told3s },
  'apply-slow': { looks: [OK, ...paid3s], told: told3s },

  'query-lags': { looks: [OK, ['0s', 'query', 'nothing'], ['10s', 'state', 'PAY_SUCCESS'], ['14s', 'query', 'PAY_WAIT'], ['15s', 'query', 'PAY_SUCCESS']], told: ['10s PAY_SUCCESS'] },
  'query-gateway-down': { looks: [OK, ['0s', 'query', 'HTTP 502'], ['0s', 'query', 'HTTP 502'], ['0s', 'query', 'PAY_WAIT'], ...paid3s], told: told3s },
  'paid-at-third-query': { looks: [OK, ['1h', 'query', 'PAY_WAIT'], ['1h', 'query', 'PAY_WAIT'], ['1h', 'query', 'PAY_SUCCESS']], told: ['3600s PAY_SUCCESS'] },

  'paid-after-cancel': {
    looks: [OK, ['1h', 'state', 'PAY_WAIT'], ['1h', 'cancel', 'WAIT'], ['1h', 'cancel', 'WAIT'], ['3601s', 'state', 'PAY_WAIT'], ['3602s', 'state', 'PAY_SUCCESS'], ['3602s', 'cancel', 'FAIL BILL_ALREADY_PAID']],
    told: ['3602s PAY_SUCCESS'],
  },
  'cancel-waits': { looks: [OK, ['1s', 'cancel', 'WAIT'], ['2s', 'state', 'PAY_WAIT'], ['3s', 'state', 'PAY_CANCEL'], ['3s', 'cancel', 'SUCCESS']], told: ['3s PAY_CANCEL'] },
  'cancel-refused': { looks: [OK, ['1s', 'cancel', 'FAIL CHANNEL_UNAVAILABLE'], ['59s', 'state', 'PAY_WAIT'], ['60s', 'state', 'PAY_SUCCESS']], told: ['60s PAY_SUCCESS'] },
  'cancel-answer-lost': { looks: [OK, ['1s', 'cancel', 'read ECONNRESET'], ['1s', 'state', 'PAY_CANCEL'], ['2s', 'cancel', 'SUCCESS']], told: ['1s PAY_CANCEL'] },
  'late-success-after-cancel': { looks: [OK, ['1s', 'cancel', 'SUCCESS'], ['5s', 'state', 'PAY_CANCEL'], ['6s', 'state', 'PAY_SUCCESS']], told: ['1s PAY_CANCEL', '6s PAY_SUCCESS'] },

  'never-notified': { looks: [OK, ['3s', 'query', 'PAY_SUCCESS'], ['40h', 'state', 'PAY_SUCCESS']], told: [] },
  'notified-late': { looks: [OK, ['3s', 'query', 'PAY_SUCCESS'], ['7h', 'state', 'PAY_SUCCESS']], told: ['21603s PAY_SUCCESS'] },
  // The first retry comes 15 s after the first attempt, the second 30 s after that.
  'notified-at-third-attempt': { looks: [OK, ['60s', 'state', 'PAY_SUCCESS']], told: ['48s PAY_SUCCESS'] },
  'notified-twice': { looks: [OK, ['3s', 'state', 'PAY_SUCCESS'], ['13s', 'state', 'PAY_SUCCESS']], told: ['3s PAY_SUCCESS', '13s PAY_SUCCESS'] },
  'notified-three-times-at-once': { looks: [OK, ['3s', 'state', 'PAY_SUCCESS']], told: ['3s PAY_SUCCESS', '3s PAY_SUCCESS', '3s PAY_SUCCESS'] },
  'notified-before-answer': { looks: [['0s', 'apply', 'told first'], ['0s', 'state', 'PAY_SUCCESS']], told: ['0s PAY_SUCCESS'] },
  'notified-in-wrong-order': { looks: [OK, ['3s', 'state', 'PAY_FAIL TIMEOUT_ERROR'], ['13s', 'state', 'PAY_SUCCESS']], told: ['13s PAY_SUCCESS', '13s PAY_FAIL'] },
  'stale-replay': { looks: [OK, ['13s', 'state', 'PAY_SUCCESS'], ['2h', 'state', 'PAY_SUCCESS']], told: ['3s PAY_FAIL', '13s PAY_SUCCESS', '3603s PAY_FAIL'] },
  'forged-success': { looks: [OK, ['5m', 'state', 'PAY_WAIT']], told: ['3s PAY_SUCCESS'], signed: ['wrong'] },
  'unsigned-success': { looks: [OK, ['5m', 'state', 'PAY_WAIT']], told: ['3s PAY_SUCCESS'], signed: ['missing'] },
  'tampered-failure': { looks: [OK, ['3s', 'state', 'PAY_FAIL USER_DECLINED_PAYMENT']], told: ['3s PAY_SUCCESS'], signed: ['wrong'] },
  'notified-pretty-printed': { looks: [OK, ...paid3s], told: told3s, form: /^\{\n {2}"tradeUuid": "/ },
  'notified-reordered': { looks: [OK, ...paid3s], told: told3s, form: /^\{"errorCode":"","payTime":.*"tradeUuid":"[^"]*"\}$/ },
  'notified-with-extra-fields': { looks: [OK, ...paid3s], told: told3s, form: /"extension":\{/ },
  'notified-slowly': { looks: [OK, ...paid3s], told: told3s },

  'worst-day': {
    looks: [
      ['0s', 'apply', 'read ECONNRESET'], ['0s', 'query', 'HTTP 503'], ['0s', 'query', 'HTTP 503'], ['0s', 'query', 'PAY_WAIT'],
      ['3s', 'state', 'PAY_FAIL PARTNER_TIMEOUT_ERROR'], ['63s', 'state', 'PAY_SUCCESS'], ['1h', 'state', 'PAY_SUCCESS'],
    ],
    told: ['1s PAY_SUCCESS', '663s PAY_SUCCESS', '663s PAY_FAIL', '668s PAY_SUCCESS', '668s PAY_FAIL'],
    signed: ['wrong', 'valid', 'valid', 'valid', 'valid'],
  },
}

/** The README's table: each scenario, and the price that is enough to get it. */
const table = [...readFileSync(new URL('../README.md', import.meta.url), 'utf8').matchAll(/^\| \[`([a-z0-9-]+)`\]\(scenarios\/\1\.yaml\) \| (\d*) \|/gm)]
  .map(([, name = '', amount = '']) => ({ name, amount }))

const files = readdirSync(new URL('../scenarios', import.meta.url)).map((file) => file.replace('.yaml', '')).sort()
t.ok(files.length >= 25)
t.strictSame(table.map(({ name }) => name).sort(), files, 'the table has every file, and no other')
t.strictSame(Object.keys(claims).sort(), files, 'every file is run here')

const seconds = (at: string): number => Number(at.slice(0, -1)) * ({ s: 1, m: 60, h: 3600 }[at.slice(-1)] ?? Number.NaN)

/** What a client sees, in a word or two. */
const seen = async (asking: Promise<Answer>): Promise<string> => {
  let answer: Answer
  try {
    answer = await asking
  } catch (error) {
    return (error as Error).message
  }
  if (answer.status !== 200) return `HTTP ${answer.status}`
  if (!answer.text.startsWith('{') && !answer.text.startsWith('[')) return 'no JSON'
  const value = parsed(answer)
  if (Array.isArray(value)) {
    const [bill] = list(value)
    // Amounts are worth a word only where they are not the one asked for.
    const amount = [77108, 77111].find((other) => other === bill?.['amount'])
    return bill === undefined ? 'nothing' : [string(bill['status']), ...(amount === undefined ? [] : [amount])].join(' ')
  }
  const { success, status, errorCode } = body(answer)
  if (success === false) return String(answer.headers['x-qlink-sandbox-error'])
  if (typeof status === 'string') return `${status} ${String(errorCode)}`.trim()
  return errorCode === '' ? 'ok' : `declined ${String(errorCode)}`
}

const signatureOf = (keys: Keys, { headers, body: bytes }: Told): string =>
  headers['sign'] === undefined ? 'missing' : headers['sign'] === sign(keys, bytes.toString('utf8')) ? 'valid' : 'wrong'

/** Gives up when the bill is there, as a client does whose time-out is over. */
const giveUpOn = async (gate: Gate, asking: Promise<Answer>, id: string): Promise<string> => {
  while ((await gate.control('GET', `/bills/${id}`)).status === 404) await new Promise((resolve) => setImmediate(resolve))
  return Promise.race([seen(asking), gate.health().then(() => 'no answer')])
}

const gate = await open(t, { seed: undefined })
for (const { name, amount } of table) {
  const { looks, told, signed, form } = claims[name] ?? { looks: [], told: [] }
  await t.test(name, async (t) => {
    const shop = await endpoint(t)
    const keys = await gate.merchant({ notifyUrl: shop.url })
    const fields = application({ currency: 'VND', amount: amount === '' ? 1 : Number(amount) })
    const tradeUuid = string(fields['tradeUuid'])
    const id = `tradeUuid:${tradeUuid}?appKey=${keys.appKey}`
    let now = 0
    for (const [at, what, expected] of looks) {
      await gate.advance(`${seconds(at) - now}s`)
      now = seconds(at)
      const found = await look(what, expected)
      t.equal(found, expected, `${at} ${what}`)
    }
    await gate.settle()
    t.equal(body(await gate.control('GET', `/bills/${id}`))['scenario'], name)

    const sent = (await gate.notifications(keys)).flatMap((one) => list(one['attempts'])).filter((attempt) => attempt['durationMs'] !== 0)
    const applied = Date.parse(string(body(await gate.control('GET', `/bills/${id}`))['createdAt']))
    const times = sent.map((attempt) => (Date.parse(string(attempt['at'])) - applied) / 1000).sort((a, b) => a - b)
    t.strictSame(shop.told.map((one, index) => `${times[index]}s ${string(payload(one)['status'])}`), told, 'what the merchant was told, and when')
    t.strictSame(shop.told.map((one) => signatureOf(keys, one)), signed ?? told.map(() => 'valid'), 'how it was signed')
    for (const one of shop.told) t.match(one.body.toString('utf8'), form ?? /^\{"tradeUuid":"[^"]*","billCode":"[^]*","errorCode":"[A-Z_]*"\}$/, 'how it was written')

    async function look(what: Look[1], expected: string): Promise<string> {
      if (what === 'state') {
        const { status, errorCode } = body(await gate.control('GET', `/bills/${id}`))
        return `${string(status)} ${string(errorCode)}`.trim()
      }
      if (what === 'query') return seen(gate.call('getPayStatus', { tradeUuidList: [tradeUuid] }, { keys }))
      if (what === 'cancel') return seen(gate.call('cancel', { tradeUuid }, { keys }))
      const asking = gate.call('apply', fields, { keys })
      if (expected === 'no answer') return giveUpOn(gate, asking, id)
      const answer = await seen(asking)
      return expected === 'told first' && answer === 'ok' && shop.told.length === 1 ? 'told first' : answer
    }
  })
}

await t.test('every example of the guide is a scenario in order', async (t) => {
  for (const guide of ['scenarios.md', 'scenarios.zh-CN.md']) {
    const blocks = [...readFileSync(new URL(`../docs/${guide}`, import.meta.url), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => block)
    t.ok(blocks.length >= 4)
    for (const block of blocks) t.strictSame(parseScenario(block, guide, /^name: (.*)$/m.exec(block)?.[1] ?? '').problems, undefined)
  }
})
