import type { Fault } from './fault.ts'

export const emptyResponse: Fault = {
  description: 'The connection is closed in good order without a byte of an answer. / 连接正常关闭，但没有任何应答字节。',
  inject: ({ socket }) => {
    socket.end()
  },
}
