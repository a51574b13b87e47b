import { setTimeout as wait } from 'node:timers/promises'
import { send } from './calls.ts'
import type { FullFile } from './full-file.ts'
import { sendAll } from './load.ts'
import type { Measurement } from './measurement.ts'
import type { Options } from './options.ts'
import { applyRequest, cancelRequest, getPayStatusRequest, isSuccess, names, type Prepared } from './requests.ts'
import { residentKilobytes } from './resident-memory.ts'
import { copyDataFile, newDataFile, removeDataFile } from './scratch.ts'
import { startBare, startSandbox, type Server } from './servers.ts'

/** How much of the machine's memory a sandbox has in use: empty, and for each bill. */
export function memory({ bills, quiet }: Options, full: FullFile): Measurement {
  /** Nothing tells that garbage has been collected and memory given back, so that a process is left alone for a while. */
  const settled = async ({ child }: Server): Promise<number> => {
    await wait(quiet)
    return residentKilobytes(child)
  }
  const bare = async (): Promise<number> => {
    const server = await startBare({ path: '/', answer: {} })
    const kilobytes = await settled(server)
    await server.child.stop()
    return kilobytes
  }
  /** One and the same process: empty, after a few requests, and after taking many bills. */
  const taking = async (): Promise<{ idle: number; used: number; taken: number }> => {
    const file = newDataFile()
    const server = await startSandbox(file)
    const idle = await settled(server)
    await sendFew(server.url)
    const used = await settled(server)
    await full.fill(server.url)
    const taken = await settled(server)
    await server.child.kill()
    removeDataFile(file)
    return { idle, used, taken }
  }
  const loaded = async (): Promise<number> => {
    const file = copyDataFile(await full.path())
    const server = await startSandbox(file)
    const kilobytes = await settled(server)
    await server.child.kill()
    removeDataFile(file)
    return kilobytes
  }
  return {
    mostRounds: 3,
    rows: [
      { key: 'bare', title: 'memory in use after the start, bare Fastify', unit: 'MB' },
      { key: 'idle', title: 'the same, sandbox', unit: 'MB', target: { atMost: 95, aim: 80 } },
      { key: 'used', title: 'the same, after a few requests', unit: 'MB' },
      { key: 'perTaken', title: `for each bill, after taking ${bills} bills`, unit: 'KB', target: { atMost: 3, aim: 2 } },
      { key: 'perLoaded', title: `for each bill, after a start with ${bills} bills`, unit: 'KB', target: { atMost: 3, aim: 2 } },
    ],
    round: async () => {
      const bareIdle = await bare()
      const { idle, used, taken } = await taking()
      const perLoaded = ((await loaded()) - idle) / bills
      return [{ bare: bareIdle / 1024, idle: idle / 1024, used: used / 1024, perTaken: (taken - idle) / bills, perLoaded }]
    },
  }
}

async function sendFew(url: string): Promise<void> {
  const tradeUuids = names('few', 20)
  const each = (request: (tradeUuid: string) => Prepared): Promise<void> => sendAll(url, tradeUuids.map(request), isSuccess)
  await each(applyRequest)
  await send(url, getPayStatusRequest(tradeUuids), (answer) => answer.startsWith('[{'))
  await each(cancelRequest)
}
