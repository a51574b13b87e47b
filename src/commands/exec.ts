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
/** Why a command cannot be run, by the system's code. */
const OBSTACLES: Readonly<Record<string, string>> = {
  E2BIG: 'its arguments and the environment are too long together',
  EACCES: 'it may not be executed',
  ELOOP: 'it is a link that leads back to itself',
  ENAMETOOLONG: 'its name is too long',
  ENOTDIR: 'its path leads through what is not a directory',
}

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
  // Who has closed standard error misses what is said there; the command's end is passed on all the same.
  process.stderr.on('error', () => undefined)
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
  // Node.js takes this one for itself, and would open its debugger.
  if (signal !== 'SIGUSR1') process.kill(process.pid, signal)
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
  // a group of its own, so that a signal reaches all that it has started. Windows has no groups.
  const ownGroup = !process.stdin.isTTY && process.platform !== 'win32'
  let child: ChildProcess | undefined
  const kill = (signal: NodeJS.Signals): void => {
    sendSignal(child?.pid, signal, ownGroup)
  }
  let killer: NodeJS.Timeout | undefined
  const passOn = (signal: NodeJS.Signals): void => {
    if (killer !== undefined && signal === 'SIGINT') kill('SIGKILL')
    else if (ownGroup || signal !== 'SIGINT') kill(signal)
    killer ??= setTimeout(kill, GRACE, 'SIGKILL')
  }
  // Before the command starts: a signal that comes in its first moments would else end this process alone.
  for (const signal of PASSED_ON) process.on(signal, passOn)
  try {
    child = spawn(name, args, { stdio: 'inherit', env, detached: ownGroup })
    return await endOf(child)
  } catch (error) {
    return notRun(name, error as NodeJS.ErrnoException)
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn)
    clearTimeout(killer)
    // Whoever asked for the end means all of it.
    if (killer !== undefined && ownGroup) kill('SIGKILL')
  }
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      resolve(signal === null ? { code: code ?? 1 } : { signal })
    })
  })
}

/** Says why a command could not be started. Node.js reports some reasons by an event, and throws others. */
function notRun(name: string, { code = '', message }: NodeJS.ErrnoException): Ending {
  const isThere = code !== 'ENOENT'
  process.stderr.write(`qlink-sandbox: ${isThere ? `the command ${name} cannot be run: ${OBSTACLES[code] ?? message}` : `the command ${name} is not found; what stands behind -- is run as it is, without a shell`}\n`)
  return { code: isThere ? NOT_EXECUTABLE : NOT_FOUND }
}

function sendSignal(pid: number | undefined, signal: NodeJS.Signals, toGroup: boolean): void {
  if (pid === undefined) return
  try {
    process.kill(toGroup ? -pid : pid, signal)
  } catch {
    // It is gone already.
  }
}
