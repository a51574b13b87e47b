import { parseArgs } from 'node:util'

/** How much is measured. */
export interface Scale {
  /** How long each load is measured, in seconds. */
  seconds: number
  /** How long before that it runs unmeasured, so that it is compiled code that is measured. */
  warmUp: number
  /** Bills in what is called a full sandbox. */
  bills: number
  /** Starts in each round. */
  starts: number
  deliveries: number
  /** Waiting bills for the clock to expire: few and many. */
  waiting: [number, number]
  /** Changes in the journal that a killed sandbox leaves behind. */
  journal: number
  /** The same, where its folding is what is measured. */
  longJournal: number
  /** Bills that are new when a full sandbox is stopped. */
  fresh: number
  /** How long a process is left alone before its memory is looked at, in milliseconds. */
  quiet: number
}

export interface Options extends Scale {
  rounds: number
  only: string[] | undefined
  json: string | undefined
  quick: boolean
  verbose: boolean
}

const FULL: Scale = { seconds: 3, warmUp: 1, bills: 100_000, starts: 10, deliveries: 5000, waiting: [1000, 10_000], journal: 5000, longJournal: 20_000, fresh: 1000, quiet: 3000 }
const QUICK: Scale = { seconds: 0.4, warmUp: 0.2, bills: 2000, starts: 1, deliveries: 300, waiting: [100, 500], journal: 200, longJournal: 1000, fresh: 100, quiet: 300 }

const USAGE = (known: readonly string[]): string => `npm run bench -- [options]

  --rounds N     how often everything is measured, in turns (5)
  --seconds N    how long each load runs, in seconds (3)
  --quick        a small run that shows that everything works; its figures mean nothing
  --only A,B     only these: ${known.join(', ')}
  --json FILE    writes the figures to a file too
  --verbose      shows what the servers write to standard error
`

/**
 * Reads the command line.
 *
 * @param known the names of all measurements
 * @throws Error which says in a sentence what is wrong
 */
export function readOptions(args: string[], known: readonly string[]): Options | { usage: string } {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return { usage: USAGE(known) }
  const scale = values.quick ? QUICK : FULL
  const only = values.only?.split(',')
  const strange = only?.find((name) => !known.includes(name))
  if (strange !== undefined) throw new Error(`there is no measurement "${strange}"; there are ${known.join(', ')}`)
  const rounds = positive('--rounds', values.rounds) ?? (values.quick ? 1 : 5)
  if (!Number.isInteger(rounds)) throw new Error(`--rounds must be a whole number, but is ${rounds}`)
  return { ...scale, rounds, seconds: positive('--seconds', values.seconds) ?? scale.seconds, only, json: values.json, quick: values.quick, verbose: values.verbose }
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${name} must be a number above 0, but is "${text}"`)
  return value
}
