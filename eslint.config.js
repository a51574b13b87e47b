import { dirname, relative, resolve, sep } from 'node:path'
import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'

/**
 * Which rooms of src/ each room may import from (its own always). Imports run one way: what is pure knows nothing
 * above it, `sandbox` knows no HTTP and no files, `http` knows `sandbox`, `app` knows all, and nobody knows `cli`.
 * A file directly in src/ is a room of its own.
 */
const ROOMS = {
  errors: [],
  nearest: [],
  version: [],
  validate: ['nearest'],
  signing: [],
  time: [],
  fault: [],
  contract: ['errors', 'nearest'],
  client: ['contract', 'signing'],
  merchant: ['contract', 'notification/schedule', 'scenario', 'signing', 'time'],
  scenario: ['contract', 'fault', 'nearest', 'notification/schedule', 'time', 'validate'],
  bill: ['contract', 'scenario'],
  store: ['bill', 'contract', 'errors', 'merchant', 'scenario', 'validate'],
  journal: ['bill', 'contract', 'errors', 'signing', 'store/store'],
  coverage: ['bill', 'contract', 'errors', 'fault', 'journal', 'scenario'],
  notification: ['bill', 'contract', 'fault', 'merchant', 'nearest', 'scenario', 'signing', 'time'],
  sandbox: ['bill', 'contract', 'coverage', 'errors', 'fault', 'journal', 'merchant', 'nearest', 'notification', 'scenario', 'signing', 'store', 'time'],
  load: ['errors', 'merchant', 'scenario', 'time', 'validate'],
  config: ['contract', 'errors', 'load', 'merchant', 'nearest', 'notification/schedule', 'time'],
  log: ['config', 'contract'],
  http: ['bill', 'config', 'contract', 'coverage', 'errors', 'fault', 'journal', 'merchant', 'nearest', 'notification', 'sandbox', 'scenario', 'signing', 'store/store', 'time', 'validate', 'version'],
  app: ['bill', 'config', 'contract', 'coverage', 'errors', 'http', 'journal', 'load', 'log', 'merchant', 'nearest', 'notification', 'sandbox', 'scenario', 'store', 'time'],
  kit: ['contract', 'errors', 'http/control/coverage-schemas', 'http/control/journal-schemas', 'http/control/schemas', 'merchant', 'scenario', 'signing', 'time'],
  index: ['app', 'config', 'errors', 'kit', 'signing'],
  serve: ['app', 'config', 'version'],
  commands: ['app', 'config', 'contract', 'coverage', 'errors', 'load', 'notification/plan', 'notification/presets', 'notification/schedule', 'signing', 'time'],
  cli: ['commands', 'config', 'errors', 'nearest', 'serve', 'version'],
}

const src = resolve(import.meta.dirname, 'src')

/** The path inside src/ without its ending, in parts: `['bill', 'qris']`. */
const place = (file) => relative(src, file).replace(/\.ts$/, '').split(sep)

const oneWay = {
  meta: { type: 'problem', schema: [], messages: { wrongWay: 'src/{{room}} may not import from {{target}}: see ROOMS in eslint.config.js' } },
  create(context) {
    const [room] = place(context.filename)
    const check = (node) => {
      const source = node.source?.value
      if (typeof source !== 'string' || !source.startsWith('.')) return
      const target = place(resolve(dirname(context.filename), source))
      const allowed = ROOMS[room] ?? []
      if (target[0] === room || allowed.includes(target[0]) || allowed.includes(target.join('/'))) return
      context.report({ node, messageId: 'wrongWay', data: { room, target: target.join('/') } })
    }
    return { ImportDeclaration: check, ImportExpression: check, ExportNamedDeclaration: check, ExportAllDeclaration: check }
  },
}

export default tseslint.config(
  { ignores: ['dist/', '.tools/', 'coverage/', '.tap/', 'node_modules/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/naming-convention': 'off',
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Ask the clock.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Ask the clock.' },
      ],
    },
  },
  { files: ['src/**/*.ts'], plugins: { house: { rules: { 'one-way': oneWay } } }, rules: { 'house/one-way': 'error' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Each test is async, whether it waits or not, and alphabets of digits may be spread.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  { files: ['src/time/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['src/signing/**/*.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\.\\.?/|node:crypto$)', message: 'The signing core depends on node:crypto and nothing else.' }] }] } },
  {
    files: ['src/client/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^(?!\\.\\.?/|node:|undici$)', allowTypeImports: true, message: 'The client depends on undici and Node; anything else as a type alone.' },
            { regex: 'contract/schemas\\.ts$', allowTypeImports: true, message: 'The client has the schemas as types alone: it loads no TypeBox.' },
          ],
        },
      ],
    },
  },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly', setInterval: 'readonly' } } },
)
