import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { startApp, type App } from '../app.ts'
import type { Settings } from '../config/settings.ts'

/** Passed on to the command. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** After a signal the command gets so many real milliseconds to end. */
const GRACE = 5000
/** What shells answer for a command that cannot be run, and for one that is not there. */
const NOT_EXECUTABLE = 126
const NOT_FOUND = 127

/** How a command ended. */
export type Ending = { code: number; signal?: undefined } | { code?: undefined; signal: NodeJS.Signals }

/** What is done with the sandbox when the command has ended, before it closes. */
export type Afterwards = (app: App, ending: Ending) => Promise<Ending>

/**
 * Runs a command with a sandbox beside it, whose address and keys are in the command's environment: tests in any
 * language need no more. Standard output is the command's alone.
 *
 * @param command the program and its arguments, as they are: no shell looks at them
 * @returns how the command ended
 * @throws UsageError where the sandbox cannot start; the command is not run then
 */
export async function exec(settings: Settings, command: readonly string[], afterwards: Afterwards): Promise<Ending> {
  const app = await startApp(settings)
  try {
    return await afterwards(app, await run(command, environmentOf(app, settings)))
  } finally {
    await app.close()
  }
}

/** Ends this process as the command ended: with its code, or by the signal that ended it. */
export function endAs({ code, signal }: Ending): void {
  if (signal === undefined) {
    process.exitCode = code
    return
  }
  // Where the signal is ignored, a shell's number says the same.
  process.exitCode = 128 + constants.signals[signal]
  process.kill(process.pid, signal)
}

function environmentOf(app: App, { controlToken }: Settings): NodeJS.ProcessEnv {
  const merchant = app.firstMerchant
  return {
    ...process.env,
    QLINK_BASE_URL: app.baseUrl,
    QLINK_CONTROL_URL: app.controlUrl,
    ...(merchant === undefined ? {} : { QLINK_APP_KEY: merchant.appKey, QLINK_APP_SECRET: merchant.appSecret }),
    ...(controlToken === undefined ? {} : { QLINK_CONTROL_TOKEN: controlToken }),
  }
}

async function run([name = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<Ending> {
  // A terminal sends its signals to all that share its group, and only they may read from it. Elsewhere the command gets
  // a group of its own, so that a signal reaches all that it has started.
  const ownGroup = !process.stdin.isTTY
  const child = spawn(name, args, { stdio: 'inherit', env, detached: ownGroup })
  const kill = (signal: NodeJS.Signals): void => {
    sendSignal(child, signal, ownGroup)
  }
  let killer: NodeJS.Timeout | undefined
  const passOn = (signal: NodeJS.Signals): void => {
    if (killer !== undefined && signal === 'SIGINT') kill('SIGKILL')
    else if (ownGroup || signal !== 'SIGINT') kill(signal)
    killer ??= setTimeout(kill, GRACE, 'SIGKILL')
  }
  for (const signal of PASSED_ON) process.on(signal, passOn)
  try {
    return await endOf(child, name)
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn)
    clearTimeout(killer)
    // Whoever asked for the end means all of it.
    if (killer !== undefined && ownGroup) kill('SIGKILL')
  }
}

function endOf(child: ChildProcess, name: string): Promise<Ending> {
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const isThere = error.code !== 'ENOENT'
      const why = error.code === 'EACCES' ? 'it may not be executed' : error.message
      process.stderr.write(`qlink-sandbox: ${isThere ? `the command ${name} cannot be run: ${why}` : `the command ${name} is not found; what stands behind -- is run as it is, without a shell`}\n`)
      resolve({ code: isThere ? NOT_EXECUTABLE : NOT_FOUND })
    })
    child.on('exit', (code, signal) => {
      resolve(signal === null ? { code: code ?? 1 } : { signal })
    })
  })
}

function sendSignal({ pid }: ChildProcess, signal: NodeJS.Signals, toGroup: boolean): void {
  if (pid === undefined) return
  try {
    process.kill(toGroup ? -pid : pid, signal)
  } catch {
    // It is gone already.
  }
}
