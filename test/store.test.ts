import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Low } from 'lowdb'
import { JSONFile } from 'lowdb/node'
import t from 'tap'
import type { Bill } from '../src/bill/bill.ts'
import { startApp } from '../src/app.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { startSandbox, UsageError } from '../src/index.ts'
import { StoreUnavailable } from '../src/errors.ts'
import type { StoredDocument } from '../src/store/document.ts'
import type { Merchant } from '../src/merchant/merchant.ts'
import { readSettled } from '../src/sandbox/settled-read.ts'
import { LowdbStore } from '../src/store/lowdb.ts'
import { MemoryStore } from '../src/store/memory.ts'
import type { Store } from '../src/store/store.ts'
import { copyAsKilled, fatedFiles, storedBill, type Fate } from './helpers/fated-files.ts'
import { application, body, demo, directory, endpoint, items, list, NOW, open, parsed, payload, send, sign, string } from './helpers/blackbox.ts'

const bill = storedBill
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
    const others = store.countBills()
    t.ok(others > 20)
    await store.putMerchant({ appKey: 'tested', appSecret: 's', name: 'n', notifyUrl: null, payAccounts: [] })
    await store.putBill(bill('T1', { appKey: 'tested', notifications: told(1), events: [{ at: 5, what: 'apply', by: 'merchant' }] }))
    await store.putBill(bill('T2', { appKey: 'tested', status: 'PAY_FAIL' }))
    await store.emptyMerchant('tested')
    t.strictSame(store.listBills({ appKey: 'tested' }, { limit: 9 }).items, [])
    t.strictSame(store.listNotifications({ appKey: 'tested' }, { limit: 9 }).items, [])
    t.strictSame([store.bill('T1'), store.billByTradeUuid('tested', 'u-T2'), [...store.untold('tested')], store.latest('tested')], [undefined, undefined, [], 0])
    t.equal(store.merchants().get('tested')?.name, 'n', 'the merchant stays')
    t.equal(store.countBills(), others, 'and so does what others have')
    await store.putBill(bill('T1', { appKey: 'tested' }))
    t.equal(store.billByTradeUuid('tested', 'u-T1')?.billCode, 'T1', 'its ids are free again')
    await store.clear({ merchants: false })
    t.equal(store.countBills(), 0)
    t.strictSame(store.listNotifications({}, { limit: 9 }), { items: [], nextCursor: null })
    await store.close()
  })
}

/** Opens a store whose waits for the disk end when the test says so. */
const held = async (t: Parameters<typeof directory>[0]) => {
  const made = fatedFiles()
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file, { durability: 'fsync', files: made.files })
  t.teardown(() => {
    delete made.fate.held
    return store.close()
  })
  const waits: ((error?: Error) => void)[] = []
  const came: (() => void)[] = []
  made.fate.held = () => new Promise((resolve, reject) => {
    waits.push((error) => {
      if (error === undefined) resolve()
      else reject(error)
    })
    came.shift()?.()
  })
  /** The next wait; what it is called with ends it. */
  const next = async (): Promise<(error?: Error) => void> => {
    if (waits.length === 0) await new Promise<void>((resolve) => came.push(resolve))
    return waits.shift() ?? (() => undefined)
  }
  return { ...made, file, store, next, waits }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

await t.test('lowdb: what was put is there after a restart, in the same order', async (t) => {
  const dir = directory(t)
  const file = join(dir, 'deep', 'er', 'data.json')
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
  await second.close()
  t.strictSame(readdirSync(dirname(file)), ['data.json'], 'nothing is left beside it')
  const stock = new Low(new JSONFile<Partial<StoredDocument>>(file), {})
  await stock.read()
  t.hasStrict(stock.data, { format: 'qlink-sandbox', version: 2, merchants: { gone: null } })
  t.strictSame(stock.data.bills, Object.fromEntries(['B1', 'B2', 'B3'].map((code) => [code, second.bill(code)])), 'one plain JSON document, for stock lowdb too')
  stock.data.bills = { ...stock.data.bills, B4: bill('B4') }
  await stock.write()
  const third = await LowdbStore.open(file)
  t.equal(third.countBills(), 4, 'what stock lowdb has written is read')
  await third.close()
})

await t.test('lowdb: without a clean stop everything is there from the journal', async (t) => {
  const dir = directory(t)
  const [file, copy] = [join(dir, 'data.json'), join(dir, 'copy.json')]
  const store = await LowdbStore.open(file)
  const shop: Merchant = { appKey: 'shop', appSecret: 's', name: 'n', notifyUrl: null, payAccounts: [] }
  await store.putMerchant(shop)
  await Promise.all(['B1', 'B2', 'B3'].map((code) => store.putBill(bill(code, code === 'B2' ? { appKey: 'other' } : {}))))
  await store.putBill(bill('B3', { status: 'PAY_SUCCESS', notifications: told(2) }))
  await store.removeMerchant('other', true)
  // What a kill would leave, now and after a fold.
  copyAsKilled(file, copy)
  t.ok(existsSync(`${copy}.journal-1`))
  const again = await LowdbStore.open(copy)
  const look = (one: Store): unknown => [one.listBills({}, { limit: 9 }), one.listNotifications({}, { limit: 9 }), [...one.merchants()], one.countBills()]
  t.strictSame(look(again), look(store))
  await again.close()
  t.strictSame(readdirSync(dir).filter((one) => one.startsWith('copy')), ['copy.json'])
  const folded = await LowdbStore.open(copy)
  t.strictSame(look(folded), look(store))
  await folded.close()
  await store.clear({ merchants: true })
  await store.close()
  const empty = await LowdbStore.open(file)
  t.strictSame(look(empty), look(new MemoryStore()))
  await empty.close()
})

await t.test('lowdb: all changes that wait go out in one append, and each is told when its own is there', async (t) => {
  const { store, next, appends, waits } = await held(t)
  const first = store.putBill(bill('B1'))
  const release = await next()
  t.equal(appends(), 1)
  const others = Promise.all(['B2', 'B3', 'B4'].map((code) => store.putBill(bill(code))))
  let told = false
  void others.then(() => (told = true))
  await turn()
  t.equal(appends(), 1, 'one at a time')
  release()
  await first
  const releaseOthers = await next()
  t.equal(appends(), 2, 'three changes in one')
  t.notOk(told, 'not there yet')
  releaseOthers()
  await others
  t.equal(waits.length, 0)
})

const ways: Record<string, (fate: Fate) => void> = {
  'a full disk': (fate) => (fate.fail = { write: new Error('ENOSPC: no space left on device'), open: new Error('ENOSPC') }),
  'a disk that fills up within a line, which cannot be cut off': (fate) => {
    let left = 1
    fate.takes = 20
    fate.fail = { truncate: new Error('EIO') }
    Object.defineProperty(fate.fail, 'write', { configurable: true, get: () => (left-- > 0 ? undefined : new Error('ENOSPC')) })
  },
  'a disk that fails to sync': (fate) => (fate.fail = { sync: new Error('EIO') }),
}
for (const [way, spoil] of Object.entries(ways)) {
  await t.test(`lowdb: ${way} changes nothing, and service resumes`, async (t) => {
    const file = join(directory(t), 'data.json')
    const { fate, files } = fatedFiles()
    const store = await LowdbStore.open(file, { durability: 'fsync', files })
    const shop: Merchant = { appKey: 'k', appSecret: 's', name: 'n', notifyUrl: null, payAccounts: [] }
    await store.putMerchant(shop)
    await store.putBill(bill('B1'))
    const look = (): unknown => [
      store.listBills({}, { limit: 9 }), store.listNotifications({}, { limit: 9 }), [...store.merchants()],
      store.billByTradeUuid('k', 'u-B1'), store.billByTradeUuid('k', 'u-B2'), store.countBills(), store.latest('k'),
    ]
    const before = look()
    const changes: (() => Promise<void>)[] = [
      () => store.putBill(bill('B2')),
      () => store.putBill(bill('B1', { status: 'PAY_SUCCESS', notifications: told(1) })),
      () => store.putBill(bill('B1', { status: 'PAY_SUCCESS', notifications: told(2) })),
      () => store.putMerchant({ ...shop, appSecret: 'other' }),
      () => store.removeMerchant('k', true),
      () => store.removeMerchant('k', false),
      () => store.emptyMerchant('k'),
      () => store.putBill(bill('B3')),
      () => store.clear({ merchants: true }),
      () => store.putBill(bill('B4')),
    ]
    for (const change of changes) {
      spoil(fate)
      await t.rejects(change(), StoreUnavailable)
      t.strictSame(look(), before, 'each by itself')
    }
    spoil(fate)
    const all = await Promise.allSettled(changes.map((change) => change()))
    t.ok(all.every((one) => one.status === 'rejected'), 'and all at once')
    t.strictSame(look(), before)
    delete fate.takes
    fate.fail = {}
    await store.putBill(bill('B2'))
    t.strictSame(store.listBills({}, { limit: 9 }).items.map((one) => one.billCode), ['B2', 'B1'])
    // As a kill would leave it.
    const copy = join(dirname(file), 'copy.json')
    copyAsKilled(file, copy)
    const again = await LowdbStore.open(copy)
    t.strictSame(again.listBills({}, { limit: 9 }).items.map((one) => one.billCode), ['B2', 'B1'], 'and nothing of what was refused comes back')
    await again.close()
    await store.close()
  })
}

await t.test('lowdb: a refused line that could not be cut off does not count once there is a next one', async (t) => {
  const { fate, files } = fatedFiles()
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file, { durability: 'fsync', files })
  await store.putBill(bill('B1'))
  fate.fail = { sync: new Error('EIO'), truncate: new Error('EIO') }
  await t.rejects(store.putBill(bill('B2')), /EIO/)
  fate.fail = {}
  await store.putBill(bill('B3'))
  t.match(readFileSync(`${file}.journal-1`, 'utf8'), /"B2"/, 'it is still there')
  const copy = join(dirname(file), 'copy.json')
  copyAsKilled(file, copy)
  const again = await LowdbStore.open(copy)
  t.strictSame(again.listBills({}, { limit: 9 }).items.map((one) => one.billCode), ['B3', 'B1'])
  await again.close()
  await store.close()
})

await t.test('lowdb: what is put on top of a change that is lost is lost with it', async (t) => {
  const { store, next } = await held(t)
  const first = store.putBill(bill('B1'))
  const end = await next()
  const second = store.putBill(bill('B1', { status: 'PAY_SUCCESS' }))
  end(new Error('EIO'))
  await t.rejects(first, /EIO/)
  await t.rejects(second, /EIO/)
  t.equal(store.countBills(), 0)
})

await t.test('lowdb: settled waits for all that was handed in, and fails with it', async (t) => {
  const { store, next, waits } = await held(t)
  await store.settled()
  let settled = 0
  const put = store.putBill(bill('B1'))
  const before = store.settled().then(() => settled++)
  const end = await next()
  const during = store.settled().then(() => settled++)
  await turn()
  t.equal(settled, 0)
  end()
  await Promise.all([put, before, during])
  t.equal(settled, 2)
  t.equal(waits.length, 0, 'waiting alone writes nothing')
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
  'a newer format': ['{"format":"qlink-sandbox","version":3,"merchants":{},"bills":{}}', /written by a newer qlink-sandbox \(format 3; this one reads up to 2\)/],
  'no bills': ['{"format":"qlink-sandbox","version":1,"merchants":{}}', /is damaged/],
  'a version that never was': ['{"format":"qlink-sandbox","version":0.5,"merchants":{},"bills":{}}', /is damaged/],
  'a merchant without a secret': ['{"format":"qlink-sandbox","version":1,"merchants":{"m":{"appKey":"m"}},"bills":{}}', /merchants\.m: appSecret is missing/],
  'a merchant whose own scenario cannot be': ['{"format":"qlink-sandbox","version":2,"merchants":{"m":{"appKey":"m","appSecret":"s","name":"n","notifyUrl":null,"payAccounts":[],"scenario":{"timeline":[{"after":"soon","become":"PAY_SUCCESS"}]}}},"bills":{}}', /merchants\.m: scenario\.timeline\[0\]\.after must be a duration/],
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

await t.test('while changes of others are refused, reads are answered, and tell of nothing that is taken back', async (t) => {
  const { fate, files } = fatedFiles()
  const settings = await resolveSettings({ given: { port: 0, data: join(directory(t), 'data.json'), durability: 'fsync', logLevel: 'silent' }, spell: (name) => name, env: {} })
  const app = await startApp(settings, { files })
  t.teardown(() => app.close())
  const call = (operation: string, content: unknown) => {
    const text = JSON.stringify(content)
    return send(`${app.baseUrl}/${operation}`, { headers: { 'content-type': 'application/json', appKey: demo.appKey, sign: sign(demo, text) }, body: text })
  }
  const control = (method: string, path: string) => send(`${app.url}/_sandbox${path}`, { method })
  const { billCode } = body(await call('apply', application())) as { billCode: string }
  fate.fail = { sync: new Error('EIO') }
  const seen: unknown[] = []
  for (let round = 0; round < 10; round++) {
    const [paid, cancelled, read, shown] = await Promise.all([
      control('POST', `/bills/${billCode}/pay`), control('POST', `/bills/${billCode}/cancel`),
      call('getPayStatus', { billCodeList: [billCode] }), control('GET', `/bills/${billCode}`),
    ])
    t.strictSame([paid.status, cancelled.status], [503, 503], 'neither happened, nor stood in the way of the other')
    seen.push(list(parsed(read))[0]?.['status'], body(shown)['status'])
  }
  t.strictSame([...new Set(seen)], ['PAY_WAIT'])
  fate.fail = {}
  t.equal((await control('POST', `/bills/${billCode}/pay`)).status, 200)
})

await t.test('a reset of one merchant that cannot be written takes nothing away, and nobody\'s counts', async (t) => {
  const { fate, files } = fatedFiles()
  const settings = await resolveSettings({ given: { port: 0, data: join(directory(t), 'data.json'), durability: 'fsync', logLevel: 'silent', clock: 'manual', now: NOW }, spell: (name) => name, env: {} })
  const app = await startApp(settings, { files })
  t.teardown(() => app.close())
  const control = (method: string, path: string, content: unknown = {}) =>
    send(`${app.url}/_sandbox${path}`, { method, headers: { 'content-type': 'application/json' }, body: method === 'GET' ? '' : JSON.stringify(content) })
  const scenario = { on: { apply: [{ refuse: 'first' }, { refuse: 'second' }, {}] } }
  const merchant = async (fields: object) => body(await control('POST', '/merchants', { scenario, ...fields })) as unknown as Merchant
  const [a, b] = [await merchant({ clock: 'manual' }), await merchant({})]
  const apply = async ({ appKey, appSecret }: Merchant, tradeUuid: string) => {
    const text = JSON.stringify(application({ tradeUuid }))
    return body(await send(`${app.baseUrl}/apply`, { headers: { 'content-type': 'application/json', appKey, sign: sign({ appKey, appSecret }, text) }, body: text }))
  }
  for (const expected of [{ message: 'first' }, { message: 'second' }, { success: true }]) t.match(await apply(a, 'one'), expected)
  t.match(await apply(a, 'two'), { message: 'first' })
  await control('POST', `/clock/advance?appKey=${a.appKey}`, { by: '1h' })
  fate.fail = { sync: new Error('EIO') }
  let begun = (): void => undefined
  let end = (): void => undefined
  const isWriting = new Promise<void>((resolve) => { begun = resolve })
  fate.held = () => new Promise((resolve) => { begun(); end = resolve })
  const reset = control('POST', `/reset?appKey=${a.appKey}`)
  await isWriting
  // While it is on its way to the disk.
  t.match(await apply(b, 'one'), { message: 'first' })
  delete fate.held
  end()
  t.equal((await reset).status, 503)
  fate.fail = {}
  t.match(await apply(b, 'one'), { message: 'second' }, 'another\'s attempt counts, whatever becomes of the reset')
  t.match(await apply(a, 'two'), { message: 'second' })
  t.match(body(await control('GET', `/clock?appKey=${a.appKey}`)), { now: '2025-08-04T14:45:21.000+08:00' })
  t.equal(items(await control('GET', `/requests?appKey=${a.appKey}`)).length, 5)
  t.match(body(await control('POST', `/clock/advance?appKey=${a.appKey}`, { by: '48h' })), { ran: { expiries: 1 } }, 'what was due is due')
  t.equal((await control('POST', `/reset?appKey=${a.appKey}`)).status, 204)
  t.match(await apply(a, 'two'), { message: 'first' })
  t.match(await apply(b, 'one'), { success: true })
})

await t.test('what a read saw is there to stay, or it reads again', async (t) => {
  const outcomes = [new StoreUnavailable('EIO'), new StoreUnavailable('EIO'), undefined]
  const order: string[] = []
  const store = {
    settled: () => {
      order.push('wait')
      const error = outcomes.shift()
      return error === undefined ? Promise.resolve() : Promise.reject(error)
    },
  }
  let reads = 0
  const read = (): number => {
    order.push('read')
    return ++reads
  }
  t.equal(await readSettled(store, read), 3)
  t.strictSame(order, ['read', 'wait', 'read', 'wait', 'read', 'wait'], 'what is under way when it is read is what it waits for')
  await t.rejects(readSettled(store, () => { throw new Error('there is no such bill') }), /there is no such bill/)
  outcomes.push(new StoreUnavailable('EIO'), undefined)
  await t.rejects(readSettled(store, () => Promise.reject(new Error('nor now'))), /nor now/)
  await t.rejects(readSettled({ settled: () => Promise.reject(new StoreUnavailable('ENOSPC')) }, read), StoreUnavailable)
  t.ok(reads < 20, 'and gives up some time')
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

