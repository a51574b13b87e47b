// Nothing acknowledged is ever lost: a short run of `npm run test:crash`, and whether its checks can fail at all.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Campaign } from './crash/campaign.ts'
import { removeBill } from './crash/data-file.ts'
import { Findings, type Counted } from './crash/findings.ts'
import { packageRoot } from './crash/package-root.ts'
import { Random } from './crash/random.ts'
import { run, type Kind } from './crash/rounds.ts'
import { directory } from './helpers/blackbox.ts'

const ROOT = packageRoot()
// What runs is what is shipped: the build of the source as it is now.
execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--build', join(ROOT, 'tsconfig.build.json')])

/** Runs rounds and a calm end; everything that is to be checked was there to be checked. */
const survives = async (t: Test, durability: 'os' | 'fsync', kinds: Kind[], also: Counted[]): Promise<Campaign> => {
  const name = `ci-${durability}`
  const campaign = new Campaign({ findings: new Findings(), directory: directory(t), durability, random: new Random(name), name })
  await campaign.open()
  t.teardown(() => campaign.close())
  for (const kind of kinds) await run(campaign, kind)
  await campaign.finish()
  const { counts, violations } = campaign.findings
  t.strictSame(violations.slice(0, 3), [], 'no losses')
  t.equal(counts.rounds, kinds.length)
  const seen: Counted[] = ['kills', 'starts', 'answers', 'bills', 'details', 'payments', 'cancels', 'owed', 'sent', 'refused', 'faults', 'resumed', ...also]
  for (const one of seen) t.ok(counts[one] > 0, `${one} were seen`, { counts })
  t.ok(counts.unansweredThere + counts.unansweredAbsent > 0, 'requests were broken off', { counts })
  return campaign
}

// Where all is run again, on another Node.js, kills tell nothing new.
const isBrief = process.env['TEST_BRIEF'] !== undefined

await t.test('killed under load and at start, and with files that fail; one bill taken away is one loss', { skip: isBrief }, async (t) => {
  const campaign = await survives(t, 'os', ['killed', 'starting', 'killed', 'failing'], ['killedStarts'])
  const { file, ledger, findings } = campaign
  const [missing] = [...ledger.entries.values()].filter(({ presence }) => presence === 'there')
  const { billCode = '', tradeUuid = '' } = missing ?? {}
  await removeBill(file, billCode)
  const { sandbox } = await campaign.start()
  await campaign.stop(sandbox)
  t.equal(findings.violations.length, 1, 'and the check that found no loss finds this one')
  t.match(findings.violations[0], `Bill ${billCode} with tradeUuid ${tradeUuid} is LOST`)
})

await t.test('the same with fsync, and with the loss of all that was not synced', { skip: isBrief }, (t) =>
  survives(t, 'fsync', ['killed', 'dying', 'failing'], ['deaths', 'powerLosses']))
