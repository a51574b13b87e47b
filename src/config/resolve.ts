import { UsageError } from '../errors.ts'
import { readTime } from '../contract/wire-time.ts'
import { closest } from '../nearest.ts'
import { readText } from '../load/read-file.ts'
import { Unshown } from './readers.ts'
import { kebab, SETTINGS, SETTING_NAMES, type SettingName, type Settings } from './settings.ts'

/** Variables that `exec` sets for the command it runs; a sandbox that inherits them takes no notice. */
const SET_BY_EXEC = ['QLINK_BASE_URL', 'QLINK_CONTROL_URL', 'QLINK_APP_KEY', 'QLINK_APP_SECRET']
const CONFIG_VARIABLE = 'QLINK_CONFIG'

/** Where settings can come from, the strongest first. */
export interface Sources {
  /** Values by setting name, from the command line or from a caller of the library. */
  given: Readonly<Record<string, unknown>>
  /** How a caller writes a setting: `--notify-url`, or `notifyUrl`. */
  spell: (name: SettingName) => string
  env: Readonly<Record<string, string | undefined>>
  /** The path of a configuration file. */
  config?: string | undefined
  /** What takes the place of the settings' own defaults. */
  defaults?: Partial<Settings>
}

/**
 * Puts the settings together: flags beat environment beats file beats default.
 *
 * @throws UsageError with one line for everything that is wrong, all at once
 */
export async function resolveSettings({ given, spell, env, config, defaults = {} }: Sources): Promise<Settings> {
  const problems = [
    ...unknownVariables(env),
    ...Object.keys(given).filter((name) => !(SETTING_NAMES as string[]).includes(name)).map((name) => `${name} is not known${suggestion(name, SETTING_NAMES)}`),
  ]
  const fromFile = await readConfig(config ?? variable(env, CONFIG_VARIABLE), problems)
  const sourceOf = (name: SettingName): [string, unknown] => {
    const candidates: [string, unknown][] = [
      [spell(name), given[name]],
      [SETTINGS[name].env, variable(env, SETTINGS[name].env)],
      [`${kebab(name)} in the configuration file`, fromFile[name]],
    ]
    return candidates.find(([, value]) => value !== undefined) ?? ['', undefined]
  }
  const settings = Object.fromEntries(
    SETTING_NAMES.map((name) => {
      const [where, value] = sourceOf(name)
      const { read, default: usual } = SETTINGS[name]
      const fallback = defaults[name] ?? usual
      if (value === undefined) return [name, fallback]
      try {
        return [name, read(asText(value))]
      } catch (error) {
        const shown = value === true || error instanceof Unshown ? '' : `, but is ${JSON.stringify(value)}`
        problems.push(`${where} ${(error as Error).message}${shown}`)
        return [name, fallback]
      }
    }),
  ) as unknown as Settings
  if (settings.now !== undefined && readTime(settings.now, settings.timeZone) === undefined) {
    problems.push(`${sourceOf('now')[0]} must be a time such as 2026-01-01 00:00:00 or 2026-01-01T00:00:00+08:00, but is ${JSON.stringify(settings.now)}`)
  }
  if (problems.length > 0) throw new UsageError(problems)
  return settings
}

/** An empty variable is what `NAME=${NAME:-}` makes of one that is not set. */
function variable(env: Sources['env'], name: string): string | undefined {
  return env[name] === '' ? undefined : env[name]
}

function unknownVariables(env: Sources['env']): string[] {
  const known = [...SETTING_NAMES.map((name) => SETTINGS[name].env), CONFIG_VARIABLE]
  return Object.keys(env)
    .filter((name) => name.startsWith('QLINK_') && !known.includes(name) && !SET_BY_EXEC.includes(name))
    .map((name) => `the environment variable ${name} is not known${suggestion(name, known)}`)
}

async function readConfig(file: string | undefined, problems: string[]): Promise<Record<string, unknown>> {
  if (file === undefined) return {}
  const { text, problem } = await readText(file)
  if (problem !== undefined) {
    problems.push(`the configuration file ${file} cannot be read: ${problem}`)
    return {}
  }
  // YAML is loaded only where there is any to read.
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    problems.push(`the configuration file ${file} is not YAML: ${(error as Error).message.replace(/\s+/g, ' ')}`)
    return {}
  }
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    problems.push(`the configuration file ${file} must hold settings by name, such as "port: 4800"`)
    return {}
  }
  const byName: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(value)) {
    const name = SETTING_NAMES.find((one) => one === key || kebab(one) === key)
    if (name === undefined) problems.push(`the configuration file ${file} has an unknown setting ${key}${suggestion(key, SETTING_NAMES.map(kebab))}`)
    else byName[name] = entry
  }
  return byName
}

/** A value from YAML or a caller as the text that a flag would be; `true` is a flag without its value. */
function asText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new Error(value === true ? 'needs a value' : 'must be a text or a number')
}

function suggestion(name: string, known: readonly string[]): string {
  const near = closest(name, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}
