import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's directory, from wherever this file runs: as source, or compiled into a directory of its own. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(directory, 'package.json'))) {
    if (dirname(directory) === directory) throw new Error('there is no package.json above this file')
    directory = dirname(directory)
  }
  return directory
}

/** Whether the build has a setting; a store that knows no durability is tested without. */
export function hasSetting(name: string): boolean {
  return readFileSync(join(packageRoot(), 'dist', 'config', 'settings.js'), 'utf8').includes(`${name}: `)
}
