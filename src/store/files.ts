import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'

const dataSync = promisify(fdatasync)

/** A file that is written to. Every method throws, or rejects, what the file system reports. */
export interface WritableFile {
  /** Hands bytes to the operating system. Like the system's own call it may take fewer than it was given; returns how many. */
  write(bytes: Uint8Array, position: number): number
  /** Cuts the file off. */
  truncate(length: number): void
  /** Ends when everything written is on the disk. */
  sync(): Promise<void>
  /** Whether the file was taken away while it is open: what is written then is lost. */
  isGone(): boolean
  close(): void
}

/**
 * As much of the file system as the store writes with, so that a test can hand in one that fails.
 *
 * Writing blocks: a write to the operating system's cache takes a few microseconds, a turn through Node's thread pool
 * ten times that. Waiting for the disk does not block.
 */
export interface Files {
  /** `create`: a new file, or an emptied one. `change`: one that is there, as it is. */
  open(path: string, mode: 'create' | 'change'): WritableFile
  /** Puts a file in the place of another in one step. */
  rename(from: string, to: string): void
  /** Takes a file away; one that is not there is fine. */
  remove(path: string): void
  /** Ends when a directory's entries are on the disk, as far as the system can do that. */
  syncDirectory(path: string): Promise<void>
}

/** The file system of this machine. */
export const realFiles: Files = {
  open: (path, mode) => {
    const fd = openSync(path, mode === 'create' ? 'w' : 'r+')
    return {
      write: (bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
      truncate: (length) => {
        ftruncateSync(fd, length)
      },
      sync: () => dataSync(fd),
      isGone: () => fstatSync(fd).nlink === 0,
      close: () => {
        closeSync(fd)
      },
    }
  },
  rename: renameSync,
  remove: (path) => {
    try {
      unlinkSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  },
  syncDirectory: async (path) => {
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch {
      // Windows opens no directories, and needs no such step.
      return
    }
    try {
      await dataSync(fd)
    } catch (error) {
      // A file system that cannot do this for directories keeps their entries as well as it can.
      if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    } finally {
      closeSync(fd)
    }
  },
}
