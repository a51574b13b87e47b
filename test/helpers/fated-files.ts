// The store's file layer, made to fail, to wait, or to be looked at between any two of its calls.
import { copyFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Bill } from '../../src/bill/bill.ts'
import { realFiles, type Files } from '../../src/store/files.ts'

export interface Fate {
  /** What each call of a kind ends with. */
  fail: Partial<Record<'open' | 'write' | 'sync' | 'truncate' | 'rename', Error>>
  /** A write takes so many bytes at the most. */
  takes?: number
  /** Called before each wait for the disk is over. */
  held?: () => Promise<void>
  /** Called before each call is made. */
  before?: () => void
}

export const fatedFiles = () => {
  const fate: Fate = { fail: {} }
  const calls: string[] = []
  const go = (what: keyof Fate['fail'] | 'remove', path: string): void => {
    fate.before?.()
    calls.push(`${what} ${basename(path)}`)
    const error = what === 'remove' ? undefined : fate.fail[what]
    if (error !== undefined) throw error
  }
  const files: Files = {
    ...realFiles,
    open: (path, mode) => {
      go('open', path)
      const file = realFiles.open(path, mode)
      return {
        ...file,
        write: (bytes, position) => {
          go('write', path)
          return file.write(fate.takes === undefined ? bytes : bytes.subarray(0, fate.takes), position)
        },
        truncate: (length) => {
          go('truncate', path)
          file.truncate(length)
        },
        sync: async () => {
          await fate.held?.()
          go('sync', path)
          await file.sync()
        },
      }
    },
    rename: (from, to) => {
      go('rename', to)
      realFiles.rename(from, to)
    },
    remove: (path) => {
      go('remove', path)
      realFiles.remove(path)
    },
  }
  return { fate, files, calls, appends: () => calls.filter((call) => call.startsWith('write') && call.includes('.journal-')).length }
}

/** What a kill at this moment would leave to the next start. */
export const copyAsKilled = (file: string, copy: string): void => {
  for (const name of readdirSync(dirname(file)).filter((one) => one.startsWith(basename(file)) && !one.endsWith('.lock'))) {
    copyFileSync(join(dirname(file), name), copy + name.slice(basename(file).length))
  }
}

export const storedBill = (billCode: string, fields: Partial<Bill> = {}): Bill => ({
  billCode, appKey: 'k', tradeUuid: `u-${billCode}`, orderCode: 'o', paymentRequestId: 'pr', actionValue: '', currency: 'IDR', amount: '1',
  request: '{}', createdAt: 0, status: 'PAY_WAIT', cancelling: false, payTime: null, cancelTime: null, errorCode: '', scenario: { name: 's' },
  cancelAttempts: 0, events: [{ at: 0, what: 'apply', by: 'merchant' }], due: [], notifications: [], ...fields,
})
