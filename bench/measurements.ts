import { advancing } from './advance.ts'
import { deliveries } from './deliveries.ts'
import type { FullFile } from './full-file.ts'
import { full } from './full.ts'
import type { Measurement } from './measurement.ts'
import { memory } from './memory.ts'
import { APPLY, CANCEL, GET_PAY_STATUS } from './operations.ts'
import type { Options } from './options.ts'
import { pause } from './pause.ts'
import { restart } from './restart.ts'
import { signatures } from './signatures.ts'
import { start } from './start.ts'
import { throughput, type Variant } from './throughput.ts'

const OS: Variant = { name: 'os', options: ['--durability', 'os'] }
const FSYNC: Variant = { name: 'fsync', options: ['--durability', 'fsync'] }
const QUIET: Variant = { name: 'os, --log-level warn', options: ['--durability', 'os', '--log-level', 'warn'] }

/** Everything that can be measured, in the order in which a round does it. */
export const MEASUREMENTS: Record<string, (options: Options, fullFile: FullFile) => Measurement> = {
  start,
  memory,
  apply: (options) =>
    throughput(
      APPLY,
      [
        { ...OS, target: { atLeast: 0.35, aim: 0.45 } },
        { ...FSYNC, target: { atLeast: 0.2, aim: 0.3 } },
        QUIET,
      ],
      options,
    ),
  getPayStatus: (options) => throughput(GET_PAY_STATUS, [{ ...OS, target: { atLeast: 0.4, aim: 0.55 } }, FSYNC], options),
  signatures,
  cancel: (options) => throughput(CANCEL, [OS, FSYNC], options),
  full,
  deliveries,
  advance: advancing,
  restart,
  pause,
}
