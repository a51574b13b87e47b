// The last step of a build: see src/load/prepared.ts.
import { fileURLToPath } from 'node:url'
import { prepare } from '../dist/load/prepare.js'

const folder = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
await prepare(folder('fixtures'), folder('scenarios'), folder('schemas'))
