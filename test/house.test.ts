// The house itself: every source file is loaded here, so that none escapes coverage, and imports have no cycles.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { kebab, SETTINGS, SETTING_NAMES } from '../src/config/settings.ts'

const src = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => join(src, file))

await t.test('every source file loads', async (t) => {
  // The command line runs when it is loaded; test/process.test.ts runs it.
  for (const file of files.filter((one) => !one.endsWith('cli.ts'))) {
    await t.resolves(import(file), file.slice(src.length))
  }
})

await t.test('git keeps every source file', async (t) => {
  const { status, stdout } = spawnSync('git', ['ls-files', '--others', '--ignored', '--exclude-standard', '--', 'src', 'test'], { cwd: dirname(src), encoding: 'utf8' })
  if (status === 0) t.equal(stdout, '', 'none is kept out by .gitignore')
})

await t.test('imports go round in no circle', async (t) => {
  const imports = new Map(files.map((file) => [
    file,
    // What is imported as a type alone is gone when the code runs.
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type\b)[^'"]*?from '(\.[^']+)'/gms)].map(([, to = '']) => resolve(dirname(file), to)),
  ]))
  const done = new Set<string>()
  const walk = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path, file]
    if (done.has(file)) return undefined
    for (const next of imports.get(file) ?? []) {
      const circle = walk(next, [...path, file])
      if (circle !== undefined) return circle
    }
    done.add(file)
    return undefined
  }
  t.ok([...imports.values()].flat().length > 100, 'imports are found')
  for (const file of files) t.equal(walk(file, [])?.map((one) => one.slice(src.length)).join(' → '), undefined, file.slice(src.length))
})

await t.test('no file grows past what one can hold in mind', async (t) => {
  for (const file of files) t.ok(readFileSync(file, 'utf8').split('\n').length <= 300, file.slice(src.length))
})

await t.test('both READMEs have the same parts and the same commands', async (t) => {
  const [en, zh] = ['README.md', 'README.zh-CN.md'].map((file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
  const headings = (text = ''): string[] => [...text.matchAll(/^(#{1,4}) /gm)].map(([, marks = '']) => marks)
  const commands = (text = ''): string[] => [...text.matchAll(/^```(?:sh|js|yaml)\n(.*?)^```/gms)].map(([, code = '']) => code.replace(/ +(#|\/\/) .*$/gm, ''))
  t.strictSame(headings(zh), headings(en))
  t.strictSame(commands(zh), commands(en))
  t.ok(commands(en).length >= 4)
  for (const text of [en, zh]) {
    for (const name of SETTING_NAMES) {
      const row = text?.split('\n').find((line) => line.startsWith(`| \`--${kebab(name)}\` | \`${SETTINGS[name].env}\` |`))
      t.ok(row, `the table of settings has --${kebab(name)}`)
      const fallback = SETTINGS[name].default
      if (fallback !== undefined && name !== 'fixtures') t.ok(row?.includes(`| ${String(fallback)} |`), `with its default ${String(fallback)}`)
    }
  }
})
