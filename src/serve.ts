import { startApp } from './app.ts'
import type { Settings } from './config/settings.ts'
import { VERSION } from './version.ts'

/** Whatever hangs, the process ends within five seconds of being told to (INTERFACE §1). */
const LAST_MOMENT = 4500

/** Runs the sandbox until a signal ends it. */
export async function serve(settings: Settings): Promise<void> {
  const app = await startApp(settings)
  const clock = settings.clock === 'real' ? '' : ` · clock: ${settings.clock}, ${app.now()}`
  process.stdout.write(`qlink-sandbox ${VERSION} is ready: ${app.baseUrl} · docs: ${app.url}/docs · data: ${settings.data}${clock}\n`)

  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(0), LAST_MOMENT).unref()
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`qlink-sandbox: ${error instanceof Error ? error.message : String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}
