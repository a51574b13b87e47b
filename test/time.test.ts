import fc from 'fast-check'
import t from 'tap'
import { Agenda, AdvanceInterrupted } from '../src/time/agenda.ts'
import { Clock } from '../src/time/clock.ts'

interface Work { name: string; takes?: Promise<unknown>; adds?: [number, string][]; fails?: boolean }

/** An agenda on a manual clock at 0 that writes down what ran, and when. */
const make = () => {
  const clock = new Clock('manual', 0)
  const ran: [string, number][] = []
  const agenda: Agenda<Work> = new Agenda<Work>(clock, async (work) => {
    const { name, takes, adds = [] } = work
    ran.push([name, clock.now()])
    await takes
    for (const [at, more] of adds) agenda.add(at, { name: more })
    if (work.fails === true) throw new Error(`${name} failed`)
    return !name.startsWith('void')
  })
  return { clock, agenda, ran }
}

await t.test('advance runs what falls due, in order of time, then of adding', async (t) => {
  const { clock, agenda, ran } = make()
  agenda.add(20, { name: 'c' })
  agenda.add(10, { name: 'a' })
  agenda.add(10, { name: 'b' })
  agenda.add(31, { name: 'later' })
  const done = await agenda.advance(() => 30)
  t.strictSame(ran, [['a', 10], ['b', 10], ['c', 20]])
  t.strictSame(done.map((work) => work.name), ['a', 'b', 'c'])
  t.equal(clock.now(), 30)
})

await t.test('one by one, a piece of work waits for the one before', async (t) => {
  const clock = new Clock('manual', 0)
  const started: string[] = []
  const ends: (() => void)[] = []
  const agenda = new Agenda<string>(clock, async (name) => {
    started.push(name)
    await new Promise<void>((resolve) => ends.push(resolve))
    return true
  }, { oneByOne: true })
  for (const name of ['a', 'b', 'c']) agenda.add(0, name)
  const advanced = agenda.advance(() => 10)
  for (const alone of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    while (ends.length < alone.length) await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(started, alone)
    ends.at(-1)?.()
  }
  t.strictSame(await advanced, ['a', 'b', 'c'])
})

await t.test('what work adds is run in the same advance, at its own time', async (t) => {
  const { agenda, ran } = make()
  agenda.add(10, { name: 'a', adds: [[10, 'now'], [15, 'soon'], [99, 'later']] })
  agenda.add(12, { name: 'b' })
  await agenda.advance(() => 50)
  t.strictSame(ran, [['a', 10], ['now', 10], ['b', 12], ['soon', 15]])
})

await t.test('each instant is awaited before the clock moves on', async (t) => {
  const { clock, agenda, ran } = make()
  let finish: () => void = () => undefined
  agenda.add(10, { name: 'slow', takes: new Promise<void>((resolve) => (finish = resolve)) })
  agenda.add(11, { name: 'next' })
  const advancing = agenda.advance(() => 20)
  const second = agenda.advance(() => clock.now() + 5)
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(ran, [['slow', 10]])
  t.equal(clock.now(), 10)
  finish()
  await advancing
  t.strictSame(ran, [['slow', 10], ['next', 11]])
  await second
  t.equal(clock.now(), 25, 'a second advance waits for the first, and counts from there')
})

await t.test('an advance that cannot be leaves the next one alone', async (t) => {
  const { clock, agenda } = make()
  await t.rejects(agenda.advance(() => {
    throw new Error('no')
  }), /no/)
  await agenda.advance(() => 5)
  t.equal(clock.now(), 5)
})

await t.test('what is due now runs now, on a manual clock too', async (t) => {
  const { agenda, ran } = make()
  agenda.add(0, { name: 'now' })
  agenda.add(-5, { name: 'overdue' })
  t.strictSame(ran, [], 'not before whoever added it has gone on')
  await agenda.advance(() => 0)
  t.strictSame(ran, [['overdue', 0], ['now', 0]])
})

await t.test('a real clock runs work by itself; closed, nothing more', async (t) => {
  const clock = new Clock('real')
  const ran: string[] = []
  const { promise, resolve } = deferred()
  const agenda = new Agenda<string>(clock, async (name) => {
    ran.push(name)
    if (name === 'soon') resolve()
    return true
  })
  agenda.add(clock.now() + 60_000, 'in a minute')
  agenda.add(clock.now() + 2 ** 40, 'past what a timer can take')
  agenda.add(clock.now() + 5, 'soon')
  agenda.add(clock.now(), 'now')
  await promise
  t.strictSame(ran, ['now', 'soon'])
  agenda.close()
  agenda.add(clock.now(), 'too late')
  await agenda.running()
  t.strictSame(ran, ['now', 'soon'])
})

await t.test('from real to manual and back', async (t) => {
  const clock = new Clock('real')
  const ran: string[] = []
  const { promise, resolve } = deferred()
  const agenda = new Agenda<string>(clock, async (name) => {
    ran.push(name)
    resolve()
    return true
  })
  const at = clock.now() + 20
  agenda.add(at, 'due')
  clock.set('manual')
  agenda.reconsider()
  await agenda.advance(() => at - 1)
  t.strictSame(ran, [])
  clock.set('real', Clock.wall())
  agenda.reconsider()
  await promise
  t.strictSame(ran, ['due'])
  agenda.close()
})

await t.test('an advance says what was done, not what was needless', async (t) => {
  const { agenda } = make()
  for (const name of ['a', 'void b', 'c']) agenda.add(10, { name })
  t.strictSame((await agenda.advance(() => 20)).map((work) => work.name), ['a', 'c'])
})

await t.test('work that fails ends the advance with what it failed with, and is not run again in it', async (t) => {
  const { clock, agenda, ran } = make()
  agenda.add(10, { name: 'a', fails: true })
  agenda.add(20, { name: 'b' })
  await t.rejects(agenda.advance(() => 1000), /a failed/)
  t.strictSame(ran, [['a', 10]])
  t.equal(clock.now(), 10, 'the clock stands where it came to')
  await t.rejects(agenda.advance(() => 1000), /a failed/)
  t.strictSame(ran, [['a', 10], ['a', 10]], 'the next advance does not pass it by')
  agenda.close()
})

for (const [what, act] of [
  ['set to real', (clock: Clock, agenda: Agenda<Work>) => {
    agenda.interrupt()
    clock.set('real')
    agenda.reconsider()
  }],
  ['reset', (clock: Clock, agenda: Agenda<Work>) => {
    agenda.clear()
    clock.reset()
  }],
] as const) {
  await t.test(`${what} while it advances: the advance stops and says so, and nothing spins`, async (t) => {
    const { clock, agenda, ran } = make()
    let finish: () => void = () => undefined
    agenda.add(10, { name: 'slow', takes: new Promise<void>((resolve) => (finish = resolve)) })
    agenda.add(Clock.wall() + 3_600_000, { name: 'far' })
    const advancing = agenda.advance(() => Clock.wall() + 7_200_000)
    await new Promise((resolve) => setImmediate(resolve))
    act(clock, agenda)
    const before = clock.now()
    finish()
    await t.rejects(advancing, AdvanceInterrupted)
    t.strictSame(ran, [['slow', 10]])
    t.ok(clock.now() - before < 60_000, 'the clock was not taken along')
    agenda.close()
  })
}

await t.test('on a real clock, work that fails comes again by itself', async (t) => {
  const { promise, resolve } = deferred()
  let tries = 0
  const agenda = new Agenda<string>(new Clock('real'), async () => {
    if (++tries === 1) throw new Error('no')
    resolve()
    return true
  })
  agenda.add(0, 'stubborn')
  await promise
  t.equal(tries, 2)
  agenda.close()
})

await t.test('a wait longer than a timer can take does not spin', async (t) => {
  const agenda = new Agenda<string>(new Clock('real'), async () => true)
  const warnings: Error[] = []
  const listen = (warning: Error): void => void warnings.push(warning)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  agenda.add(Clock.wall() + 2 ** 40, 'in 35 years')
  await new Promise((resolve) => setImmediate(resolve))
  // Node warns of a timer that is too long, and then fires it at once.
  t.strictSame(warnings, [])
  agenda.close()
})

await t.test('cleared, nothing is left', async (t) => {
  const { agenda, ran } = make()
  agenda.add(10, { name: 'a' })
  agenda.clear()
  await agenda.advance(() => 20)
  t.strictSame(ran, [])
})

await t.test('any work in any order runs in order of time, whatever the steps of the advance', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1000), { maxLength: 50 }), fc.array(fc.nat(300), { maxLength: 10 }), async (times, steps) => {
      const { clock, agenda, ran } = make()
      times.forEach((at, index) => {
        agenda.add(at + 1, { name: String(index) })
      })
      for (const step of [...steps, 1001]) await agenda.advance(() => clock.now() + step)
      const expected = times.map((at, index) => [String(index), at + 1] as const).sort((a, b) => a[1] - b[1])
      return JSON.stringify(ran) === JSON.stringify(expected)
    }),
  )
})

await t.test('a manual clock never goes back, but by a reset', async (t) => {
  const clock = new Clock('manual', 100)
  clock.forward(50)
  t.equal(clock.now(), 100)
  clock.forward(150)
  clock.reset()
  t.equal(clock.now(), 100)
  clock.set('manual')
  t.equal(clock.now(), 100)
})

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((fulfil) => (resolve = fulfil))
  return { promise, resolve }
}
