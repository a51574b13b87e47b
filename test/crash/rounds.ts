import { watch } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Campaign } from './campaign.ts'
import { Client, isRefusal, object } from './client.ts'
import type { Orders, Sandbox } from './sandbox.ts'

type Round = (campaign: Campaign) => Promise<void>

/** Characters. A few hundred bills as large as this fill a journal. */
const HEAVY = 10_000

/** Ways to die. Each begins with a start on what the one before has left, and ends with a death. */
export const ROUNDS = {
  /** At any moment, under load. */
  killed: async (campaign) => {
    const { sandbox, url } = await campaign.start()
    const load = campaign.load(url)
    await load.answers(campaign.random.between(1, 600))
    await anyMoment(campaign, 3)
    await kill(campaign, sandbox)
    await load.over
  },

  /** While it changes the directory: it puts a new document in the place of the old one. */
  folding: async (campaign) => {
    const { sandbox, url } = await campaign.start()
    const load = campaign.load(url, { weight: HEAVY })
    await load.answers(campaign.random.between(1, 200))
    await directoryChange(campaign, load.answers(8000))
    await anyMoment(campaign, campaign.random.pick([2, 30, 150]))
    await kill(campaign, sandbox)
    await load.over
  },

  /** Before it is ready. */
  starting: async (campaign) => {
    for (let times = campaign.random.between(1, 3); times > 0; times--) {
      const sandbox = campaign.launch()
      if (campaign.random.chance(0.5)) await directoryChange(campaign, sandbox.ready)
      await anyMoment(campaign, campaign.random.pick([2, 50, 500]))
      await kill(campaign, sandbox)
      campaign.findings.count('killedStarts')
    }
  },

  /** While it ends in good order; sometimes it gets to its end. */
  stopping: async (campaign) => {
    const { sandbox, url } = await campaign.start()
    const load = campaign.load(url, { mayRefuse: true })
    await load.answers(campaign.random.between(1, 300))
    const stopped = campaign.stop(sandbox)
    const patience = campaign.random.pick(['change', 'moment', 'end'])
    if (patience === 'change') await directoryChange(campaign, sandbox.ended)
    if (patience !== 'end') {
      await anyMoment(campaign, 60)
      await kill(campaign, sandbox)
    }
    await stopped
    await load.over
  },

  /** In the middle of a file operation, under load. */
  dying: async (campaign) => {
    const { sandbox, url } = await campaign.start(injected(campaign))
    const load = campaign.load(url)
    await load.answers(campaign.random.between(1, 100))
    await sandbox.order({ dieAfter: campaign.random.between(0, 300) })
    await load.answers(3000)
    await kill(campaign, sandbox)
    await load.over
  },

  /** In one of the operations with which a document is replaced, under load. */
  'dying in a fold': async (campaign) => {
    const { sandbox, url } = await campaign.start(injected(campaign))
    const load = campaign.load(url, { weight: HEAVY })
    await load.answers(campaign.random.between(1, 100))
    await sandbox.order(deathInFold(campaign))
    await load.answers(8000)
    await kill(campaign, sandbox)
    await load.over
  },

  /** In the middle of a file operation, while it starts. */
  'dying at start': async (campaign) => {
    const sandbox = campaign.launch(injected(campaign, { dieAfter: campaign.random.between(0, 8) }))
    await sandbox.ready
    if (sandbox.gone) campaign.findings.count('killedStarts')
    await kill(campaign, sandbox)
  },

  /** In the middle of a file operation, while it stops. */
  'dying at stop': async (campaign) => {
    const { sandbox, url } = await campaign.start(injected(campaign))
    const load = campaign.load(url, { mayRefuse: true })
    await load.answers(campaign.random.between(1, 200))
    await sandbox.order({ dieAfter: campaign.random.between(0, 12) })
    await Promise.all([sandbox.stop(), load.over])
    await campaign.died(sandbox)
  },

  /** Files fail now and then, or all the time, and stop failing; then it dies. */
  failing: async (campaign) => {
    const { random, findings, ledger } = campaign
    const { sandbox, url } = await campaign.start(injected(campaign))
    ledger.tolerant = true
    const load = campaign.load(url, { mayRefuse: true, weight: random.pick([0, HEAVY]) })
    for (let phases = random.between(1, 4); phases > 0; phases--) {
      await sandbox.order({ trouble: random.pick(['some', 'full']) })
      await load.answers(random.between(20, 400))
      await sandbox.order({ trouble: 'calm' })
      await resumes(campaign, sandbox, url)
      await load.answers(random.between(1, 100))
    }
    if (random.chance(0.7)) await sandbox.order({ trouble: random.pick(['some', 'full']), ...(random.chance(0.5) && { dieAfter: random.between(0, 200) }) })
    await load.answers(random.between(1, 300))
    const refused = findings.counts.refused
    await kill(campaign, sandbox)
    await load.over
    if (refused === 0 && sandbox.faults > 0) findings.violation(`Files failed ${sandbox.faults} times, and nothing was ever refused.`)
  },

  /** Files fail while it starts; it may give up, in words, or get through. */
  'failing at start': async (campaign) => {
    campaign.ledger.tolerant = true
    const sandbox = campaign.launch(injected(campaign, { trouble: campaign.random.pick(['some', 'full']) }))
    const url = await sandbox.ready
    if (url === undefined) {
      campaign.findings.count('refusedStarts')
      const { code } = await sandbox.ended
      if (code !== 2) campaign.findings.violation(`A start while files failed ended with ${String(code)}: ${sandbox.stderr}`)
    } else await anyMoment(campaign, 20)
    await kill(campaign, sandbox)
  },

  /** Files fail while it stops; what it cannot fold stays in the journal. */
  'failing at stop': async (campaign) => {
    const { sandbox, url } = await campaign.start(injected(campaign))
    campaign.ledger.tolerant = true
    const load = campaign.load(url, { mayRefuse: true })
    await load.answers(campaign.random.between(1, 200))
    await sandbox.order({ trouble: campaign.random.pick(['some', 'full']) })
    await Promise.all([sandbox.stop(), load.over])
    await campaign.died(sandbox)
  },
} satisfies Record<string, Round>

export type Kind = keyof typeof ROUNDS

/** Runs a round; what it throws is a violation too. */
export async function run(campaign: Campaign, kind: Kind): Promise<void> {
  const { ledger, findings, receiver } = campaign
  ledger.round += 1
  findings.count('rounds')
  campaign.beginRound()
  receiver.mood = campaign.random.pick(['calm', 'moody', 'moody', 'down'])
  try {
    await ROUNDS[kind](campaign)
  } catch (error) {
    findings.violation(`Round ${ledger.round} (${kind}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}

const injected = (campaign: Campaign, orders: Orders = {}) =>
  ({ seed: `${campaign.random.next()}`, power: campaign.power, ...orders })

/** In one of the operations that are rare, or in one that comes soon after a file was opened. */
const deathInFold = ({ random }: Campaign): Orders =>
  random.chance(0.5)
    ? { dieAfter: random.between(0, 1), dieIn: random.pick(['open', 'rename', 'remove', 'syncDirectory']) }
    : { dieAfter: random.between(0, 150), dieFrom: 'open' }

async function kill(campaign: Campaign, sandbox: Sandbox): Promise<void> {
  if (!sandbox.gone) campaign.findings.count('kills')
  await sandbox.kill()
  await campaign.died(sandbox)
}

/** Up to so many milliseconds, in steps finer than a timer's. */
async function anyMoment({ random }: Campaign, most: number): Promise<void> {
  const until = performance.now() + random.next() * most
  if (most > 10) await delay(random.next() * most)
  else while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
}

/** Ends when a file comes, goes or is renamed, and at the latest with `end`. */
async function directoryChange({ directory, findings }: Campaign, end: Promise<unknown>): Promise<void> {
  const watcher = watch(directory)
  const change = new Promise<void>((resolve) => {
    watcher.on('change', (event) => {
      if (event !== 'rename') return
      findings.count('foldsMet')
      watcher.removeAllListeners('change')
      resolve()
    })
  })
  await Promise.race([change, end])
  watcher.close()
}

/** Files work again: so does the service, without a restart. */
async function resumes({ findings, ledger }: Campaign, sandbox: Sandbox, url: string): Promise<void> {
  const client = new Client(url, 1)
  const name = `Merchant after trouble in round ${ledger.round}`
  for (let times = 0; times < 20; times++) {
    const answer = await client.post('/_sandbox/merchants', { name })
    if (answer?.status === 201) {
      ledger.merchants.set(String(object(answer.text)['appKey']), name)
      findings.count('resumed')
      break
    }
    if (answer === undefined || !isRefusal(answer) || times === 19) {
      findings.violation(`When files worked again, service did not resume (round ${ledger.round}): ${answer === undefined ? `no answer; ${sandbox.stderr}` : answer.text}`)
      break
    }
    // Some stores try again only after a while.
    await delay(100)
  }
  await client.close()
}
