import { UsageError } from '../errors.ts'
import { callsTo } from './call.ts'
import { sandboxBy, type Sandbox } from './sandbox.ts'

/** Where a sandbox runs that was started elsewhere. */
export interface Connection {
  /** Its control API: `http://127.0.0.1:4800/_sandbox`. QLINK_CONTROL_URL where left out, which `exec` sets. */
  url?: string
  /** Where its four endpoints are. QLINK_BASE_URL where left out, or else the usual path of the same server. */
  baseUrl?: string
  /** Its control token. QLINK_CONTROL_TOKEN where left out. */
  token?: string
}

/**
 * A sandbox that runs elsewhere, with the same face as one in this process: a suite that uses the one runs against the
 * other too. It is not looked for until the first call.
 *
 * @param env where addresses are that are left out
 * @throws UsageError where no address is given, or it is none
 */
export function connectSandbox({ url, baseUrl, token }: Connection = {}, env: Readonly<Record<string, string | undefined>> = process.env): Sandbox {
  const given = url ?? env['QLINK_CONTROL_URL']
  if (given === undefined || given === '') throw new UsageError(['connectSandbox needs the url of a control API such as http://127.0.0.1:4800/_sandbox, or QLINK_CONTROL_URL in the environment, as qlink-sandbox exec sets it'])
  if (!URL.canParse(given) || !/^https?:/.test(given)) throw new UsageError([`the url of connectSandbox must be an http or https URL such as http://127.0.0.1:4800/_sandbox, but is "${given}"`])
  const controlUrl = given.replace(/\/+$/, '')
  const server = new URL(controlUrl).origin
  return sandboxBy(callsTo(controlUrl, token ?? env['QLINK_CONTROL_TOKEN']), {
    url: server,
    baseUrl: (baseUrl ?? env['QLINK_BASE_URL'] ?? `${server}/open-platform-api/pay`).replace(/\/+$/, ''),
    controlUrl,
    close: () => Promise.resolve(),
  })
}
