import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { giveUp } from './failure.ts'
import { SCRATCH } from './scratch.ts'

/** No start takes so long, in milliseconds; what does hangs. */
const PATIENCE = 60_000

const running = new Set<ChildProcess>()
let stderr: 'ignore' | 'inherit' = 'ignore'

/** What children write to standard error is seen, and not thrown away. */
export function showErrors(): void {
  stderr = 'inherit'
}

export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Settings that a developer has in the environment are not what is measured. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'PORT' && !name.startsWith('QLINK_')))
}

/** A program in a process of its own. One that ends before it was told to, or badly, ends the benchmark. */
export class Child {
  readonly name: string
  readonly pid: number
  readonly #process: ChildProcess
  readonly #firstLine: Promise<string>
  readonly #exit: Promise<unknown>
  #mayEnd = false

  /** @param program the compiled program's URL */
  constructor(name: string, program: URL, args: readonly string[]) {
    this.name = name
    const child = spawn(process.execPath, [fileURLToPath(program), ...args], { cwd: SCRATCH, env: environment(), stdio: ['ignore', 'pipe', stderr] })
    running.add(child)
    this.#process = child
    this.pid = child.pid ?? giveUp(`${name} could not be started`)
    this.#firstLine = once(createInterface({ input: child.stdout }), 'line').then(([line]) => line as string)
    this.#exit = once(child, 'exit').then(([code, signal]) => {
      running.delete(child)
      if (!this.#mayEnd || (code !== null && code !== 0)) {
        giveUp(`${name} ended ${this.#mayEnd ? '' : 'by itself '}with ${code === null ? `the signal ${String(signal)}` : `exit code ${String(code)}`}; --verbose shows what it wrote`)
      }
    })
  }

  /** The first line it prints. */
  async firstLine(): Promise<string> {
    const late = setTimeout(() => giveUp(`${this.name} has printed nothing within ${PATIENCE / 1000} seconds`), PATIENCE)
    const line = await this.#firstLine
    clearTimeout(late)
    return line
  }

  /** Where it listens, as the line says that it prints when it is ready: `http://127.0.0.1:4800`. */
  async url(): Promise<string> {
    const line = await this.firstLine()
    return /ready: (http:\/\/[^/\s]+)/.exec(line)?.[1] ?? giveUp(`${this.name} does not say where it listens: ${line}`)
  }

  /** Ends it as a user would, and returns how many milliseconds that took. */
  async stop(): Promise<number> {
    const told = performance.now()
    await this.#end('SIGTERM')
    return performance.now() - told
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#mayEnd = true
    this.#process.kill(signal)
    await this.#exit
  }
}
