import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Child } from './child.ts'

/** What of a process is in memory, in KB. */
export function residentKilobytes({ pid, name }: Child): number {
  const kilobytes = Number(fromProc(pid) ?? execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }))
  if (!(kilobytes > 0)) throw new Error(`how much memory ${name} has in use cannot be found out`)
  return kilobytes
}

function fromProc(pid: number): string | undefined {
  try {
    return /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    // There is no /proc on macOS.
    return undefined
  }
}
