// Writes the tables of the READMEs and of docs/ from what they tell of: `npm run tables`. With --check it only says
// whether they are up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { BODY_FORMS } from '../dist/fault/body/table.js'
import { SIGNATURE_FORMS } from '../dist/fault/signature/table.js'
import { FAULTS } from '../dist/fault/wire/table.js'
import { MISTAKES } from '../dist/signing/explain/mistakes/table.js'

const root = new URL('../', import.meta.url)
const ENGLISH = 0
const CHINESE = 1
const HEADS = {
  scenarios: ['| scenario | amount | what happens |', '| 场景 | 金额 | 发生什么 |'],
  faults: ['| fault | what the client sees |', '| 故障 | 客户端看到什么 |'],
  signatures: ['| `sign` | what |', '| `sign` | 含义 |'],
  bodies: ['| `body` | what |', '| `body` | 含义 |'],
  mistakes: ['| `code` | what was done, and what would be right |', '| `code` | 做了什么，应该怎样 |'],
}
const FILES = { 'README.md': ENGLISH, 'README.zh-CN.md': CHINESE, 'docs/scenarios.md': ENGLISH, 'docs/scenarios.zh-CN.md': CHINESE, 'docs/signing.md': ENGLISH, 'docs/signing.zh-CN.md': CHINESE }

/** Every description is English, then a slash, then Chinese. */
const inOne = (description, language) => description.split(' / ')[language]

const scenarios = readdirSync(new URL('scenarios', root))
  .map((file) => parse(readFileSync(new URL(`scenarios/${file}`, root), 'utf8')))
  .sort((a, b) => (a.match?.amount ?? 0) - (b.match?.amount ?? 0))

const rows = {
  scenarios: (language) => scenarios.map(({ name, description, match }) => `| [\`${name}\`](scenarios/${name}.yaml) | ${match?.amount ?? ''} | ${inOne(description, language)} |`),
  faults: (language) => ofTable(FAULTS, language),
  signatures: (language) => ofTable(SIGNATURE_FORMS, language),
  bodies: (language) => ofTable(BODY_FORMS, language),
  mistakes: (language) => Object.entries(MISTAKES).map(([code, { en, zh }]) => `| \`${code}\` | ${asText(language === ENGLISH ? en : zh)} |`),
}

function ofTable(table, language) {
  return Object.entries(table).map(([name, { description }]) => `| \`${name}\` | ${inOne(description, language)} |`)
}

/** What would be markup, as it is. */
function asText(sentence) {
  return sentence.replace(/[\\<|*]/g, '\\$&')
}

let stale = false
for (const [file, language] of Object.entries(FILES)) {
  const before = readFileSync(new URL(file, root), 'utf8')
  const after = before.replace(/<!-- (\w+) -->\n[^]*?<!-- \/\1 -->/g, (whole, name) => {
    if (!(name in rows)) return whole
    const head = HEADS[name][language]
    return [`<!-- ${name} -->`, head, head.replace(/[^|]+/g, '---'), ...rows[name](language), `<!-- /${name} -->`].join('\n')
  })
  if (after === before) continue
  stale = true
  if (process.argv.includes('--check')) console.error(`${file} is not up to date; run npm run tables`)
  else writeFileSync(new URL(file, root), after)
}
if (stale && process.argv.includes('--check')) process.exitCode = 1
