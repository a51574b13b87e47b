import type { Load } from './load.ts'
import type { Measurement, Sample, Target } from './measurement.ts'
import { realRoutes, type Operation } from './operations.ts'
import type { Options } from './options.ts'
import { progress } from './progress.ts'
import { newDataFile } from './scratch.ts'
import { loadBare, loadSandbox, prepare } from './work.ts'

/** One way to run the sandbox. */
export interface Variant {
  name: string
  options: string[]
  target?: Target
}

/** How many requests a second the sandbox answers, in several ways to run it, beside a bare Fastify. */
export function throughput(operation: Operation, variants: readonly Variant[], options: Options): Measurement {
  return {
    rows: [
      { key: 'bare', title: `${operation.name}, bare Fastify`, unit: 'requests/s' },
      { key: 'bare p99', title: '– 99 of 100 within', unit: 'ms' },
      ...variants.flatMap(({ name, target }) => [
        { key: name, title: `${operation.name}, sandbox, ${name}`, unit: 'requests/s', over: 'bare', ...(target === undefined ? {} : { target }) },
        { key: `${name} p99`, title: '– 99 of 100 within', unit: 'ms' },
      ]),
    ],
    round: async () => {
      const route = (await realRoutes()).get(operation)
      if (route === undefined) throw new Error(`no answer to ${operation.name} is known`)
      const work = prepare(operation, options)
      const sample: Sample = {}
      const note = (name: string, { perSecond, p99, generator }: Load): void => {
        progress(`  ${name}: ${perSecond.toFixed()} requests/s, the load generator being ${(generator * 100).toFixed()} % busy`)
        sample[name] = perSecond
        sample[`${name} p99`] = p99
      }
      note('bare', await loadBare(work, options, route))
      for (const variant of variants) note(variant.name, await loadSandbox(work, options, newDataFile(), variant.options))
      return [sample]
    },
  }
}
