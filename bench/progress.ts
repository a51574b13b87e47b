/** Says on standard error what is being measured; standard output is for the table. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}
