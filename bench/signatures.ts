import { createHash } from 'node:crypto'
import autocannon from 'autocannon'
import { send } from './calls.ts'
import { measureLoad } from './load.ts'
import type { Measurement } from './measurement.ts'
import { GET_PAY_STATUS, makeBills } from './operations.ts'
import type { Options } from './options.ts'
import { applyRequest, queryPayAccountRequest, type Prepared } from './requests.ts'
import { newDataFile, removeDataFile } from './scratch.ts'
import { startSandbox } from './servers.ts'

/** So many requests come each second beside those that are measured. */
const BESIDE = 500
/** The first explanations have loading and compiling in them. */
const COLD = 100
const EXPLAINED = 200
/** When as many wrong signatures have been explained as are explained at once, in milliseconds. */
const SETTLED = 2000

type Explain = typeof import('../src/signing/explain/explain.ts')['explain']

/** What a wrong signature costs: itself, and the right ones beside it. */
export function signatures({ seconds }: Options): Measurement {
  return {
    rows: [
      { key: 'right', title: 'check a right signature of 1 KB', unit: 'ms' },
      { key: 'found', title: 'explain a wrong one, content as an object', unit: 'ms', target: { atMost: 2, aim: 1 } },
      { key: 'nothing', title: 'explain one that no known mistake gives', unit: 'ms', target: { atMost: 2, aim: 1 } },
      { key: 'calm', title: `getPayStatus beside ${BESIDE} right signatures a second, of applications sent before`, unit: 'requests/s' },
      { key: 'flooded', title: `the same beside ${BESIDE} wrong ones, after those that are explained at once`, unit: 'requests/s', over: 'calm', target: { atLeast: 0.9, aim: 1 } },
    ],
    round: async () => [{
      ...await explaining(),
      calm: await beside(applyRequest('flood'), seconds),
      flooded: await beside({ ...applyRequest('flood'), headers: { ...applyRequest('flood').headers, sign: 'f'.repeat(40) } }, seconds),
    }],
  }
}

async function explaining(): Promise<{ right: number; found: number; nothing: number }> {
  // The one that is shipped, and not a copy that was compiled for this.
  const shipped = new URL('../../dist/signing/explain/explain.js', import.meta.url).href
  const { explain } = await import(shipped) as { explain: Explain }
  const keys = { appKey: 'demo-app-key', appSecret: 'demo-app-secret' }
  const { body, headers } = padded(applyRequest('explained'))
  const asObject = createHash('sha1').update(`{"appKey":"${keys.appKey}","content":${body}}${keys.appSecret}`).digest('hex')
  const time = (sign: string): number => {
    for (let count = 0; count < COLD; count++) explain({ ...keys, body, sign })
    const begun = performance.now()
    for (let count = 0; count < EXPLAINED; count++) explain({ ...keys, body, sign })
    return (performance.now() - begun) / EXPLAINED
  }
  return { right: time(headers['sign'] ?? ''), found: time(asObject), nothing: time('f'.repeat(40)) }
}

/** A body of 1 KB, signed anew. */
function padded({ body, ...request }: Prepared): Prepared {
  const longer = body.replace('"source"', `"note":"${'two cups of coffee, '.repeat(50).slice(0, 1024 - Buffer.byteLength(body) - 10)}","source"`)
  const sign = createHash('sha1').update(`{"appKey":"demo-app-key","content":${JSON.stringify(longer)}}demo-app-secret`).digest('hex')
  return { ...request, headers: { ...request.headers, sign }, body: longer }
}

/** How many queries a sandbox answers each second while others send it this. */
async function beside(other: Prepared, seconds: number): Promise<number> {
  const file = newDataFile()
  const { child, url } = await startSandbox(file)
  const bills = GET_PAY_STATUS.bills(0)
  await makeBills(url, bills)
  await send(url, queryPayAccountRequest(), () => true)
  const done = new Promise<void>((resolve, reject) => {
    autocannon({ url, connections: 5, overallRate: BESIDE, duration: seconds + SETTLED / 1000 + 1, setupClient: (client) => { client.setRequests([{ ...other }]) } }, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
  // Those that are explained at once have been.
  await new Promise((resolve) => { setTimeout(resolve, SETTLED) })
  const { perSecond } = await measureLoad(url, GET_PAY_STATUS.requests(bills, 0), GET_PAY_STATUS.isRight, { seconds, once: false })
  await done
  await child.stop()
  removeDataFile(file)
  return perSecond
}
