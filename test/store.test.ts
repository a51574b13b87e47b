import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Adapter } from 'lowdb'
import t from 'tap'
import type { Bill } from '../src/bill/bill.ts'
import { startSandbox, UsageError } from '../src/index.ts'
import { StoreUnavailable } from '../src/errors.ts'
import type { StoredDocument } from '../src/store/document.ts'
import type { Merchant } from '../src/merchant/merchant.ts'
import { LowdbStore } from '../src/store/lowdb.ts'
import { MemoryStore } from '../src/store/memory.ts'
import type { Store } from '../src/store/store.ts'
import { body, demo, directory, endpoint, items, list, NOW, open, parsed, payload, string } from './helpers/blackbox.ts'

const bill = (billCode: string, fields: Partial<Bill> = {}): Bill => ({
  billCode, appKey: 'k', tradeUuid: `u-${billCode}`, orderCode: 'o', paymentRequestId: 'pr', actionValue: '', currency: 'IDR', amount: '1',
  request: '{}', createdAt: 0, status: 'PAY_WAIT', cancelling: false, payTime: null, cancelTime: null, errorCode: '', scenario: { name: 's' },
  cancelAttempts: 0, events: [{ at: 0, what: 'apply', by: 'merchant' }], due: [], notifications: [], ...fields,
})
const told = (n: number): Bill['notifications'] =>
  Array.from({ length: n }, (_, index) => ({ id: `x-${index + 1}`, status: 'PAY_SUCCESS' as const, createdAt: index, body: '', sign: '', state: 'pending' as const, attempts: [] }))

/* What every store does, whatever it keeps things in. */

for (const [name, make] of [
  ['memory', async () => new MemoryStore()],
  ['lowdb', async (dir: string) => LowdbStore.open(join(dir, 'data.json'))],
] as [string, (dir: string) => Promise<Store>][]) {
  await t.test(`${name}: finds, lists newest first, and pages by cursor`, async (t) => {
    const store = await make(directory(t))
    const codes = Array.from({ length: 25 }, (_, index) => `B${index}`)
    await Promise.all(codes.map((code, index) => store.putBill(bill(code, index % 5 === 0 ? { appKey: 'other', status: 'PAY_FAIL' } : {}))))
    await store.putBill(bill('B3', { status: 'PAY_SUCCESS', notifications: told(2) }))
    t.equal(store.countBills(), 25)
    t.equal(store.bill('B3')?.status, 'PAY_SUCCESS', 'a newer version takes the place')
    t.equal(store.billByTradeUuid('k', 'u-B3')?.billCode, 'B3')
    t.equal(store.billByTradeUuid('other', 'u-B3'), undefined)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = store.listBills({ appKey: 'k' }, { limit: 7, cursor })
      seen.push(...page.items.map((one) => one.billCode))
      cursor = page.nextCursor ?? undefined
      // What comes in between pages moves nothing.
      await store.putBill(bill(`late-${seen.length}`))
    } while (cursor !== undefined)
    t.strictSame(seen, codes.filter((_, index) => index % 5 !== 0).reverse())
    t.equal(store.listBills({ status: 'PAY_FAIL' }, { limit: 5 }).nextCursor, null, 'a page that just fits is the last')
    t.strictSame(store.listNotifications({ billCode: 'B3' }, { limit: 9 }).items.map(({ notification }) => notification.id), ['x-2', 'x-1'])
    t.strictSame(store.listBills({ appKey: 'k', tradeUuid: 'u-B3' }, { limit: 9 }).items.map((one) => one.billCode), ['B3'])
    t.strictSame(store.listBills({ appKey: 'k', tradeUuid: 'u-B3', status: 'PAY_FAIL' }, { limit: 9 }), { items: [], nextCursor: null })
    await store.removeMerchant('other', true)
    t.equal(store.listBills({ appKey: 'other' }, { limit: 9 }).items.length, 0)
    t.equal(store.merchants().get('other'), null)
    t.equal(store.bill('B0'), undefined)
    t.equal(store.billByTradeUuid('other', 'u-B0'), undefined)
    t.ok(store.countBills() > 20)
    await store.clear({ merchants: false })
    t.equal(store.countBills(), 0)
    t.strictSame(store.listNotifications({}, { limit: 9 }), { items: [], nextCursor: null })
    await store.close()
  })
}

await t.test('lowdb: what was put is there after a restart, in the same order', async (t) => {
  const file = join(directory(t), 'deep', 'er', 'data.json')
  const first = await LowdbStore.open(file)
  for (const code of ['B1', 'B2', 'B3']) await first.putBill(bill(code))
  await first.putBill(bill('B1', { status: 'PAY_CANCEL', notifications: told(1) }))
  await first.removeMerchant('gone', true)
  await first.removeMerchant('never-was', false)
  await first.close()
  const second = await LowdbStore.open(file)
  t.strictSame(second.listBills({}, { limit: 9 }).items.map((one) => one.billCode), ['B3', 'B2', 'B1'])
  t.equal(second.bill('B1')?.status, 'PAY_CANCEL')
  t.equal(second.billByTradeUuid('k', 'u-B1')?.billCode, 'B1')
  t.equal(second.listNotifications({}, { limit: 9 }).items.length, 1)
  t.strictSame([...second.merchants()], [['gone', null]])
  t.strictSame(JSON.parse(await readFile(file, 'utf8')), { format: 'qlink-sandbox', version: 1, merchants: { gone: null }, bills: Object.fromEntries(['B1', 'B2', 'B3'].map((code) => [code, second.bill(code)])) }, 'one plain JSON document')
})

await t.test('lowdb: all changes that wait go out in one write, and each is told when its own is there', async (t) => {
  const written: number[] = []
  const gates: (() => void)[] = []
  const adapter: Adapter<StoredDocument> = {
    read: () => Promise.resolve(null),
    write: (data) => {
      written.push(Object.keys(data.bills).length)
      return new Promise((resolve) => gates.push(resolve))
    },
  }
  const opening = LowdbStore.open(join(directory(t), 'data.json'), adapter)
  const release = async (): Promise<void> => {
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve))
    gates.shift()?.()
  }
  await release()
  const store = await opening
  const first = store.putBill(bill('B1'))
  await new Promise((resolve) => setImmediate(resolve))
  const others = Promise.all(['B2', 'B3', 'B4'].map((code) => store.putBill(bill(code))))
  let told = false
  void others.then(() => (told = true))
  await release()
  await first
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(written, [0, 1, 4], 'three changes in one write')
  t.notOk(told, 'not there yet')
  await release()
  await others
})

await t.test('lowdb: a write that fails changes nothing, and service resumes', async (t) => {
  let full = false
  const adapter: Adapter<StoredDocument> = {
    read: () => Promise.resolve(null),
    write: () => (full ? Promise.reject(new Error('ENOSPC: no space left on device')) : Promise.resolve()),
  }
  const store = await LowdbStore.open(join(directory(t), 'data.json'), adapter)
  const shop: Merchant = { appKey: 'k', appSecret: 's', name: 'n', notifyUrl: null, payAccounts: [] }
  await store.putMerchant('k', shop)
  await store.putBill(bill('B1'))
  const look = (): unknown => [
    store.listBills({}, { limit: 9 }), store.listNotifications({}, { limit: 9 }), [...store.merchants()],
    store.billByTradeUuid('k', 'u-B1'), store.billByTradeUuid('k', 'u-B2'), store.countBills(),
  ]
  const before = look()
  full = true
  const changes: (() => Promise<void>)[] = [
    () => store.putBill(bill('B2')),
    () => store.putBill(bill('B1', { status: 'PAY_SUCCESS', notifications: told(1) })),
    () => store.putBill(bill('B1', { status: 'PAY_SUCCESS', notifications: told(2) })),
    () => store.putMerchant('k', { ...shop, appSecret: 'other' }),
    () => store.removeMerchant('k', true),
    () => store.removeMerchant('k', false),
    () => store.putBill(bill('B3')),
    () => store.clear({ merchants: true }),
    () => store.putBill(bill('B4')),
  ]
  for (const change of changes) {
    await t.rejects(change(), StoreUnavailable)
    t.strictSame(look(), before, 'each by itself')
  }
  const all = await Promise.allSettled(changes.map((change) => change()))
  t.ok(all.every((one) => one.status === 'rejected'), 'and all at once')
  t.strictSame(look(), before)
  full = false
  await store.putBill(bill('B2'))
  t.strictSame(store.listBills({}, { limit: 9 }).items.map((one) => one.billCode), ['B2', 'B1'])
  await store.close()
})

/** An adapter whose writes end when the test says so, and as it says. */
const heldWrites = () => {
  const fates: ((error?: Error) => void)[] = []
  const adapter: Adapter<StoredDocument> = {
    read: () => Promise.resolve(null),
    write: () => new Promise((resolve, reject) => fates.push((error) => {
      if (error === undefined) resolve()
      else reject(error)
    })),
  }
  const next = async (): Promise<(error?: Error) => void> => {
    while (fates.length === 0) await new Promise((resolve) => setImmediate(resolve))
    return fates.shift() ?? (() => undefined)
  }
  return { adapter, next, fates }
}

await t.test('lowdb: what is put on top of a change that is lost is lost with it', async (t) => {
  const { adapter, next } = heldWrites()
  const opening = LowdbStore.open(join(directory(t), 'data.json'), adapter)
  ;(await next())()
  const store = await opening
  const first = store.putBill(bill('B1'))
  const fail = await next()
  const second = store.putBill(bill('B1', { status: 'PAY_SUCCESS' }))
  fail(new Error('EIO'))
  await t.rejects(first, /EIO/)
  await t.rejects(second, /EIO/)
  t.equal(store.countBills(), 0)
})

await t.test('lowdb: settled waits for all that was handed in, and fails with it', async (t) => {
  const { adapter, next, fates } = heldWrites()
  const opening = LowdbStore.open(join(directory(t), 'data.json'), adapter)
  ;(await next())()
  const store = await opening
  await store.settled()
  let settled = 0
  const put = store.putBill(bill('B1'))
  const before = store.settled().then(() => settled++)
  const finish = await next()
  const during = store.settled().then(() => settled++)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(settled, 0)
  finish()
  await Promise.all([put, before, during])
  t.equal(settled, 2)
  t.equal(fates.length, 0, 'waiting alone writes nothing')
  const second = store.putBill(bill('B2'))
  const fail = await next()
  const third = store.settled()
  fail(new Error('EIO'))
  await t.rejects(second, /EIO/)
  await t.rejects(third, StoreUnavailable)
})

/* A file that cannot be used stops the start, is named, and stays as it is. */

const stored = (fields: Partial<Bill>): string => JSON.stringify({ format: 'qlink-sandbox', version: 1, merchants: {}, bills: { B1: bill('B1', fields) } })
const unusable: Record<string, [string, RegExp]> = {
  'half a document': ['{"format":"qlink-sandbox","version":1,"merchants":{},"bil', /is damaged/],
  'an empty file': ['', /is damaged/],
  'another program’s file': ['{"posts":[]}', /is not a data file of qlink-sandbox/],
  'a list': ['[]', /is not a data file of qlink-sandbox/],
  'a newer format': ['{"format":"qlink-sandbox","version":2,"merchants":{},"bills":{}}', /written by a newer qlink-sandbox \(format 2; this one reads up to 1\)/],
  'no bills': ['{"format":"qlink-sandbox","version":1,"merchants":{}}', /is damaged/],
  'a version that never was': ['{"format":"qlink-sandbox","version":0.5,"merchants":{},"bills":{}}', /is damaged/],
  'a merchant without a secret': ['{"format":"qlink-sandbox","version":1,"merchants":{"m":{"appKey":"m"}},"bills":{}}', /merchants\.m: appSecret is missing/],
  'a bill in no known state': [stored({ status: 'PAY_MAYBE' as never }), /bills\.B1: status must be PAY_WAIT/],
  'a bill with nothing due, literally': [stored({ due: [null as never] }), /bills\.B1: due\[0\]/],
  'a bill without events': [stored({ events: [] }), /bills\.B1: events is empty/],
  'due work that means nothing': [stored({ due: [{ at: 0, what: 'attempt', notification: 3 }] }), /bills\.B1: due\[0\] means something that is not there/],
  'a bill under another name': [stored({ billCode: 'B2' }), /bills\.B1 is another bill/],
  'a bill that is half there': ['{"format":"qlink-sandbox","version":1,"merchants":{},"bills":{"B1":{"billCode":"B1"}}}', /bills\.B1: appKey is missing/],
}
for (const [name, [text, expected]] of Object.entries(unusable)) {
  await t.test(`${name} stops the start and is left as it is`, async (t) => {
    const file = join(directory(t, { 'qlink.json': text }), 'qlink.json')
    await t.rejects(startSandbox({ data: file }), UsageError)
    const message = await startSandbox({ data: file }).then(() => '', (error: unknown) => (error as Error).message)
    t.match(message, expected)
    t.ok(message.includes(file), 'names the file')
    t.match(message, /--data/, 'says what to do')
    t.equal(await readFile(file, 'utf8'), text, 'the file is untouched')
  })
}

await t.test('a data file that is a directory, or in a place that is a file', async (t) => {
  const dir = directory(t, { file: 'x' })
  await t.rejects(startSandbox({ data: dir }), /cannot be read: .*choose another by --data/)
  await t.rejects(startSandbox({ data: join(dir, 'file', 'data.json') }), /cannot be/)
})

/* Through the whole sandbox. */

await t.test('a restart finds bills, notifications still to be sent, and merchants', async (t) => {
  const data = join(directory(t), 'data.json')
  const shop = await endpoint(t, (told) => ({ status: told.length <= 2 ? 500 : 200 }))
  const options = { data, notifyUrl: shop.url, clock: 'manual' as const, now: NOW }
  const closing: (() => Promise<unknown>)[] = []
  const first = await open({ teardown: (close) => closing.push(close as () => Promise<unknown>) }, options)
  const own = await first.merchant({ notifyUrl: shop.url, name: 'Own' })
  const waiting = await first.bill(own, { amount: 1 })
  const paid = await first.bill(demo, '{"payAccount":"account1","payTypeCode":"ONLINE","tradeUuid":"big","tradeTime":"2025-08-04 13:45:21","orderCode":"o","country":"ID","currency":"IDR","amount":12345678901234567890.12}')
  await first.must(paid.billCode, 'pay')
  await first.advance('15s')
  t.equal(shop.told.length, 2, 'two attempts failed')
  await Promise.all(closing.map((close) => close()))

  const second = await open(t, options)
  t.equal(body(await second.control('GET', '/clock'))['now'], '2025-08-04T13:45:36.000+08:00', 'a manual clock goes on where records end')
  t.match((await second.call('getPayStatus', { tradeUuidList: ['big'] })).text, /"amount":12345678901234567890\.12,/)
  t.strictSame(list(parsed(await second.call('getPayStatus', { billCodeList: [waiting.billCode] }, { keys: own }))).map((one) => one['status']), ['PAY_WAIT'])
  await second.advance('30s')
  t.equal(shop.told.length, 3, 'the third attempt came in its time')
  t.strictSame(payload(shop.told[2]), payload(shop.told[0]), 'with the same bytes')
  const [notification] = await second.notifications(demo)
  t.equal(list(notification?.['attempts']).length, 3)
  await second.advance('48h')
  t.equal((await second.status(own, waiting.billCode))['errorCode'], 'PAYMENT_REQUEST_EXPIRED', 'the expiry was remembered')
})

await t.test('while the disk is full requests are refused in words, and nothing is half there', async (t) => {
  const dir = directory(t)
  const data = join(dir, 'sub', 'data.json')
  const gate = await open(t, { data })
  const kept = await gate.bill(demo)
  // The directory gone, each write fails as on a full disk.
  await rm(join(dir, 'sub'), { recursive: true })
  const refused = await gate.call('apply', { payAccount: 'account1', payTypeCode: 'ONLINE', tradeUuid: 'lost', tradeTime: NOW, orderCode: 'o', country: 'ID', currency: 'IDR', amount: 1 })
  t.equal(refused.headers['x-qlink-sandbox-error'], 'STORE_UNAVAILABLE')
  t.match(string(body(refused)['message']), /could not be written.*nothing was changed/)
  t.equal((await gate.act(kept.billCode, 'pay')).status, 503)
  t.equal((await gate.status(demo, kept.billCode))['status'], 'PAY_WAIT')
  t.strictSame(parsed(await gate.call('getPayStatus', { tradeUuidList: ['lost'] })), [])
  await mkdir(join(dir, 'sub'))
  await gate.bill(demo, { tradeUuid: 'lost' })
  t.equal(items(await gate.control('GET', '/bills')).length, 2)
  t.equal(body(await gate.act(kept.billCode, 'pay'))['status'], 'PAY_SUCCESS', 'service resumed')
})

await t.test('a notify URL given at the start stands over one that was stored', async (t) => {
  const data = join(directory(t), 'data.json')
  const closing: (() => Promise<unknown>)[] = []
  const first = await open({ teardown: (close) => closing.push(close as () => Promise<unknown>) }, { data })
  await first.control('PATCH', '/merchants/demo-app-key', { notifyUrl: 'http://127.0.0.1:1' })
  await Promise.all(closing.map((close) => close()))
  const second = await open(t, { data, notifyUrl: 'http://127.0.0.1:2' })
  t.equal(body(await second.control('GET', '/merchants/demo-app-key'))['notifyUrl'], 'http://127.0.0.1:2')
})

