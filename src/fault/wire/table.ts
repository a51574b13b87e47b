import { connectionReset } from './connection-reset.ts'
import { emptyResponse } from './empty-response.ts'
import type { Fault } from './fault.ts'
import { garbage } from './garbage.ts'
import { hang } from './hang.ts'
import { gatewayStatus, serverStatus } from './http-status.ts'
import { notJson } from './not-json.ts'
import { truncatedJson } from './truncated-json.ts'

/** Every fault that a scenario can put on the wire, by the name that it has there (INTERFACE §4). */
export const FAULTS = {
  'connection-reset': connectionReset,
  'empty-response': emptyResponse,
  'truncated-json': truncatedJson,
  'garbage': garbage,
  'hang': hang,
  'not-json': notJson,
  'http-429': gatewayStatus(429, { 'retry-after': '5' }),
  'http-500': serverStatus(500),
  'http-501': serverStatus(501),
  'http-502': gatewayStatus(502),
  'http-503': gatewayStatus(503, { 'retry-after': '5' }),
  'http-504': gatewayStatus(504),
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]
