import { advance, call } from './calls.ts'
import { Child } from './child.ts'
import { sendAll } from './load.ts'
import type { Measurement } from './measurement.ts'
import { makeBills } from './operations.ts'
import type { Options } from './options.ts'
import { names, payRequest } from './requests.ts'
import { newDataFile, removeDataFile } from './scratch.ts'
import { startSandbox } from './servers.ts'

const RECEIVER = new URL('receiver.js', import.meta.url)
const BARE_SENDER = new URL('bare-sender.js', import.meta.url)

/** How many attempts a sandbox has under way at once, by default. */
const CONCURRENCY = 10

/** What connections add to a request by themselves. */
const OF_THE_CONNECTION = ['host', 'connection', 'content-length', 'transfer-encoding']

interface Delivery {
  headers: Record<string, string>
  body: string
}

/** How many notifications a second are delivered to a merchant on this machine, beside undici doing nothing else. */
export function deliveries({ deliveries: count }: Options): Measurement {
  return {
    rows: [
      { key: 'bare', title: `${count} POSTs, bare undici`, unit: 'deliveries/s' },
      { key: 'sandbox', title: `${count} deliveries, sandbox`, unit: 'deliveries/s', over: 'bare', target: { atLeast: 0.4, aim: 0.6 } },
    ],
    round: async () => {
      const { seconds, delivery } = await deliver(count)
      return [{ bare: count / (await sendBare(count, delivery)), sandbox: count / seconds }]
    },
  }
}

/**
 * The first attempts are answered 500, so that all second ones fall due at one moment: advancing to there is nothing
 * but deliveries.
 */
async function deliver(count: number): Promise<{ seconds: number; delivery: Delivery }> {
  const file = newDataFile()
  const receiver = await startReceiver()
  const { child, url } = await startSandbox(file, ['--clock', 'manual', '--notify-url', receiver.url])
  const tradeUuids = names('paid', count)
  await makeBills(url, tradeUuids)
  await call('PUT', `${receiver.url}/answer/500`)
  await sendAll(url, tradeUuids.map(payRequest), (answer) => answer.includes('"PAY_SUCCESS"'))
  const { last } = await receiver.after(count)
  // Answered is not yet recorded; an advance of the clock waits for both.
  await advance(url, '1s')
  await call('PUT', `${receiver.url}/answer/200`)
  const { attempts, seconds } = await advance(url, '15s')
  const { count: received } = await receiver.after(0)
  if (attempts !== count || received !== 2 * count) {
    throw new Error(`${count} second attempts were due, but ${attempts} were made, and ${received} attempts instead of ${2 * count} have arrived altogether`)
  }
  await child.kill()
  await receiver.child.stop()
  removeDataFile(file)
  return { seconds, delivery: last }
}

async function sendBare(count: number, { headers, body }: Delivery): Promise<number> {
  const receiver = await startReceiver()
  const ours = Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.includes(name)))
  const order = { url: `${receiver.url}/payNotification`, headers: ours, body, count, concurrency: CONCURRENCY }
  const sender = new Child('the bare sender', BARE_SENDER, [JSON.stringify(order)])
  const url = await sender.url()
  // The sandbox has had as many first attempts before.
  await call('POST', url)
  const { seconds } = (await call('POST', url)) as { seconds: number }
  await sender.stop()
  await receiver.child.stop()
  return seconds
}

async function startReceiver() {
  const child = new Child('the receiver', RECEIVER, [])
  const url = await child.url()
  return {
    child,
    url,
    /** Waits until so many attempts have arrived. */
    after: async (count: number) => (await call('GET', `${url}/after/${count}`)) as { count: number; last: Delivery },
  }
}
