import { writeAnswer, type WireFault } from './fault.ts'

export const truncatedJson: WireFault = {
  description: 'Status 200 and the full Content-Length, but the connection closes after half of the body. / 状态 200、Content-Length 完整，但正文只到一半连接就关闭。',
  inject: ({ socket, headers, body }) => {
    const bytes = Buffer.from(body)
    // Cut between characters, so that what arrives is text.
    const half = new TextDecoder().decode(bytes.subarray(0, Math.floor(bytes.length / 2)), { stream: true })
    writeAnswer(socket, '200 OK', { 'content-type': 'application/json; charset=utf-8', ...headers }, half, bytes.length)
  },
}
