import { startApp, type App } from './app.ts'
import { resolveSettings } from './config/resolve.ts'
import type { Settings } from './config/settings.ts'

export { UsageError } from './errors.ts'

/** The options of {@link startSandbox}: the settings of `qlink-sandbox serve`, by their names in camel case. */
export type SandboxOptions = { [Name in keyof Settings]?: Settings[Name] | undefined }

/** A sandbox in this process. */
export type Sandbox = App

/**
 * Starts a sandbox in this process: on a free port, keeping nothing, silent, unless told otherwise. The environment is
 * not looked at.
 *
 * @param options settings by name; see the README's table
 * @throws UsageError naming every option that cannot be used
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const given = { port: 0, data: 'memory', logLevel: 'silent', ...options }
  return startApp(await resolveSettings({ given, spell: (name) => name, env: {} }))
}
