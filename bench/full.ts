import type { FullFile } from './full-file.ts'
import type { Measurement } from './measurement.ts'
import { APPLY, GET_PAY_STATUS, type Operation } from './operations.ts'
import type { Options } from './options.ts'
import { copyDataFile, newDataFile } from './scratch.ts'
import { loadSandbox, prepare } from './work.ts'

/** What it costs that many bills are there already. */
export function full(options: Options, fullFile: FullFile): Measurement {
  const withNone = async (operation: Operation): Promise<number> => {
    const { perSecond } = await loadSandbox(prepare(operation, options), options, newDataFile())
    return perSecond
  }
  const withMany = async (operation: Operation): Promise<number> => {
    const file = copyDataFile(await fullFile.path())
    const { perSecond } = await loadSandbox(prepare(operation, options, fullFile.tradeUuids), options, file)
    return perSecond
  }
  return {
    rows: [
      { key: 'apply to none', title: 'apply, no bills before', unit: 'requests/s' },
      { key: 'apply to many', title: `apply, ${options.bills} bills before`, unit: 'requests/s', over: 'apply to none', target: { atLeast: 0.9, aim: 1 } },
      { key: 'query of few', title: 'getPayStatus, 1000 bills there', unit: 'requests/s' },
      { key: 'query of many', title: `getPayStatus, ${options.bills} bills there`, unit: 'requests/s', over: 'query of few', target: { atLeast: 0.9, aim: 1 } },
    ],
    round: async () => {
      // Made before, so that no measurement follows right after it.
      await fullFile.path()
      return [
        {
          'apply to none': await withNone(APPLY),
          'apply to many': await withMany(APPLY),
          'query of few': await withNone(GET_PAY_STATUS),
          'query of many': await withMany(GET_PAY_STATUS),
        },
      ]
    },
  }
}
