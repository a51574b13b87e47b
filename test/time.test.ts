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

/** A clock whose real milliseconds pass as the test says. */
const paced = (rate: number, now?: number) => {
  const real = { passed: 0 }
  return { real, clock: new Clock('real', now, rate, () => real.passed) }
}

await t.test('a clock with a rate counts from where it starts, in whole milliseconds', async (t) => {
  for (const [rate, passed, expected] of [[60, 1000, 61_000], [0.5, 3, 1001], [0.001, 999, 1000], [1_000_000, 0.25, 251_000], [1, 7, 1007]] as const) {
    const { real, clock } = paced(rate, 1000)
    t.strictSame([clock.now(), clock.rate, clock.mode], [1000, rate, 'real'])
    real.passed = passed
    t.equal(clock.now(), expected, `${rate}x`)
  }
  const before = Clock.wall()
  const { clock } = paced(60)
  t.ok(clock.now() >= before && clock.now() <= Clock.wall(), 'where nothing is said, the time of day')
  t.equal(new Clock('manual', 0).rate, 0)
})

await t.test('a clock with a rate stops where times cannot be written any more', async (t) => {
  const { real, clock } = paced(1_000_000, 0)
  real.passed = 1e12
  t.equal(new Date(clock.now()).getUTCFullYear(), 9999)
})

await t.test('changing the rate goes on from where the clock stands, both ways', async (t) => {
  const { real, clock } = paced(60, 0)
  real.passed = 1000
  clock.set('real', undefined, 0.5)
  t.equal(clock.now(), 60_000)
  real.passed = 2000
  t.equal(clock.now(), 60_500)
  clock.set('real')
  t.strictSame([clock.now(), clock.rate], [60_500, 1])
  real.passed = 2100
  t.equal(clock.now(), 60_600, 'at a rate of 1, but not the time of day')
  clock.set('manual')
  real.passed = 3000
  t.strictSame([clock.now(), clock.rate], [60_600, 0])
  clock.set('real', 100, 2)
  real.passed = 3010
  t.equal(clock.now(), 120)
  clock.set('manual')
  clock.set('real')
  t.ok(Math.abs(clock.now() - Clock.wall()) < 60_000, 'from manual to real: the time of day')
})

await t.test('a reset takes a clock with a rate to where it began, and can be taken back', async (t) => {
  const { real, clock } = paced(60, 5000)
  real.passed = 1000
  clock.set('real', undefined, 10)
  const takeBack = clock.reset()
  t.equal(clock.now(), 5000)
  real.passed = 1100
  t.strictSame([clock.now(), clock.rate], [6000, 10], 'the rate stays')
  takeBack()
  t.equal(clock.now(), 66_000, 'as if it had never been reset')
  clock.set('real')
  clock.reset()
  t.ok(Math.abs(clock.now() - Clock.wall()) < 60_000, 'at a rate of 1, the time of day')
})

await t.test('what falls due between two ticks is started in order of time, at its time or later, and nobody waits', async (t) => {
  const { real, clock } = paced(1_000_000, 0)
  const ran: [string, number][] = []
  const { promise, resolve } = deferred()
  const agenda: Agenda<Work> = new Agenda<Work>(clock, async ({ name, takes, adds = [] }) => {
    ran.push([name, clock.now()])
    for (const [at, more] of adds) agenda.add(at, { name: more })
    if (name === 'last') resolve()
    await takes
    return true
  })
  agenda.add(9e8, { name: 'last' })
  agenda.add(2e8, { name: 'b', takes: new Promise(() => undefined) })
  agenda.add(1e8, { name: 'a', adds: [[3e8, 'of a'], [99e8, 'far']] })
  agenda.add(2e8, { name: 'c' })
  t.strictSame(ran, [], 'nothing is due yet')
  real.passed = 1000
  agenda.reconsider()
  await promise
  t.strictSame(ran.map(([name]) => name), ['a', 'b', 'c', 'of a', 'last'])
  t.ok(ran.every(([, at]) => at === 1e9))
  agenda.close()
})

await t.test('one by one is for a manual clock: made real, it waits for nothing', async (t) => {
  const clock = new Clock('manual', 0)
  const { promise, resolve } = deferred()
  const agenda: Agenda<Work> = new Agenda<Work>(clock, async ({ name, takes }) => {
    if (name === 'next') resolve()
    await takes
    return true
  }, { oneByOne: true })
  agenda.add(0, { name: 'endless', takes: new Promise(() => undefined) })
  agenda.add(0, { name: 'next' })
  await new Promise((settled) => setImmediate(settled))
  clock.set('real', 0, 60)
  agenda.reconsider()
  await t.resolves(promise)
  agenda.close()
})

await t.test('timers are divided by the rate', async (t) => {
  // At a real pace this would come after two days, and the test would time out.
  const clock = new Clock('real', 0, 1_000_000)
  const { promise, resolve } = deferred()
  const ran: number[] = []
  const agenda = new Agenda<string>(clock, async () => {
    ran.push(clock.now())
    resolve()
    return true
  })
  agenda.add(172_800_000, 'in two days')
  await promise
  t.ok(Number(ran[0]) >= 172_800_000, 'not early')
  agenda.close()
})

await t.test('a wait that a low rate makes longer than a timer can take does not spin', async (t) => {
  const agenda = new Agenda<string>(new Clock('real', 0, 0.001), async () => true)
  const warnings: Error[] = []
  const listen = (warning: Error): void => void warnings.push(warning)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  agenda.add(172_800_000, 'two days, which take five years')
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(warnings, [])
  agenda.close()
})

await t.test('a rate given to a running clock is the agenda\'s too', async (t) => {
  const clock = new Clock('real')
  const { promise, resolve } = deferred()
  const agenda = new Agenda<string>(clock, async () => {
    resolve()
    return true
  })
  agenda.add(clock.now() + 172_800_000, 'in two days')
  clock.set('real', undefined, 1_000_000)
  agenda.reconsider()
  await t.resolves(promise)
  agenda.close()
})

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((fulfil) => (resolve = fulfil))
  return { promise, resolve }
}
