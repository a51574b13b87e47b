import type { WireFault } from './fault.ts'

export const hang: WireFault = {
  description: 'Nothing comes, until the client gives up. / 一直没有应答，直到客户端放弃。',
  // Whoever called holds the socket, and lets go of it when the sandbox ends.
  inject: () => undefined,
}
