// With a seed and a manual clock, the same requests in the same order make the same world: what clients are answered,
// what the merchant is told and what the record says are the same bytes in every run.
import t from 'tap'
import { application, body, endpoint, items, open, send, string, type Answer, type Json } from './helpers/blackbox.ts'

const ENDPOINT = { status: 500, headers: { date: 'x' } }

/** One run, as a text of everything that anyone outside could see of it. */
const run = async (test: typeof t, port: number, seed: string): Promise<string> => {
  const seen: string[] = []
  const closing: (() => unknown)[] = []
  const t = { teardown: (close: () => unknown) => closing.push(close) }
  const shop = await endpoint(t, (told) => (told.length % 3 === 0 ? { status: 204, headers: ENDPOINT.headers } : ENDPOINT), port)
  const gate = await open(test, { seed, clock: 'manual', now: '2025-08-04 13:45:21', notifySchedule: ['15s', '30s', '3m'] })
  const see = async (what: string, answer: Promise<Answer>): Promise<Answer> => {
    const { status, headers, text } = await answer
    seen.push(`${what} ${status} ${JSON.stringify(headers)} ${text}`)
    return { status, headers, text }
  }
  await gate.scenario('jitter', {
    on: { apply: [{ delay: { min: '1ms', max: '9ms' } }], getPayStatus: [{ lag: { min: '1s', max: '2s' } }, {}] },
    timeline: [{ after: { min: '1s', max: '1h' }, become: 'PAY_FAIL', errorCode: 'TIMEOUT_ERROR' }, { after: { min: '1s', max: '1h' }, from: 'previous', become: 'PAY_SUCCESS' }],
    notifications: [{ delay: { min: '1s', max: '10m' }, copies: 2, gap: '7s', replay: { min: '1h', max: '2h' } }],
  })
  await gate.scenario('at-once', { timeline: [{ after: '5s', become: 'PAY_SUCCESS' }] })
  const merchants = [await gate.merchant({ notifyUrl: shop.url }), await gate.merchant({ notifyUrl: shop.url, scenario: 'at-once' })]
  seen.push(JSON.stringify(merchants))
  const bills: string[] = []
  for (let number = 0; number < 12; number++) {
    const keys = merchants[number % 2]
    if (keys === undefined) continue
    const fields = application({ tradeUuid: `trade-${number}`, orderCode: `order-${number}`, ...(number % 2 === 0 ? { metadata: { qlinkScenario: 'jitter' } } : {}) })
    const applied = await see('apply', gate.call('apply', fields, { keys }))
    bills.push(string(body(applied)['billCode']))
    await see('query', gate.call('getPayStatus', { billCodeList: bills }, { keys }))
    if (number === 7) await see('cancel', gate.call('cancel', { tradeUuid: 'trade-7' }, { keys }))
  }
  for (const by of ['5s', '10s', '30m', '4h']) await see('advance', gate.control('POST', '/clock/advance', { by }))
  for (const keys of merchants) await see('query', gate.call('getPayStatus', { billCodeList: bills }, { keys }))
  for (const billCode of bills) {
    const { timeline, due, notifications } = body(await gate.control('GET', `/bills/${billCode}`))
    seen.push(JSON.stringify({ timeline, due }))
    seen.push(JSON.stringify((notifications as Json[]).map(({ attempts, ...rest }) => ({
      ...rest, attempts: (attempts as Json[]).map(({ at, trigger, request, status, error }) => ({ at, trigger, request, status, error })),
    }))))
  }
  seen.push(JSON.stringify(items(await gate.control('GET', '/bills'))))
  for (const { path, headers, body: text } of shop.told) {
    seen.push(`${path} ${JSON.stringify({ ...headers, host: '' })} ${text.toString()}`)
  }
  await send(`${gate.url}/_sandbox/reset`, { method: 'POST' })
  for (const close of closing) await close()
  return seen.join('\n')
}

const firstDifference = (one: string, other: string): string => {
  const others = other.split('\n')
  const [at = -1, line = ''] = [...one.split('\n').entries()].find(([index, text]) => text !== others[index]) ?? []
  return `line ${at}: ${line}`
}

await t.test('two runs with one seed are the same, byte for byte', async (t) => {
  const first = await run(t as never, 0, 'monday')
  const port = Number(/"url":"http:\/\/127\.0\.0\.1:(\d+)/.exec(first)?.[1])
  const second = await run(t as never, port, 'monday')
  t.ok(first.split('\n').length > 80, 'much was seen')
  t.ok(second === first, 'nothing differs', { first: firstDifference(first, second), second: firstDifference(second, first) })
  const other = await run(t as never, port, 'tuesday')
  t.not(other, first, 'another seed makes another world')
})
