#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import type { showSchedule } from './commands/schedule.ts'
import { resolveSettings } from './config/resolve.ts'
import { kebab, SETTINGS, SETTING_NAMES, SHIPPED_FIXTURES, type SettingName } from './config/settings.ts'
import { UsageError } from './errors.ts'
import { closest } from './nearest.ts'
import { VERSION } from './version.ts'

/** Exit codes (INTERFACE §1): 2 means that arguments, configuration or files cannot be used. */
const UNUSABLE = 2

const flag = (name: SettingName): string => `--${kebab(name)}`

function serveCommand(program: Command): Command {
  const serve = program.command('serve', { isDefault: true }).description('run the sandbox (the default)')
  for (const name of SETTING_NAMES) {
    const { value, help, default: fallback, env } = SETTINGS[name]
    // The brackets make the value optional to commander, so that a missing one is reported with all the rest.
    serve.option(`${flag(name)} [${value}]`, `${help} (${env}${fallback === undefined ? '' : `; default ${show(fallback)}`})`)
  }
  return serve
    .option('--config [file]', 'the same settings in YAML or JSON (QLINK_CONFIG)')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (options: Record<string, unknown>) => {
      const { config, ...given } = options
      const problems = serve.args.filter((argument) => argument.startsWith('-')).map(unknownOption)
      const [stray] = serve.args.filter((argument) => !argument.startsWith('-'))
      // A stray word behind an unknown option is that option's value, and said already.
      if (stray !== undefined && problems.length === 0) problems.push(`"${stray}" is no command; qlink-sandbox --help lists them`)
      if (config === true) problems.push('--config needs a value')
      const settings = await collect(problems, () =>
        resolveSettings({ given, spell: flag, env: process.env, config: typeof config === 'string' ? config : undefined }),
      )
      const { serve: run } = await import('./serve.ts')
      await run(settings)
    })
}

/** Adds what the settings throw to the problems there are; with none, hands on the settings. */
async function collect<T>(problems: string[], read: () => Promise<T>): Promise<T> {
  try {
    const value = await read()
    if (problems.length === 0) return value
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    problems.push(...error.problems)
  }
  throw new UsageError(problems)
}

function unknownOption(argument: string): string {
  const [name = argument] = argument.split('=')
  const near = closest(name, SETTING_NAMES.map(flag))
  return `the option ${name} is not known${near === undefined ? '; qlink-sandbox --help lists all' : `; did you mean ${near}?`}`
}

function show(value: unknown): string {
  if (value === SHIPPED_FIXTURES) return 'the shipped ones'
  return Array.isArray(value) ? value.join(',') : String(value)
}

function scheduleCommand(program: Command): void {
  program.command('schedule')
    .description('show the retry presets, or what one of them, or a list of waits, comes to')
    .argument('[schedule]', 'a preset\'s name, or waits with commas between such as 15s,30s,3m')
    .option('--from <time>', 'when the first attempt is made (default now)')
    .option('--time-zone <zone>', `zone of the times (${SETTINGS.timeZone.env}; default ${SETTINGS.timeZone.default})`)
    .option('--json', 'as JSON')
    .configureOutput({ outputError: (text, write) => { write(`qlink-sandbox: ${text.replace(/^error: /, '').trim().replace(/\s*\n\s*/g, ' ')}\n`) } })
    .action(async (schedule: string | undefined, options: Parameters<typeof showSchedule>[1]) => {
      const { showSchedule: show } = await import('./commands/schedule.ts')
      process.stdout.write(show(schedule, options, process.env))
    })
}

async function main(): Promise<void> {
  const program = new Command('qlink-sandbox')
    .description('A QLink payment gateway on your own machine.')
    .version(VERSION)
    .exitOverride()
    // Values are required, whatever the brackets say that let us report a missing one ourselves.
    .configureHelp({ optionTerm: (option) => option.flags.replace('[', '<').replace(']', '>') })
  const serve = serveCommand(program).exitOverride()
  scheduleCommand(program)
  program.addHelpText('after', () => `\n${serve.helpInformation()}`)
  try {
    await program.parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : UNUSABLE
    else if (error instanceof UsageError) {
      for (const problem of error.problems) process.stderr.write(`qlink-sandbox: ${problem}\n`)
      process.exitCode = UNUSABLE
    } else throw error
  }
}

await main()
