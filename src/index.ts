import { startApp } from './app.ts'
import { resolveSettings } from './config/resolve.ts'
import type { Settings } from './config/settings.ts'
import { callsTo } from './kit/call.ts'
import { sandboxBy, type Sandbox } from './kit/sandbox.ts'

export { UsageError } from './errors.ts'
export { SandboxError } from './kit/call.ts'
export { connectSandbox, type Connection } from './kit/connect.ts'
export type { BillHandle, Bills, ClockHandle, Notifications, Requests, Scenarios } from './kit/handles.ts'
export type { Answer, Reply } from './kit/answers.ts'
export { startMerchantEndpoint, type EndpointOptions, type MerchantEndpoint } from './kit/merchant-endpoint.ts'
export type { Received, SignatureCheck } from './kit/received.ts'
export type { Sandbox, TestMerchant } from './kit/sandbox.ts'
export type * from './kit/views.ts'

/** The options of {@link startSandbox}: the settings of `qlink-sandbox serve`, by their names in camel case. */
export type SandboxOptions = { [Name in keyof Settings]?: Settings[Name] | undefined }

/**
 * Starts a sandbox in this process: on a free port, keeping nothing, silent, unless told otherwise. The environment is
 * not looked at.
 *
 * @param options settings by name; see the README's table
 * @throws UsageError naming every option that cannot be used
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const given = { port: 0, data: 'memory', logLevel: 'silent', ...options }
  const settings = await resolveSettings({ given, spell: (name) => name, env: {} })
  const app = await startApp(settings)
  return sandboxBy(callsTo(app.controlUrl, settings.controlToken), app)
}
