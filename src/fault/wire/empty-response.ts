import type { WireFault } from './fault.ts'

export const emptyResponse: WireFault = {
  description: 'The connection is closed in good order without a byte of an answer. / 连接正常关闭，但没有任何应答字节。',
  inject: ({ socket }) => {
    socket.end()
  },
}
