// What the tests share that use the project's own kit, as a merchant's tests would.
import type { Test } from 'tap'
import { startMerchantEndpoint, startSandbox, type EndpointOptions, type MerchantEndpoint, type Sandbox, type SandboxError, type SandboxOptions, type TestMerchant } from '../../src/index.ts'
import { application, body, NOW, send, type Answer, type Json } from './blackbox.ts'

/** A sandbox that closes with the test. */
export const start = async (t: Test, options: SandboxOptions = {}): Promise<Sandbox> => {
  const sandbox = await startSandbox({ clock: 'manual', now: NOW, ...options })
  t.teardown(() => sandbox.close())
  return sandbox
}

/** A merchant's server for callbacks that closes with the test. */
export const receiver = async (t: Test, options: EndpointOptions = {}): Promise<MerchantEndpoint> => {
  const endpoint = await startMerchantEndpoint(options)
  t.teardown(() => endpoint.close())
  return endpoint
}

/** Signs and posts to one of the four endpoints. */
export const call = (merchant: Pick<TestMerchant, 'baseUrl' | 'headersFor'>, operation: string, content: Json, headers: Record<string, string> = {}): Promise<Answer> => {
  const text = JSON.stringify(content)
  return send(`${merchant.baseUrl}/${operation}`, { headers: { ...merchant.headersFor(text), ...headers }, body: text })
}

/** Applies for a payment, and gives the bill's code. */
export const apply = async (merchant: TestMerchant, over: Json = {}): Promise<string> => String(body(await call(merchant, 'apply', application(over)))['billCode'])

/** What tap is to compare a SandboxError with: any of its fields. */
export const problem = (fields: Partial<SandboxError>): Error => fields as Error
