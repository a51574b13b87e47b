import { statSync } from 'node:fs'
import { send } from './calls.ts'
import type { FullFile } from './full-file.ts'
import type { Measurement } from './measurement.ts'
import type { Options } from './options.ts'
import { applyRequest, isSuccess, isTwoBills, queryOfTwo, type Prepared } from './requests.ts'
import { killedAfter } from './restart.ts'
import { copyDataFile, removeDataFile } from './scratch.ts'
import { startSandbox } from './servers.ts'

/** A fold that takes longer does not come, in milliseconds. */
const PATIENCE = 60_000

/** So many first answers have loading and compiling in them, which is no pause. */
const COLD = 20

/** How long requests wait while a sandbox folds its journal into a document of many bills. */
export function pause({ bills, longJournal }: Options, full: FullFile): Measurement {
  return {
    rows: [
      { key: 'without', title: `longest answer right after a start with ${bills} bills, nothing to fold`, unit: 'ms' },
      { key: 'folding', title: `the same while ${longJournal} changes are folded in`, unit: 'ms', target: { atMost: 50, aim: 50 } },
      { key: 'fold', title: '– that took', unit: 's' },
    ],
    round: async () => {
      const { tradeUuids } = full
      const killed = await killedAfter(copyDataFile(await full.path()), longJournal)
      const folding = await watch(killed, tradeUuids, (file) => {
        const before = statSync(file).ino
        // The document is replaced by another at the very end.
        return () => statSync(file).ino !== before
      })
      const without = await watch(copyDataFile(await full.path()), tradeUuids, () => (elapsed) => elapsed >= folding.milliseconds)
      return [{ without: without.longest, folding: folding.longest, fold: folding.milliseconds / 1000 }]
    },
  }
}

/** Whether it is over; asked after each answer, with the milliseconds that have passed. */
type IsOver = (elapsed: number) => boolean

/** Asks and applies, each on a connection of its own and one request after another, and sees how long any answer takes. */
async function watch(file: string, tradeUuids: string[], over: (file: string) => IsOver): Promise<{ longest: number; milliseconds: number }> {
  const isOver = over(file)
  const { child, url } = await startSandbox(file)
  const kinds: [(count: number) => Prepared, (answer: string) => boolean][] = [
    [() => queryOfTwo(tradeUuids), isTwoBills],
    [(count) => applyRequest(`meanwhile-${count}`), isSuccess],
  ]
  for (let count = 0; count < COLD; count++) for (const [request, isRight] of kinds) await send(url, request(count), isRight)
  const begun = performance.now()
  let longest = 0
  let done = false
  const oneAfterAnother = async ([request, isRight]: (typeof kinds)[number]): Promise<void> => {
    for (let count = COLD; !done; count++) {
      const prepared = request(count)
      const asked = performance.now()
      await send(url, prepared, isRight)
      const answered = performance.now()
      longest = Math.max(longest, answered - asked)
      done ||= isOver(answered - begun)
      if (answered - begun > PATIENCE) throw new Error(`the journal was not folded in within ${PATIENCE / 1000} seconds after the start`)
    }
  }
  await Promise.all(kinds.map(oneAfterAnother))
  const milliseconds = performance.now() - begun
  await child.kill()
  removeDataFile(file)
  return { longest, milliseconds }
}
