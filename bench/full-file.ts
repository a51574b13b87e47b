import { progress } from './progress.ts'
import { sendAll } from './load.ts'
import { applyRequest, isSuccess, names } from './requests.ts'
import { journalOf, newDataFile } from './scratch.ts'
import { startSandbox } from './servers.ts'

/** Prepared requests take up memory, so not all are prepared at once. */
const PORTION = 10_000

/** A data file with many bills, made once by a sandbox that took them all. It is copied and never changed. */
export class FullFile {
  readonly tradeUuids: string[]
  #made: Promise<string> | undefined

  constructor(bills: number) {
    this.tradeUuids = names('stored', bills)
  }

  async path(): Promise<string> {
    return (this.#made ??= this.#make())
  }

  /** Has a sandbox take as many bills as the file has. */
  async fill(url: string): Promise<void> {
    for (let from = 0; from < this.tradeUuids.length; from += PORTION) {
      await sendAll(url, this.tradeUuids.slice(from, from + PORTION).map(applyRequest), isSuccess)
    }
  }

  async #make(): Promise<string> {
    progress(`once: a data file with ${this.tradeUuids.length} bills`)
    const file = newDataFile()
    const { child, url } = await startSandbox(file)
    await this.fill(url)
    await child.stop()
    // What the end had no time to fold in is folded in by another start and end.
    if (journalOf(file).length > 0) await (await startSandbox(file)).child.stop()
    if (journalOf(file).length > 0) throw new Error(`the journal of ${this.tradeUuids.length} bills is still there after two ends by SIGTERM`)
    return file
  }
}
