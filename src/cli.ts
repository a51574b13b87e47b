#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import type { showSchedule } from './commands/schedule.ts'
import type { checkScenarios, Outcome, recordBill } from './commands/scenarios.ts'
import type { SignOptions, Surroundings, VerifyOptions } from './commands/signature.ts'
import { resolveSettings } from './config/resolve.ts'
import { kebab, SETTINGS, SETTING_NAMES, SHIPPED_FIXTURES, type SettingName, type Settings } from './config/settings.ts'
import { UsageError } from './errors.ts'
import { closest } from './nearest.ts'
import { VERSION } from './version.ts'

/** Exit codes (INTERFACE §1): 2 means that arguments, configuration or files cannot be used. */
const UNUSABLE = 2

const flag = (name: SettingName): string => `--${kebab(name)}`

function serveCommand(program: Command): Command {
  const serve = withSettings(program.command('serve', { isDefault: true }).description('run the sandbox (the default)'))
  return serve.action(async (options: Record<string, unknown>) => {
    const settings = await readSettings(serve, options, process.env)
    const { serve: run } = await import('./serve.ts')
    await run(settings)
  })
}

/**
 * The options of all settings, and the file that may hold them.
 *
 * @param fixed what takes the place of a setting's default, and only a flag may change
 * @param defaults what takes the place of a setting's default
 */
function withSettings(command: Command, fixed: Partial<Settings> = {}, defaults: Partial<Settings> = {}): Command {
  for (const name of SETTING_NAMES) {
    const { value, help, default: usual, env } = SETTINGS[name]
    const fallback = fixed[name] ?? defaults[name] ?? usual
    const notes = [...(name in fixed ? [] : [env]), ...(fallback === undefined ? [] : [`default ${show(fallback)}`])]
    // The brackets make the value optional to commander, so that a missing one is reported with all the rest.
    command.option(`${flag(name)} [${value}]`, `${help} (${notes.join('; ')})`)
  }
  return command.option('--config [file]', 'the same settings in YAML or JSON (QLINK_CONFIG)').allowUnknownOption().allowExcessArguments()
}

/**
 * @param options what commander made of the flags
 * @param others problems that are known already
 * @param defaults what takes the place of the settings' own
 */
async function readSettings(command: Command, { config, ...given }: Record<string, unknown>, env: Readonly<Record<string, string | undefined>>, others: readonly string[] = [], defaults: Partial<Settings> = {}): Promise<Settings> {
  const problems = [...others, ...command.args.filter((argument) => argument.startsWith('-')).map(unknownOption)]
  const [stray] = command.args.filter((argument) => !argument.startsWith('-'))
  // A stray word behind an unknown option is that option's value, and said already.
  if (stray !== undefined && problems.length === 0) problems.push(strayWord(command, stray))
  if (config === true) problems.push('--config needs a value')
  return collect(problems, () => resolveSettings({ given, spell: flag, env, config: typeof config === 'string' ? config : undefined, defaults }))
}

function strayWord({ parent }: Command, word: string): string {
  const isCommand = parent?.commands.some((one) => one.name() === word) === true
  return isCommand ? `${word} must stand first, before all options: qlink-sandbox ${word}` : `"${word}" is no command; qlink-sandbox --help lists them`
}

/** Where the sandbox of `exec` is and keeps its bills: the environment and the file say that of another one. */
const EXEC_FIXED: Partial<Settings> = { port: 0, data: 'memory' }
/** Its log tells of trouble alone. */
const EXEC_DEFAULTS: Partial<Settings> = { logLevel: 'warn' }

/**
 * @param command what stands behind `--`; undefined where that is not there
 */
function execCommand(program: Command, command: readonly string[] | undefined): void {
  const exec = withSettings(program.command('exec').description('run a command with a sandbox beside it: qlink-sandbox exec [options] -- COMMAND').usage('[options] -- COMMAND'), EXEC_FIXED, EXEC_DEFAULTS)
  exec.configureOutput(oneLine)
    .option('--coverage-threshold <percent>', 'fail where less of a bill\'s life was exercised')
    .option('--report <file>', 'write the coverage to a file, .xml in JUnit\'s form or .json; may be given again', (file: string, files: string[] | undefined) => [...(files ?? []), file])
    .option('--no-coverage', 'do not print the coverage')
  exec.action(async ({ coverage, coverageThreshold, report, ...options }: Record<string, unknown>) => {
    const problems = (command?.[0] ?? '') === '' ? ['exec needs a command behind --, such as: qlink-sandbox exec -- npm test'] : []
    const { readCoverageOptions, reportCoverage } = await import('./commands/coverage.ts')
    const wanted = readCoverageOptions({ coverage, coverageThreshold, report }, problems)
    const settings = await readSettings(exec, { ...EXEC_FIXED, ...options }, process.env, problems, EXEC_DEFAULTS)
    const { endAs, exec: run } = await import('./commands/exec.ts')
    endAs(await run(settings, command ?? [], (app, ending) => reportCoverage(app, ending, wanted)))
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

/** What stands behind `exec … --` is nothing of ours. */
function split(words: readonly string[]): { own: readonly string[]; command: readonly string[] | undefined } {
  const end = words[2] === 'exec' ? words.indexOf('--') : -1
  return end < 0 ? { own: words, command: undefined } : { own: words.slice(0, end), command: words.slice(end + 1) }
}

/** A value that begins with a minus is a value all the same, and its option says what is wrong with it: `--clock -1x`. */
function withNegatives(words: readonly string[]): string[] {
  return words.reduce<string[]>((all, word) => {
    const option = all.at(-1) ?? ''
    return /^-\d/.test(word) && /^--[a-z-]+$/.test(option) ? [...all.slice(0, -1), `${option}=${word}`] : [...all, word]
  }, [])
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
    .configureOutput(oneLine)
    .action(async (schedule: string | undefined, options: Parameters<typeof showSchedule>[1]) => {
      const { showSchedule: show } = await import('./commands/schedule.ts')
      process.stdout.write(show(schedule, options, process.env))
    })
}

/** Options that both commands about signatures have. */
function signatureCommand(program: Command, name: string, description: string): Command {
  return program.command(name)
    .description(description)
    .argument('[file]', 'the body, byte for byte; standard input where left out')
    .option('--app-key <key>', 'the merchant\'s appKey (QLINK_APP_KEY)')
    .option('--secret <secret>', 'its appSecret (QLINK_APP_SECRET)')
    .option('--signature <reading>', 'strict, or object where content is nested as an object (default strict)')
    .option('--json', 'as JSON')
    .configureOutput(oneLine)
}

function signatureCommands(program: Command): void {
  signatureCommand(program, 'sign', 'print the signature of a body, the string that is hashed, and a curl command')
    .option('--url <url>', 'base URL for the curl command (QLINK_BASE_URL; default http://127.0.0.1:4800/open-platform-api/pay)')
    .option('--operation <name>', 'endpoint for the curl command; by the body\'s fields where left out')
    .action(async (file: string | undefined, options: SignOptions) => {
      const { signBody } = await import('./commands/signature.ts')
      finish(await signBody(file, options, surroundings()))
    })
  signatureCommand(program, 'verify', 'say whether a signature fits a body, and if not, which mistake explains it')
    .option('--sign <signature>', 'the header sign as it was sent')
    .option('--other-secret <secret>', 'another merchant\'s secret that may have been used; may be given again', (secret: string, secrets: string[] | undefined) => [...(secrets ?? []), secret])
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const { verifySignature } = await import('./commands/signature.ts')
      finish(await verifySignature(file, options, surroundings()))
    })
}

/** Colours as https://no-color.org and Node.js itself have it. */
function surroundings(): Surroundings {
  const { env, stdin, stdout } = process
  const wanted = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' && stdout.isTTY
  return { env, stdin, colours: (env['FORCE_COLOR'] ?? '') === '' ? wanted : env['FORCE_COLOR'] !== '0' }
}

function scenariosCommands(program: Command): void {
  const scenarios = program.command('scenarios').description('look at scenario files, or make one').configureOutput(oneLine)
  scenarios.command('check')
    .description('say everything that is wrong with scenario files')
    .argument('[files...]', 'files and directories; the shipped ones and those of --scenarios where left out')
    .option('--scenarios <dir>', `${SETTINGS.scenarios.help} (${SETTINGS.scenarios.env})`)
    .option('--json', 'as JSON')
    .action(async (files: string[], options: Parameters<typeof checkScenarios>[1]) => {
      const { checkScenarios: check } = await import('./commands/scenarios.ts')
      finish(await check(files, options, process.env))
    })
  scenarios.command('record')
    .description('print the scenario that reproduces a bill of a running sandbox')
    .argument('<bill>', 'a billCode, or tradeUuid:<uuid>')
    .option('--url <url>', 'where the sandbox is (default http://127.0.0.1:4800)')
    .option('--token <token>', `its control token (${SETTINGS.controlToken.env})`)
    .option('--app-key <key>', 'whose bill, where two merchants use one tradeUuid')
    .option('--name <name>', 'what to call the scenario')
    .action(async (bill: string, options: Parameters<typeof recordBill>[1]) => {
      const { recordBill: record } = await import('./commands/scenarios.ts')
      finish(await record(bill, options, process.env))
    })
}

/** Commander's complaints in the house's form. */
const oneLine = {
  outputError: (text: string, write: (line: string) => void): void => {
    write(`qlink-sandbox: ${text.replace(/^error: /, '').trim().replace(/\s*\n\s*/g, ' ')}\n`)
  },
}

function finish({ stdout, stderr = '', code }: Outcome): void {
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = code
}

async function main(): Promise<void> {
  const { own, command } = split(process.argv)
  const program = new Command('qlink-sandbox')
    .description('A QLink payment gateway on your own machine.')
    .version(VERSION)
    .exitOverride()
    // Values are required, whatever the brackets say that let us report a missing one ourselves.
    .configureHelp({ optionTerm: (option) => option.flags.replace('[', '<').replace(']', '>') })
  const serve = serveCommand(program).exitOverride()
  scheduleCommand(program)
  signatureCommands(program)
  scenariosCommands(program)
  execCommand(program, command)
  program.addHelpText('after', () => `\n${serve.helpInformation()}`)
  try {
    await program.parseAsync(withNegatives(own))
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : UNUSABLE
    else if (error instanceof UsageError) {
      for (const problem of error.problems) process.stderr.write(`qlink-sandbox: ${problem}\n`)
      process.exitCode = UNUSABLE
    } else throw error
  }
}

await main()
