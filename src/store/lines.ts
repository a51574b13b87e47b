import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK = 1024 * 1024
const LINE_END = 0x0a

/** A line of a file, without its end. The bytes are good until the next line is read. */
export interface Line {
  bytes: Buffer
  /** Where it begins, in bytes from the start of the file. */
  at: number
  /** False for what follows the last line end. */
  ended: boolean
}

/** Reads a file line by line, in pieces, so that its size is bounded by nothing but the disk. */
export function* readLines(path: string): Generator<Line> {
  const fd = openSync(path, 'r')
  try {
    let buffer = Buffer.allocUnsafe(CHUNK)
    // What is in the buffer begins at `at` in the file; the first `held` bytes of it are there already.
    let at = 0
    let held = 0
    for (;;) {
      if (held === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
      const length = readSync(fd, buffer, held, buffer.length - held, null)
      if (length === 0) break
      const filled = buffer.subarray(0, held + length)
      let start = 0
      for (let end = filled.indexOf(LINE_END, held); end >= 0; end = filled.indexOf(LINE_END, start)) {
        yield { bytes: filled.subarray(start, end), at: at + start, ended: true }
        start = end + 1
      }
      filled.copyWithin(0, start)
      held = filled.length - start
      at += start
    }
    if (held > 0) yield { bytes: buffer.subarray(0, held), at, ended: false }
  } finally {
    closeSync(fd)
  }
}
