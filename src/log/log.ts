import { pino, type Logger } from 'pino'
import type { Settings } from '../config/settings.ts'

let stderr: ReturnType<typeof pino.destination> | undefined

/**
 * Opens the log on standard error; standard output is for the one line that says where the sandbox is. Programs get
 * JSON, people at a terminal lines that they can read.
 *
 * @param now the time on the sandbox's clock, in milliseconds since 1970
 */
export async function openLog({ logLevel, logFormat, timeZone }: Settings, now: () => number): Promise<Logger> {
  const to = destination()
  const options = { level: logLevel, base: null }
  if (logFormat === 'json' || (logFormat === 'auto' && !process.stderr.isTTY)) return pino(options, to)
  // Loaded only where someone reads it.
  const { readable } = await import('./readable.ts')
  const line = readable({ now, timeZone, colours: process.stderr.isTTY && (process.env['NO_COLOR'] ?? '') === '' })
  return pino(options, { write: (json) => void to.write(line(json)) })
}

/** One for the process, however many sandboxes are in it. */
function destination(): ReturnType<typeof pino.destination> {
  // A write for each line costs as much as all the rest of a request; a tenth of a second later is soon enough.
  if (stderr === undefined) {
    const made = pino.destination({ dest: 2, sync: true, minLength: 4096, periodicFlush: 100 })
    stderr = made
    // However the process ends, what it has said is said.
    process.on('exit', () => {
      made.flushSync()
    })
  }
  return stderr
}
