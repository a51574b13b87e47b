import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { killChildren, showErrors } from './child.ts'
import { giveUp, messageOf } from './failure.ts'
import { FullFile } from './full-file.ts'
import type { Sample } from './measurement.ts'
import { MEASUREMENTS } from './measurements.ts'
import { readOptions, type Options } from './options.ts'
import { progress } from './progress.ts'
import { figuresOf, tableOf, type Figure } from './report.ts'
import { isInMemory, removeScratch } from './scratch.ts'

/** After a child's connections have broken off, its end is told within this time, in milliseconds. */
const LAST_WORD = 500

/** Measures everything in turns, so that what else the machine does meets all alike. */
async function measure({ rounds, only, ...options }: Options): Promise<Figure[]> {
  const fullFile = new FullFile(options.bills)
  const chosen = Object.entries(MEASUREMENTS)
    .filter(([name]) => only?.includes(name) ?? true)
    .map(([name, make]) => ({ name, measurement: make({ rounds, only, ...options }, fullFile), samples: [] as Sample[] }))
  for (let round = 1; round <= rounds; round++) {
    for (const { name, measurement, samples } of chosen) {
      if (round > (measurement.mostRounds ?? rounds)) continue
      progress(`round ${round} of ${rounds}: ${name}`)
      samples.push(...(await measurement.round()))
    }
  }
  return chosen.flatMap(({ name, measurement, samples }) => figuresOf(name, measurement, samples, !options.quick))
}

function show(figures: readonly Figure[], { rounds, quick, json }: Options): void {
  const machine = { node: process.version, platform: process.platform, cpus: cpus().length, cpu: cpus()[0]?.model ?? '', temporaryDirectoryInMemory: isInMemory() }
  process.stdout.write(
    [
      `Node.js ${machine.node}, ${machine.cpus} × ${machine.cpu}; ${rounds} round${rounds === 1 ? '' : 's'}.`,
      ...(machine.temporaryDirectoryInMemory ? ['The temporary directory is in memory, so fsync costs nothing; TMPDIR names another.'] : []),
      ...(quick ? ['A quick run: the figures mean nothing.'] : []),
      `\n\n${tableOf(figures)}`,
    ].join(' '),
  )
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine, rounds, quick, figures }, null, 2)}\n`)
}

async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2), Object.keys(MEASUREMENTS))
  if ('usage' in options) {
    process.stdout.write(options.usage)
    return
  }
  if (options.verbose) showErrors()
  show(await measure(options), options)
}

process.on('exit', () => {
  killChildren()
  removeScratch()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => giveUp(`interrupted by ${signal}`))

try {
  await run()
} catch (error) {
  // Where a child has died, that is the reason, and it says so itself.
  await wait(LAST_WORD)
  giveUp(messageOf(error))
}
