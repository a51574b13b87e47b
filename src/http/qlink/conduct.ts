import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Conduct } from '../../sandbox/reactions.ts'

/** setTimeout takes no more than this: 24 days, which no client waits. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Carries out what a scenario wants of an answer: that it is late, or does not come. */
export interface Stage {
  /**
   * @param body the answer as it would be sent
   * @returns whether the answer is still to be sent as usual; otherwise the reply is taken
   */
  play(conduct: Conduct, request: FastifyRequest, reply: FastifyReply, body: () => string): Promise<boolean>
}

/**
 * Delays and hangs pass in real time, since the client's timeouts do. When the sandbox ends, all of them end at once:
 * what was late is answered, what hangs is let go.
 */
export function stageOf(app: FastifyInstance): Stage {
  const held = new Set<() => void>()
  app.addHook('preClose', (done) => {
    for (const release of held) release()
    done()
  })
  const hold = (socket: Socket, length?: number): Promise<void> =>
    new Promise((resolve) => {
      const release = (): void => {
        clearTimeout(timer)
        held.delete(release)
        socket.off('close', release)
        resolve()
      }
      const timer = length === undefined ? undefined : setTimeout(release, Math.min(length, LONGEST_TIMER))
      socket.on('close', release)
      held.add(release)
      if (socket.destroyed) release()
    })

  return {
    async play({ delay, fault }, request, reply, body) {
      const { socket } = request.raw
      if (delay > 0) await hold(socket, delay)
      if (fault === undefined) return true
      // Loaded by the first fault.
      const { FAULTS } = await import('../../fault/wire/table.ts')
      const text = body()
      reply.hijack()
      request.log.info({ operation: request.routeOptions.config.operation, appKey: request.headers['appkey'], fault }, 'a fault in the place of an answer')
      FAULTS[fault].inject({ socket, body: text, headers: { 'x-qlink-sandbox-fault': fault } })
      if (fault === 'hang') {
        // A client that gives up may close only its own half.
        socket.once('end', () => socket.destroy())
        await hold(socket)
        socket.destroy()
      }
      return false
    },
  }
}
