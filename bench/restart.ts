import type { FullFile } from './full-file.ts'
import type { Measurement } from './measurement.ts'
import { makeBills } from './operations.ts'
import type { Options } from './options.ts'
import { names } from './requests.ts'
import { copyDataFile, newDataFile, removeDataFile } from './scratch.ts'
import { launchSandbox, startSandbox } from './servers.ts'
import { health, timeFirstAnswer } from './start.ts'

/** How long a sandbox with many bills takes to come up, after an end and after a kill, and to end. */
export function restart({ bills, journal, fresh }: Options, full: FullFile): Measurement {
  return {
    rows: [
      { key: 'start', title: `start with ${bills} bills, to the first answer`, unit: 's', target: { atMost: 2.5, aim: 1.5 } },
      { key: 'startKilled', title: `the same after a SIGKILL, with ${journal} changes in the journal`, unit: 's' },
      { key: 'stopFew', title: 'SIGTERM to the end, few bills', unit: 's' },
      { key: 'stopMany', title: `SIGTERM to the end, ${bills} bills and ${fresh} new ones`, unit: 's' },
    ],
    round: async () => {
      const path = await full.path()
      return [
        {
          start: await timeStart(copyDataFile(path)),
          startKilled: await timeStart(await killedAfter(copyDataFile(path), journal)),
          stopFew: await timeStop(newDataFile(), 10),
          stopMany: await timeStop(copyDataFile(path), fresh),
        },
      ]
    },
  }
}

/** The data file of a sandbox that was killed after it had taken bills, with the journal as it was left. */
export async function killedAfter(file: string, bills: number): Promise<string> {
  const { child, url } = await startSandbox(file)
  await makeBills(url, names('new', bills))
  await child.kill()
  return file
}

async function timeStart(file: string): Promise<number> {
  const { child, milliseconds } = await timeFirstAnswer((port) => launchSandbox(file, ['--port', String(port)]), health)
  await child.kill()
  removeDataFile(file)
  return milliseconds / 1000
}

async function timeStop(file: string, bills: number): Promise<number> {
  const { child, url } = await startSandbox(file)
  await makeBills(url, names('new', bills))
  const milliseconds = await child.stop()
  removeDataFile(file)
  return milliseconds / 1000
}
