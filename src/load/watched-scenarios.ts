import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Scenario } from '../scenario/schema.ts'
import { Clock } from '../time/clock.ts'
import { readScenarioFile, scenarioFiles, twins, type ScenarioFile } from './scenarios.ts'

/**
 * Real milliseconds between two looks. What the system tells of changes (inotify and its like) does not come through the
 * bind mounts of containers or network drives, and ends with a directory that is replaced; a look at the names and
 * times of a few dozen files costs less than a millisecond and works everywhere.
 */
const INTERVAL = 500
/** A file that was changed this recently when it was read may change again without its time telling. */
const COARSEST_TIME = 2000

/** A file as it was read last. */
interface Seen {
  /** By what a change shows; undefined where it has to be read again anyway. */
  readonly stamp: string | undefined
  readonly read: ScenarioFile
  /** What it held when it was last in order. */
  readonly good: Scenario | undefined
}

/** What a look has found. */
export interface Found {
  readonly scenarios: readonly Scenario[]
  /** A line for each thing that is wrong: file, line, column, path inside, what was expected. */
  readonly problems: readonly string[]
}

/**
 * A directory of scenario files whose changes are followed. Of a broken file, and of all while the directory itself
 * cannot be read, the last good version stays; a file that is gone takes its scenario with it.
 */
export class WatchedScenarios {
  readonly #directory: string
  #seen: ReadonlyMap<string, Seen> = new Map()
  #found: Found = { scenarios: [], problems: [] }
  #changed: (found: Found, before: Found) => void = () => undefined
  #turn: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** @throws UsageError where anything in the directory is not in order: a start does not begin with less than was asked for */
  static async open(directory: string): Promise<WatchedScenarios> {
    const watched = new WatchedScenarios(directory)
    await watched.look()
    if (watched.found.problems.length > 0) throw new UsageError(watched.found.problems)
    return watched
  }

  /** What the last look has found. */
  get found(): Found {
    return this.#found
  }

  /** Looks every now and then from now on, and tells of what has changed. Keeps no process alive. */
  follow(changed: (found: Found, before: Found) => void): void {
    this.#changed = changed
    const next = (): void => {
      if (this.#closed) return
      this.#timer = setTimeout(() => void this.look().then(next, next), INTERVAL).unref()
    }
    next()
  }

  /** Looks now. Looks come one after another, so that whatever was written before this call is seen when it is over. */
  async look(): Promise<void> {
    const look = this.#turn.then(async () => this.#look())
    this.#turn = look.catch(() => undefined)
    return look
  }

  /** Ends the following; what is under way is over when this resolves. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  async #look(): Promise<void> {
    if (this.#closed) return
    const before = this.#found
    const missing: string[] = []
    const names = await scenarioFiles(this.#directory, missing)
    if (missing.length > 0) {
      this.#found = { scenarios: before.scenarios, problems: missing }
    } else {
      this.#seen = new Map(await Promise.all(names.map(async (name) => [name, await this.#read(name)] as const)))
      const seen = [...this.#seen.values()]
      this.#found = {
        // Of two files with one scenario the first in name order counts.
        scenarios: seen.flatMap(({ good }) => (good === undefined ? [] : [good])).filter(({ name }, index, all) => all.findIndex((other) => other.name === name) === index),
        problems: [...seen.flatMap(({ read }) => read.problems), ...twins(seen.map(({ read }) => read))],
      }
    }
    if (!sameList(before.scenarios, this.#found.scenarios) || !sameList(before.problems, this.#found.problems)) this.#changed(this.#found, before)
  }

  async #read(name: string): Promise<Seen> {
    const file = join(this.#directory, basename(name))
    const before = this.#seen.get(name)
    const stamp = await stampOf(file)
    if (before !== undefined && stamp !== undefined && before.stamp === stamp.text) return before
    const read = await readScenarioFile(file)
    const same = before !== undefined && JSON.stringify(before.read) === JSON.stringify(read)
    // The same object where it is the same scenario: that is how a change is told.
    const good = same ? before.good : (read.scenario ?? before?.good)
    return { stamp: stamp?.settled === true ? stamp.text : undefined, read: same ? before.read : read, good }
  }
}

/** What changes with a file: its identity, size and times, to the nanosecond where the system has them. */
async function stampOf(file: string): Promise<{ text: string; settled: boolean } | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs, mtimeMs } = await stat(file, { bigint: true })
    return { text: [ino, size, mtimeNs, ctimeNs].join(' '), settled: Math.abs(Clock.wall() - Number(mtimeMs)) > COARSEST_TIME }
  } catch {
    return undefined
  }
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index])
}
