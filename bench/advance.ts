import { advance } from './calls.ts'
import type { Measurement } from './measurement.ts'
import { makeBills } from './operations.ts'
import type { Options } from './options.ts'
import { names } from './requests.ts'
import { newDataFile, removeDataFile } from './scratch.ts'
import { startSandbox } from './servers.ts'

/** Bills that are made at one moment. */
const AT_ONCE = 10

/** What it takes to expire waiting bills by advancing the clock two days, for each bill. */
export function advancing({ waiting: [few, many] }: Options): Measurement {
  return {
    rows: [
      { key: 'few', title: `advance 48 hours over ${few} waiting bills, for each`, unit: 'ms' },
      { key: 'many', title: `advance 48 hours over ${many} waiting bills, for each`, unit: 'ms', over: 'few', target: { atMost: 1.3, aim: 1 } },
    ],
    round: async () => [{ few: await millisecondsEach(few), many: await millisecondsEach(many) }],
  }
}

async function millisecondsEach(count: number): Promise<number> {
  const file = newDataFile()
  const { child, url } = await startSandbox(file, ['--clock', 'manual'])
  const tradeUuids = names('waiting', count)
  for (let from = 0; from < count; from += AT_ONCE) {
    await makeBills(url, tradeUuids.slice(from, from + AT_ONCE))
    await advance(url, '1s')
  }
  const { expiries, seconds } = await advance(url, 'PT48H1M')
  if (expiries !== count) throw new Error(`${count} bills were to expire, but ${expiries} have`)
  await child.kill()
  removeDataFile(file)
  return (seconds * 1000) / count
}
