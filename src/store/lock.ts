import { readFileSync, statSync, utimesSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { UsageError } from '../errors.ts'

/** How often the holder shows that it lives, in real milliseconds. */
const BEAT = 1000
/** A holder that does not show itself for so long is taken for dead, where the system cannot tell; real milliseconds. */
const SILENCE = 6000
/** When a dead holder's lock is taken over, another process may be doing the same: the last to write its name has it. */
const TAKING_OVER = 60

interface Holder {
  pid: number
  thread: number
  host: string
}

/** Locks held by this very process, by file: it need not ask the system whether it lives. */
const held = new Set<string>()

/** A data file is one process's: two would write over one another. */
export interface Lock {
  release(): void
}

/**
 * Locks a file by writing the name of this process into a file beside it. Whether a holder still lives is asked of the
 * system, so that after a kill the next start need not wait for anything; only a holder on another host is watched.
 *
 * @param silence how long a holder that the system cannot tell of may be silent
 * @throws UsageError where another process has it
 */
export async function lockFile(file: string, silence = SILENCE): Promise<Lock> {
  const path = `${file}.lock`
  if (held.has(path)) throw inUse(file, path, 'another sandbox of this process')
  const self: Holder = { pid: process.pid, thread: threadId, host: hostname() }
  const name = JSON.stringify(self)
  if (!tryToWrite(path, name)) {
    const other = await livingHolder(path, self, silence)
    if (other !== undefined) throw inUse(file, path, `process ${other.pid}${other.host === self.host ? '' : ` on ${other.host}`}`)
    writeFileSync(path, name)
    await wait(TAKING_OVER)
    const winner = readName(path)
    if (winner !== name) throw inUse(file, path, 'a process that started at the same moment')
  }
  held.add(path)
  const beat = setInterval(() => {
    try {
      utimesSync(path, now() / 1000, now() / 1000)
    } catch {
      // Taken away by hand; the next start of another process is then that hand's doing.
    }
  }, BEAT).unref()
  return {
    release: () => {
      clearInterval(beat)
      held.delete(path)
      if (readName(path) === name) unlinkSync(path)
    },
  }
}

function inUse(file: string, path: string, holder: string): UsageError {
  return new UsageError([`the data file ${file} is in use by ${holder}; stop that one, or choose another file by --data (if nothing runs, remove ${path})`])
}

function tryToWrite(path: string, name: string): boolean {
  try {
    writeFileSync(path, name, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

function readName(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

async function livingHolder(path: string, self: Holder, silence: number): Promise<Holder | undefined> {
  const holder = readHolder(path)
  if (holder?.host === self.host && (holder.pid !== self.pid || holder.thread === self.thread)) {
    // Our own number without a lock of ours is that of an earlier process, as in a container, where it is always 1.
    if (holder.pid === self.pid || !isAlive(holder.pid)) return undefined
    if (now() - (lastBeat(path) ?? 0) < silence) return holder
  }
  // Another host, a number that a later process may have got, or half a name: watched for a while.
  const before = lastBeat(path)
  await wait(silence)
  return before !== undefined && lastBeat(path) !== before ? (readHolder(path) ?? { pid: 0, thread: 0, host: 'an unknown host' }) : undefined
}

function readHolder(path: string): Holder | undefined {
  try {
    const { pid, thread, host } = JSON.parse(readName(path) ?? '') as Partial<Holder>
    return typeof pid === 'number' && typeof thread === 'number' && typeof host === 'string' ? { pid, thread, host } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The wall clock's time: what file systems stamp files with, whatever the sandbox's clock shows. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

function lastBeat(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
