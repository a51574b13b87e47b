import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UsageError } from '../errors.ts'

/** How often the holder shows that it lives, in real milliseconds. */
const BEAT = 1000
/** A holder that does not show itself for so long is taken for dead, where the system cannot tell; real milliseconds. */
const SILENCE = 3500

interface Holder {
  pid: number
  /** Where that number means something: the machine, and on Linux the container. */
  place: string
  /** When the process began, as far as the system tells: a number may have come to another process. */
  began: string
  /** Of this one lock: two sandboxes of one process are two. */
  nonce: string
}

/** Nonces of the locks that this very process holds. */
const held = new Set<string>()

/** A data file is one process's: two would write over one another. */
export interface Lock {
  /**
   * Whether it still is ours. It can be lost by a process that was stopped for long; nothing may be written then any
   * more. What was merely taken away is put back.
   */
  isOurs(): boolean
  release(): void
}

/**
 * Locks a file by writing the name of this process into a file beside it. Whether a holder still lives is asked of the
 * system, so that after a kill the next start need not wait for anything; only a holder in another place is watched.
 *
 * @param silence how long a holder that the system cannot tell of may be silent
 * @throws UsageError where another process has it
 */
export async function lockFile(file: string, silence = SILENCE): Promise<Lock> {
  const path = `${file}.lock`
  const self: Holder = { pid: process.pid, place: ownPlace(), began: beganAt('self'), nonce: randomBytes(8).toString('hex') }
  const name = JSON.stringify(self)
  while (!tryToWrite(path, name)) {
    const dead = readText(path)
    const other = await livingHolder(path, self, silence)
    if (other !== undefined) {
      const who = held.has(other.nonce) ? 'another sandbox of this process' : `process ${other.pid}${other.place === self.place ? '' : ` on ${other.place}`}`
      throw new UsageError([`the data file ${file} is in use by ${who}; stop that one, or choose another file by --data (if nothing runs, remove ${path})`])
    }
    takeAway(path, dead, self.nonce)
  }
  held.add(self.nonce)
  clearAside(path)
  let looked = performance.now()
  let ours = true
  const look = (): void => {
    looked = performance.now()
    try {
      ours &&= (readText(path) ?? (tryToWrite(path, name) ? name : undefined)) === name
      if (ours) utimesSync(path, now() / 1000, now() / 1000)
    } catch {
      // The directory is gone: whatever is written now will say so itself.
    }
  }
  const beat = setInterval(look, BEAT).unref()
  return {
    isOurs: () => {
      // A process that stood still may find that another has gone on.
      if (performance.now() - looked > 2 * BEAT) look()
      return ours
    },
    release: () => {
      clearInterval(beat)
      held.delete(self.nonce)
      if (readText(path) === name) unlinkSync(path)
    },
  }
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

/** Takes a dead holder's lock away, unless another process has done so meanwhile and put its own there. */
function takeAway(path: string, dead: string | undefined, nonce: string): void {
  const aside = `${path}-${nonce}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (readText(aside) === dead) unlinkSync(aside)
  else renameSync(aside, path)
}

/** What processes that were killed while they took a dead lock away have left. */
function clearAside(path: string): void {
  const prefix = `${basename(path)}-`
  for (const name of readdirSync(dirname(path)).filter((one) => one.startsWith(prefix))) {
    try {
      unlinkSync(join(dirname(path), name))
    } catch {
      // Gone already.
    }
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

async function livingHolder(path: string, self: Holder, silence: number): Promise<Holder | undefined> {
  const holder = readHolder(path)
  if (holder?.place === self.place) return held.has(holder.nonce) || (isAlive(holder.pid) && beganAt(holder.pid) === holder.began) ? holder : undefined
  // Another machine or container, or half a name, which is one that is being written: watched for a while.
  const before = lastBeat(path)
  await wait(silence)
  const after = lastBeat(path)
  return after !== undefined && after !== before ? (readHolder(path) ?? { pid: 0, place: 'an unknown host', began: '', nonce: '' }) : undefined
}

function readHolder(path: string): Holder | undefined {
  try {
    const { pid, place, began, nonce } = JSON.parse(readText(path) ?? '') as Partial<Holder>
    const isWhole = typeof pid === 'number' && typeof place === 'string' && typeof began === 'string' && typeof nonce === 'string'
    return isWhole ? { pid, place, began, nonce } : undefined
  } catch {
    return undefined
  }
}

/** The machine's name, and on Linux which of its containers this is, as process numbers go. */
function ownPlace(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** When a process began, in the system's own words; empty where the system does not tell. */
function beganAt(pid: number | 'self'): string {
  // Behind the name, which may have anything in it, the twentieth field (proc(5), stat).
  return readText(`/proc/${pid}/stat`)?.replace(/^.*\)/s, '').trim().split(' ')[19] ?? ''
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
