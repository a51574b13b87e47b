import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK = 4 * 1024 * 1024
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
    let at = 0
    let rest: Buffer = Buffer.alloc(0)
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK)
      const length = readSync(fd, chunk)
      if (length === 0) break
      const bytes = rest.length === 0 ? chunk.subarray(0, length) : Buffer.concat([rest, chunk.subarray(0, length)])
      let start = 0
      for (let end = bytes.indexOf(LINE_END, rest.length); end >= 0; end = bytes.indexOf(LINE_END, start)) {
        yield { bytes: bytes.subarray(start, end), at: at + start, ended: true }
        start = end + 1
      }
      rest = bytes.subarray(start)
      at += start
    }
    if (rest.length > 0) yield { bytes: rest, at, ended: false }
  } finally {
    closeSync(fd)
  }
}
