import type { WireFault } from './fault.ts'

export const connectionReset: WireFault = {
  description: 'The connection is reset (TCP RST): ECONNRESET, and not a byte of an answer. / 连接被重置（TCP RST），没有任何应答字节。',
  inject: ({ socket }) => {
    socket.resetAndDestroy()
  },
}
