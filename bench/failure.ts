/** Says in one sentence why the benchmark cannot go on, and ends it; what it started ends with it. */
export function giveUp(sentence: string): never {
  process.stderr.write(`bench: ${sentence}\n`)
  process.exit(1)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
