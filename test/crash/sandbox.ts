import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from './package-root.ts'

export type Trouble = 'calm' | 'some' | 'full'
/** Every way to change files that the store has. */
export type Operation = 'open' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'syncDirectory'
/** What the program with injected faults is told, at its start and while it runs. */
export interface Orders {
  /** `some` operations fail, or all that need space. */
  trouble?: Trouble
  /** Dies inside the operation after so many more … */
  dieAfter?: number
  /** … of this kind; left out: of any … */
  dieIn?: Operation
  /** … counted from the next one of this kind on. */
  dieFrom?: Operation
  /** With its death everything goes that was not synced, as when the machine dies. */
  power?: boolean
}
export interface Launch {
  settings: Readonly<Record<string, string>>
  /** Where given, files are written through a layer that can fail. */
  injected?: Orders & { seed: string }
}
export interface Ended { code: number | null; signal: string | null }

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const FAULTY = fileURLToPath(new URL(`faulty.${EXTENSION}`, import.meta.url))
/** As source, the program needs the same loader as this process, and nothing that counts coverage. */
const LOADERS = EXTENSION === 'ts' ? process.execArgv.filter((flag) => flag.includes('typescript')) : []

const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('QLINK_') && !['PORT', 'HOST', 'NODE_OPTIONS', 'NODE_V8_COVERAGE'].includes(name)),
)

/** A sandbox in a process of its own, which can be killed at any moment. */
export class Sandbox {
  readonly injected: boolean
  /** Its address, or undefined where it ended before it had one. */
  readonly ready: Promise<string | undefined>
  readonly ended: Promise<Ended>
  stderr = ''
  gone = false
  killed = false
  /** How many operations had failed when it last took orders. */
  faults = 0
  readonly #child: ChildProcess

  constructor({ settings, injected }: Launch) {
    this.injected = injected !== undefined
    const args = injected === undefined
      ? [join(packageRoot(), 'dist', 'cli.js'), 'serve', ...Object.entries(settings).flatMap(([name, value]) => [`--${kebab(name)}`, value])]
      : [...LOADERS, FAULTY, JSON.stringify({ settings, ...injected })]
    const child = spawn(process.execPath, args, { env: environment, stdio: injected === undefined ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#child = child
    alive.add(child)
    // A message to a process that is just dying cannot arrive.
    child.on('error', () => undefined)
    child.on('message', ({ faults }: { faults: number }) => (this.faults = faults))
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.ended = once(child, 'close').then(([code, signal]: unknown[]) => {
      alive.delete(child)
      this.gone = true
      return { code, signal } as Ended
    })
    this.ready = this.#address()
  }

  kill(): Promise<Ended> {
    this.killed = true
    this.#child.kill('SIGKILL')
    return this.ended
  }

  stop(): Promise<Ended> {
    this.#child.kill('SIGTERM')
    return this.ended
  }

  /** Ends when the program has taken the orders, or has died. */
  async order(orders: Orders): Promise<void> {
    if (this.gone) return
    const taken = once(this.#child, 'message')
    this.#child.send(orders, () => undefined)
    await Promise.race([taken, this.ended])
  }

  /** How often the program reported something while it died. */
  reported(word: string): number {
    return this.stderr.split(`faulty: ${word}`).length - 1
  }

  async #address(): Promise<string | undefined> {
    const first = this.#child.stdout === null ? undefined : once(this.#child.stdout, 'data')
    const said = await Promise.race([first, this.ended.then(() => undefined)])
    return said === undefined ? undefined : /http:\/\/[^/\s]+/.exec(String(said[0]))?.[0]
  }
}
