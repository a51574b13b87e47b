// Kills sandboxes again and again on the same data file, and looks for what they had promised to keep.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Campaign } from './campaign.ts'
import { Findings } from './findings.ts'
import { Random } from './random.ts'
import { ROUNDS, run, type Kind } from './rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    'rounds-per-file': { type: 'string', default: '25' },
    seconds: { type: 'string' },
    durability: { type: 'string', default: 'both' },
    faults: { type: 'string', default: 'on' },
    kinds: { type: 'string' },
    seed: { type: 'string', default: randomBytes(6).toString('hex') },
    verbose: { type: 'boolean', default: false },
  },
})
const NEEDS_INJECTION: Kind[] = ['dying', 'dying in a fold', 'dying at start', 'dying at stop', 'failing', 'failing at start', 'failing at stop']
const all = Object.keys(ROUNDS) as Kind[]
const kinds = values.kinds === undefined ? all.filter((kind) => values.faults === 'on' || !NEEDS_INJECTION.includes(kind)) : values.kinds.split(',').map((name) => name.trim() as Kind)
const unknown = kinds.filter((kind) => !all.includes(kind))
if (unknown.length > 0) throw new RangeError(`${unknown.join(', ')}: not among the rounds ${all.join(', ')}`)
const durabilities = (['os', 'fsync'] as const).filter((one) => values.durability === 'both' || values.durability === one)

/** One mistake can lose thousands of bills. */
const SHOWN = 20

/** Runs rounds on one file after another, and says what came of them. */
async function runs(durability: 'os' | 'fsync'): Promise<boolean> {
  const began = performance.now()
  const findings = new Findings()
  const { counts, violations } = findings
  const random = new Random(`${values.seed} ${durability}`)
  let kept = ''
  const turn = random.named('kinds')
  const goesOn = (): boolean => violations.length === 0
    && (values.seconds === undefined ? counts.rounds < Number(values.rounds) : performance.now() - began < Number(values.seconds) * 1000)
  for (let file = 1; goesOn(); file++) {
    const directory = mkdtempSync(join(tmpdir(), `qlink-crash-${durability}-`))
    const campaign = new Campaign({ findings, directory, durability, random: random.named(`file ${file}`), name: `${values.seed}-${durability}-${file}` })
    await campaign.open()
    do {
      const start = performance.now()
      // Each kind once before chance decides.
      const kind = kinds[counts.rounds] ?? turn.pick(kinds)
      await run(campaign, kind)
      if (values.verbose) process.stdout.write(`round ${counts.rounds}: ${kind}, ${Math.round(performance.now() - start)} ms\n`)
    } while (goesOn() && campaign.ledger.round < Number(values['rounds-per-file']))
    if (violations.length === 0) await campaign.finish().catch((error: unknown) => { findings.violation(String(error)) })
    await campaign.close()
    if (violations.length === 0) rmSync(directory, { recursive: true, force: true })
    else kept = directory
  }
  process.stdout.write(`\n--durability ${durability} --seed ${values.seed}, ${Math.round((performance.now() - began) / 1000)} s\n${findings.table()}`)
  for (const violation of violations.slice(0, SHOWN)) process.stdout.write(`\n${violation}\n`)
  if (violations.length > SHOWN) process.stdout.write(`\n… and ${violations.length - SHOWN} more.\n`)
  if (kept !== '') process.stdout.write(`\nThe data are kept in ${kept}.\n`)
  return violations.length === 0
}

let lost = false
for (const durability of durabilities) if (!await runs(durability)) lost = true
process.exit(lost ? 1 : 0)
