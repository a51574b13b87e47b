import { createHash } from 'node:crypto'

const APP_KEY = 'demo-app-key'
const APP_SECRET = 'demo-app-secret'
const BASE_PATH = '/open-platform-api/pay'

/** A request that only needs to be sent: signing is done beforehand, and costs the load generator nothing. */
export interface Prepared {
  method: 'POST'
  path: string
  headers: Record<string, string>
  body: string
}

export function applyRequest(tradeUuid: string): Prepared {
  return signed('apply', {
    payAccount: 'account1',
    payTypeCode: 'ONLINE',
    payChannelCode: 'QRIS',
    tradeUuid,
    tradeTime: '2025-08-04 13:45:21',
    source: 'QERP_ASIA',
    orderCode: `O-${tradeUuid}`,
    country: 'ID',
    currency: 'IDR',
    amount: 125000.5,
    description: 'Two cups of coffee 两杯咖啡',
    metadata: '',
    items: [
      {
        skuCode: 'SKU01',
        skuName: '商品01',
        quantity: '1',
        url: 'http://shop.example/sku01',
        imageUrl: 'http://shop.example/sku01.png',
        category: 'drinks',
        subcategory: 'coffee',
        description: '',
        metadata: '',
      },
    ],
  })
}

export function getPayStatusRequest(tradeUuidList: readonly string[]): Prepared {
  return signed('getPayStatus', { tradeUuidList, billCodeList: [] })
}

export function cancelRequest(tradeUuid: string): Prepared {
  return signed('cancel', { tradeUuid, billCode: '' })
}

export function queryPayAccountRequest(): Prepared {
  return signed('queryPayAccount', { payAccount: 'account1' })
}

/** What the customer does. */
export function payRequest(tradeUuid: string): Prepared {
  return { method: 'POST', path: `/_sandbox/bills/tradeUuid:${tradeUuid}/pay`, headers: { 'content-type': 'application/json' }, body: '{}' }
}

function signed(operation: string, fields: object): Prepared {
  const body = JSON.stringify(fields)
  const text = `{"appKey":${JSON.stringify(APP_KEY)},"content":${JSON.stringify(body)}}${APP_SECRET}`
  const sign = createHash('sha1').update(text).digest('hex')
  return { method: 'POST', path: `${BASE_PATH}/${operation}`, headers: { 'content-type': 'application/json', appKey: APP_KEY, sign }, body }
}

/** A failure is HTTP 200 too, so it is the body that tells. */
export function isSuccess(answer: string): boolean {
  return answer.includes('"success":true')
}

/** Whether /getPayStatus has found two bills. */
export function isTwoBills(answer: string): boolean {
  return answer.startsWith('[{') && answer.split('"billCode":').length === 3
}

/** Names like `apply-1`, `apply-2`, … */
export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
}

/** A query of two bills, chosen by chance among those. */
export function queryOfTwo(tradeUuids: readonly string[]): Prepared {
  const any = (from: number, to: number): string => tradeUuids[from + Math.floor(Math.random() * (to - from))] ?? ''
  const middle = Math.floor(tradeUuids.length / 2)
  return getPayStatusRequest([any(0, middle), any(middle, tradeUuids.length)])
}
