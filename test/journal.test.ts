// What the data file survives: kills between any two calls, torn ends, damage, and other processes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import t from 'tap'
import type { Bill } from '../src/bill/bill.ts'
import { UsageError } from '../src/errors.ts'
import { JournaledFile } from '../src/store/journaled-file.ts'
import { lockFile } from '../src/store/lock.ts'
import { LowdbStore, type LowdbStoreOptions } from '../src/store/lowdb.ts'
import type { Store } from '../src/store/store.ts'
import { directory } from './helpers/blackbox.ts'
import { copyAsKilled, fatedFiles, storedBill } from './helpers/fated-files.ts'

const codes = (store: Store): string[] => store.listBills({}, { limit: 1000 }).items.map((bill) => bill.billCode).reverse()
const refusal = async (file: string, options?: LowdbStoreOptions): Promise<string> =>
  LowdbStore.open(file, options).then(
    async (store) => {
      await store.close()
      return 'it was opened'
    },
    (error: unknown) => (error instanceof UsageError ? error.message : String(error)),
  )

/** A journal of three lines, with two bills, one and one, as a kill leaves it. */
const killed = async (t: Parameters<typeof directory>[0]): Promise<string> => {
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file)
  await Promise.all(['B1', 'B2'].map((code) => store.putBill(storedBill(code))))
  await store.putBill(storedBill('B3'))
  await store.putBill(storedBill('B4'))
  copyAsKilled(file, join(dirname(file), 'killed.json'))
  await store.close()
  return join(dirname(file), 'killed.json')
}

await t.test('a kill between any two calls, while the journal is folded in again and again, loses nothing', async (t) => {
  for (const durability of ['os', 'fsync'] as const) {
    const dir = directory(t)
    const file = join(dir, 'data.json')
    const { fate, files, calls } = fatedFiles()
    const acknowledged = new Map<string, Bill['status']>()
    const kills: { copy: string; acknowledged: Map<string, Bill['status']> }[] = []
    fate.before = () => {
      const copy = join(dir, `kill-${kills.length}.json`)
      copyAsKilled(file, copy)
      kills.push({ copy, acknowledged: new Map(acknowledged) })
    }
    const warnings: string[] = []
    const store = await LowdbStore.open(file, { durability, files, smallest: 3000, warn: (message) => warnings.push(message) })
    const put = async (bill: Bill): Promise<void> => {
      await store.putBill(bill)
      acknowledged.set(bill.billCode, bill.status)
    }
    for (let round = 0; round < 12; round++) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => put(storedBill(`B${round}-${index}`))))
      await Promise.all(Array.from({ length: 5 }, (_, index) => put(storedBill(`B${round}-${index * 2}`, { status: 'PAY_SUCCESS' }))))
    }
    await store.close()
    fate.before = undefined as never
    t.ok(calls.filter((call) => call === 'rename data.json').length >= 4, 'it was folded several times')
    t.ok(kills.length > 40, `${kills.length} kills`)
    t.strictSame(warnings, [])
    for (const { copy, acknowledged: expected } of kills) {
      if (!existsSync(copy) && expected.size === 0) continue
      const again = await LowdbStore.open(copy)
      for (const [code, status] of expected) {
        // What was under way at the moment may be there too.
        const found = again.bill(code)?.status
        if (found !== status && !(status === 'PAY_WAIT' && found === 'PAY_SUCCESS')) t.fail(`${basename(copy)} has lost ${code} ${status}: ${String(found)}`)
      }
      await again.close()
    }
    t.pass(`${durability}: ${kills.length} kills looked at`)
  }
})

await t.test('a merchant is emptied in one step: a kill at any moment leaves all of its bills or none', async (t) => {
  const dir = directory(t)
  const file = join(dir, 'data.json')
  const { fate, files } = fatedFiles()
  const kills: { copy: string; gone: boolean }[] = []
  let gone = false
  // So small that a fold comes between.
  const store = await LowdbStore.open(file, { durability: 'fsync', files, smallest: 2000 })
  const all = Array.from({ length: 12 }, (_, index) => storedBill(`B${index}`, index % 2 === 0 ? { appKey: 'tested' } : {}))
  for (const bill of all) await store.putBill(bill)
  fate.before = () => {
    const copy = join(dir, `kill-${kills.length}.json`)
    copyAsKilled(file, copy)
    kills.push({ copy, gone })
  }
  await store.emptyMerchant('tested')
  gone = true
  for (const bill of all.filter(({ appKey }) => appKey !== 'tested')) await store.putBill({ ...bill, status: 'PAY_SUCCESS' })
  await store.close()
  fate.before = undefined as never
  const others = ['B1', 'B3', 'B5', 'B7', 'B9', 'B11']
  t.ok(kills.filter((kill) => !kill.gone).length >= 2 && kills.filter((kill) => kill.gone).length > 8, 'kills before and after it was told')
  for (const kill of kills) {
    const again = await LowdbStore.open(kill.copy)
    const found = codes(again)
    // Before it was told, it may or may not have happened.
    const expected = kill.gone || found.length === others.length ? others : all.map(({ billCode }) => billCode)
    t.strictSame(found, expected, basename(kill.copy))
    await again.putBill(storedBill('B0', { appKey: 'tested' }))
    await again.close()
  }
})

await t.test('a last line that was cut off anywhere is dropped, and said to be', async (t) => {
  const file = await killed(t)
  const journal = `${file}.journal-1`
  const whole = readFileSync(journal)
  const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1
  for (const length of [lastLine + 1, lastLine + 8, lastLine + 100, whole.length - 2, whole.length - 1]) {
    const copy = `${file}-${length}`
    writeFileSync(copy, readFileSync(file))
    writeFileSync(`${copy}.journal-1`, whole.subarray(0, length))
    const warnings: string[] = []
    const store = await LowdbStore.open(copy, { warn: (message) => warnings.push(message) })
    t.strictSame(codes(store), ['B1', 'B2', 'B3'], `cut off after ${length} bytes`)
    t.match(warnings.join(), /the last \d+ bytes of .*journal-1 are a line that was cut off.*dropped/)
    await store.putBill(storedBill('B5'))
    await store.close()
    const again = await LowdbStore.open(copy)
    t.strictSame(codes(again), ['B1', 'B2', 'B3', 'B5'])
    await again.close()
  }
})

await t.test('blocks of the last line that never reached the disk are a torn line too', async (t) => {
  const file = await killed(t)
  const journal = `${file}.journal-1`
  const bytes = readFileSync(journal)
  bytes.fill(0, bytes.length - 60, bytes.length - 20)
  writeFileSync(journal, bytes)
  const store = await LowdbStore.open(file)
  t.strictSame(codes(store), ['B1', 'B2', 'B3'])
  await store.close()
})

await t.test('a line that was changed anywhere stops the start: file, line, position, what to do', async (t) => {
  const file = await killed(t)
  const journal = `${file}.journal-1`
  const whole = readFileSync(journal)
  const starts = [0, ...[...whole.keys()].filter((at) => whole[at] === 0x0a).map((at) => at + 1)].slice(0, -1)
  t.equal(starts.length, 4, 'a header and three lines')
  for (const [index, start] of starts.entries()) {
    const bytes = Buffer.from(whole)
    bytes[start + 30] = bytes[start + 30] === 0x58 ? 0x59 : 0x58
    writeFileSync(journal, bytes)
    const message = await refusal(file)
    t.match(message, new RegExp(`the journal .*killed\\.json\\.journal-1 is damaged in line ${index + 1}, at byte ${start}: its checksum does not fit\\. It is left as it is: .*--data`))
    t.strictSame(readFileSync(journal), bytes, 'it is left as it is')
  }
  // Zeros in any line but the last are damage too: a line is written when the one before it is there.
  for (const line of [1, 2]) {
    const torn = [whole.subarray(0, (starts[line + 1] ?? 0) - 20), Buffer.from('\0\0\n'), whole.subarray(starts[line + 1])]
    writeFileSync(journal, Buffer.concat(torn))
    t.match(await refusal(file), new RegExp(`is damaged in line ${line + 1}`))
  }
  writeFileSync(journal, Buffer.concat([Buffer.from('\0\n'), whole]))
  t.match(await refusal(file), /is damaged in line 1/)
  t.notOk(existsSync(`${file}.lock`), 'no lock is left behind')
})

await t.test('a document that is gone, a segment that is gone, a journal of a newer version', async (t) => {
  const file = await killed(t)
  const journal = `${file}.journal-1`
  const [document, whole] = [readFileSync(file), readFileSync(journal)]
  rmSync(file)
  t.match(await refusal(file), /the data file .* is not there, but its journal .*journal-1 is: bring the file back, or remove the journal/)
  writeFileSync(file, document)
  writeFileSync(`${file}.journal-3`, whole)
  t.match(await refusal(file), /has gaps: .*journal-3 is there, and .*journal-2 before it is not/)
  rmSync(`${file}.journal-3`)
  const { crc32 } = await import('node:zlib')
  const header = '{"format":"qlink-sandbox-journal","version":2,"after":0}'
  writeFileSync(journal, `${crc32(header).toString(16).padStart(8, '0')} ${header}\n${whole.toString().split('\n')[1] ?? ''}\n`)
  t.match(await refusal(file), /was written by a newer qlink-sandbox \(format 2; this one reads up to 1\)/)
})

await t.test('a segment that was cut short is noticed by the one after it', async (t) => {
  const file = join(directory(t), 'data.json')
  const { fate, files } = fatedFiles()
  const store = await LowdbStore.open(file, { durability: 'fsync', files })
  await store.putBill(storedBill('B1'))
  await store.putBill(storedBill('B2'))
  fate.fail = { sync: new Error('EIO') }
  await t.rejects(store.putBill(storedBill('B3')), /EIO/)
  fate.fail = {}
  await store.putBill(storedBill('B4'))
  const copy = join(dirname(file), 'copy.json')
  copyAsKilled(file, copy)
  await store.close()
  const first = readFileSync(`${copy}.journal-1`)
  truncateSync(`${copy}.journal-1`, first.lastIndexOf('\n', first.length - 2) + 1)
  t.match(await refusal(copy), /journal-1 is damaged/)
})

await t.test('a document that is as we left it needs no examination, and one that is not gets it', async (t) => {
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file)
  await store.putBill(storedBill('B1'))
  await store.close()
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('PAY_WAIT', 'PAY_MAYBE'))
  t.match(await refusal(file), /bills\.B1: status must be PAY_WAIT/)
  writeFileSync(file, text.replace('PAY_WAIT', 'PAY_FAIL'))
  const changed = await LowdbStore.open(file)
  t.equal(changed.bill('B1')?.status, 'PAY_FAIL', 'what was changed by hand, and rightly, counts')
  await changed.close()
})

await t.test('a fold that fails leaves everything as it is, and the journal goes on', async (t) => {
  const file = join(directory(t), 'data.json')
  const { fate, files } = fatedFiles()
  const warnings: string[] = []
  const store = await LowdbStore.open(file, { files, smallest: 2000, warn: (message) => warnings.push(message) })
  fate.fail = { rename: new Error('ENOSPC: no space left on device') }
  let made = 0
  while (warnings.length < 3) {
    await store.putBill(storedBill(`B${made++}`))
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(made >= 12, `tried again when the journal has grown, not at each of ${made} writes`)
  t.match(warnings[0], /the journal of .*data\.json could not be folded in, and goes on: ENOSPC/)
  const copy = join(dirname(file), 'copy.json')
  copyAsKilled(file, copy)
  const again = await LowdbStore.open(copy)
  t.equal(again.countBills(), made)
  await again.close()
  await store.close()
  t.ok(readdirSync(dirname(file)).some((name) => name.startsWith('data.json.journal-')), 'even at the end')
  fate.fail = {}
  const last = await LowdbStore.open(file, { files })
  t.equal(last.countBills(), made)
  await last.close()
  t.strictSame(readdirSync(dirname(file)).filter((name) => name.startsWith('data')), ['data.json'])
})

await t.test('files that are taken away while it runs: the next change brings them back, whole', async (t) => {
  const file = join(directory(t), 'sub', 'data.json')
  const store = await LowdbStore.open(file)
  await store.putBill(storedBill('B1'))
  for (const name of readdirSync(dirname(file))) rmSync(join(dirname(file), name))
  await store.putBill(storedBill('B2'))
  const copy = join(dirname(file), 'copy.json')
  copyAsKilled(file, copy)
  const again = await LowdbStore.open(copy)
  t.strictSame(codes(again), ['B1', 'B2'])
  await again.close()
  await store.close()
})

await t.test('what was refused and could not be cut off stays refused, after a kill and after a clean stop', async (t) => {
  for (const before of [0, 2]) {
    const file = join(directory(t), `data-${before}.json`)
    const { fate, files } = fatedFiles()
    const store = await LowdbStore.open(file, { durability: 'fsync', files })
    const kept = Array.from({ length: before }, (_, index) => `B${index}`)
    for (const code of kept) await store.putBill(storedBill(code))
    fate.fail = { sync: new Error('EIO'), truncate: new Error('EIO') }
    await t.rejects(store.putBill(storedBill('refused')), /EIO/)
    const copy = `${file}-killed`
    copyAsKilled(file, copy)
    const killed = await LowdbStore.open(copy)
    t.strictSame(codes(killed), kept, `killed after ${before}`)
    await killed.close()
    fate.fail = {}
    await store.close()
    const again = await LowdbStore.open(file)
    t.strictSame(codes(again), kept, `stopped after ${before}`)
    await again.close()
  }
})

await t.test('a fold that fails takes no room', async (t) => {
  const file = join(directory(t), 'data.json')
  const { fate, files, calls } = fatedFiles()
  const warned: string[] = []
  const store = await LowdbStore.open(file, { files, smallest: 1000, warn: (message) => warned.push(message) })
  fate.fail = { sync: new Error('ENOSPC') }
  for (let index = 0; warned.length === 0; index++) await store.putBill(storedBill(`B${index}`))
  t.ok(calls.includes('remove data.json.tmp'))
  t.notOk(existsSync(`${file}.tmp`))
  fate.fail = {}
  await store.close()
})

await t.test('a document that is taken away alone comes back with the next change', async (t) => {
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file)
  await store.putBill(storedBill('B1'))
  rmSync(file)
  await store.putBill(storedBill('B2'))
  const copy = join(dirname(file), 'copy.json')
  copyAsKilled(file, copy)
  const again = await LowdbStore.open(copy)
  t.strictSame(codes(again), ['B1', 'B2'])
  await again.close()
  await store.close()
})

await t.test('a journal is not taken in by another document that was put in the place of its own', async (t) => {
  const file = await killed(t)
  const other = join(dirname(file), 'seed.json')
  const seed = await LowdbStore.open(other)
  await seed.putBill(storedBill('S1'))
  await seed.close()
  writeFileSync(file, readFileSync(other))
  t.match(await refusal(file), /the journal .*journal-1 belongs to another document than .*killed\.json, which was put in its place/)
  t.ok(existsSync(`${file}.journal-1`), 'nothing of it is touched')
  rmSync(`${file}.journal-1`)
  const store = await LowdbStore.open(file)
  t.strictSame(codes(store), ['S1'])
  await store.close()
})

await t.test('a process that finds its lock in other hands writes nothing any more', async (t) => {
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file, { files: fatedFiles().files })
  await store.putBill(storedBill('B1'))
  const own = readFileSync(`${file}.lock`, 'utf8')
  let ours = true
  const adapter = new JournaledFile(join(dirname(file), 'alone.json'), { make: () => undefined, contents: { merchants: new Map(), bills: [] } }, { isOurs: () => ours })
  await adapter.read()
  await adapter.write({ merchants: new Map(), bills: [] })
  ours = false
  adapter.record({ bill: storedBill('B1') })
  await t.rejects(adapter.write({ merchants: new Map(), bills: [] }), /another process has taken .*alone\.json over while this one stood still/)
  t.notOk(await adapter.fold({ merchants: new Map(), bills: [] }), 'nor is anything folded')
  await adapter.close()
  await store.close()
  t.match(own, 'nonce')
  t.notOk(existsSync(`${file}.lock`))
})

/* One file, one process. */

/** A lock as this process would write it, but for what is given. */
const lock = async (t: Parameters<typeof directory>[0], holder: object): Promise<string> => {
  const file = join(directory(t), 'other.json')
  const own = await lockFile(file)
  const name = JSON.parse(readFileSync(`${file}.lock`, 'utf8')) as object
  own.release()
  return JSON.stringify({ ...name, nonce: 'another', ...holder })
}

await t.test('two sandboxes of one process cannot have one file', async (t) => {
  const file = join(directory(t), 'data.json')
  const store = await LowdbStore.open(file)
  for (const name of [file, relative(process.cwd(), file)]) {
    t.match(await refusal(name), /data\.json is in use by another sandbox of this process; stop that one, or choose another file by --data/)
  }
  await store.close()
  t.equal(await refusal(file), 'it was opened')
})

await t.test('the lock of a process that lives is kept, that of a dead one is not', { skip: process.platform !== 'linux' }, async (t) => {
  const file = join(directory(t), 'data.json')
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(other.stdout, 'data')
  const began = readFileSync(`/proc/${other.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]
  writeFileSync(`${file}.lock`, await lock(t, { pid: other.pid, began }))
  t.match(await refusal(file), new RegExp(`in use by process ${other.pid};.*if nothing runs, remove .*data\\.json\\.lock`))
  t.ok(existsSync(`${file}.lock`), 'the lock of the other is left')
  // A number that has come to another process since.
  writeFileSync(`${file}.lock`, await lock(t, { pid: other.pid, began: '1' }))
  t.equal(await refusal(file), 'it was opened')
  writeFileSync(`${file}.lock`, await lock(t, { pid: other.pid, began }))
  other.kill('SIGKILL')
  await once(other, 'close')
  t.equal(await refusal(file), 'it was opened')
  // In a container every process has the number 1, and so had the one before.
  writeFileSync(`${file}.lock`, await lock(t, { began: '1' }))
  t.equal(await refusal(file), 'it was opened')
  t.notOk(existsSync(`${file}.lock`))
})

await t.test('a holder on another host counts for as long as it shows itself', async (t) => {
  const file = join(directory(t), 'data.json')
  const path = `${file}.lock`
  writeFileSync(path, await lock(t, { place: 'elsewhere', pid: 7 }))
  let beats = 0
  const beat = setInterval(() => {
    beats++
    utimesSync(path, beats, beats)
  }, 20)
  await t.rejects(lockFile(file, 200), /in use by process 7 on elsewhere/)
  clearInterval(beat)
  const taken = await lockFile(file, 200)
  t.match(readFileSync(path, 'utf8'), hostname(), 'silent, it is taken for dead')
  t.ok(taken.isOurs())
  taken.release()
  t.notOk(existsSync(path))
})
