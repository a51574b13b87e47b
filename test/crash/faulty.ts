// A sandbox whose files fail: started as a process of its own, and told by messages when they are to.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FaultyFiles, report, type Files } from './faulty-files.ts'
import { packageRoot } from './package-root.ts'
import { Random } from './random.ts'
import type { Launch, Orders } from './sandbox.ts'
import { Unsynced } from './unsynced.ts'

interface App { url: string; baseUrl: string; close(): Promise<void> }
interface Built {
  startApp: (settings: unknown, parts: { files: Files }) => Promise<App>
  resolveSettings: (sources: { given: Record<string, unknown>; spell: (name: string) => string; env: Record<string, string> }) => Promise<unknown>
  realFiles: Files
}

const load = async (...path: string[]): Promise<Partial<Built>> =>
  await import(pathToFileURL(join(packageRoot(), 'dist', ...path)).href) as Partial<Built>
const { startApp, resolveSettings, realFiles } = { ...await load('app.js'), ...await load('config', 'resolve.js'), ...await load('store', 'files.js') } as Built

const { settings: given, seed, ...first } = JSON.parse(process.argv[2] ?? '') as { settings: Launch['settings']; seed: string } & Orders
const random = new Random(seed)
const unsynced = new Unsynced(realFiles, random.named('unsynced'))
const files = new FaultyFiles(first.power === true ? unsynced : realFiles, random, () => {
  unsynced.lose()
})
files.orders = first

process.on('message', (orders: Orders) => {
  files.orders = { ...files.orders, ...orders }
  process.send?.({ faults: files.faults })
})

const end = (code: number, error?: unknown): never => {
  if (error instanceof Error) report(`ended: ${error.message}`)
  process.exit(code)
}

try {
  const settings = await resolveSettings({ given, spell: (name) => name, env: {} })
  const app = await startApp(settings, { files })
  process.stdout.write(`ready: ${app.baseUrl}\n`)
  process.once('SIGTERM', () => {
    app.close().then(() => end(0), (error: unknown) => end(1, error))
  })
} catch (error) {
  end(2, error)
}
