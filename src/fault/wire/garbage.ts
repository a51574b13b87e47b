import { hash } from 'node:crypto'
import type { WireFault } from './fault.ts'

export const garbage: WireFault = {
  description: 'Bytes that are not HTTP, then the connection closes. / 返回并非 HTTP 的字节，随后关闭连接。',
  inject: ({ socket, body }) => {
    // Of the lost answer, so that the same request gets the same bytes; 0x16 begins a TLS record, and no HTTP.
    socket.end(Buffer.concat([Buffer.from([0x16]), hash('sha512', body, 'buffer')]))
  },
}
