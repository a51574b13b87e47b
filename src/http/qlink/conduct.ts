import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '../../fault/wire/fault.ts'
import type { Conduct } from '../../sandbox/reactions.ts'
import type { World } from '../../sandbox/world.ts'
import { recordFault } from './recording.ts'

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
export function stageOf(app: FastifyInstance, world: World): Stage {
  const held = new Set<() => void>()
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
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
      if (socket.destroyed || closing) release()
    })

  return {
    async play({ delay, fault }, request, reply, body) {
      const { socket } = request.raw
      if (delay > 0) await hold(socket, delay)
      if (fault === undefined) return true
      // Loaded by the first fault.
      const { FAULTS } = await import('../../fault/wire/table.ts')
      const trouble: Fault = FAULTS[fault]
      const headers = { 'x-qlink-sandbox-fault': fault }
      request.log.info({ operation: request.routeOptions.config.operation, appKey: request.headers['appkey'], fault }, 'a fault in the place of an answer')
      const text = body()
      if (request.record !== undefined) Object.assign(request.record, { fault, lostAnswer: text })
      if ('answer' in trouble) {
        // As it is: the answer that it takes the place of may have brought a serializer, which would quote it.
        void reply.serializer((text: string) => text).code(trouble.answer.status).headers({ ...trouble.answer.headers, ...headers }).send(trouble.answer.body)
        return false
      }
      reply.hijack()
      await answersBefore(reply.raw, socket)
      // Before anyone can have seen what came of it.
      recordFault(world, request, reply)
      trouble.inject({ socket, body: text, headers })
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

/** What the same connection asked for before is answered first, and whole: a fault is of one request only. */
async function answersBefore(response: ServerResponse, socket: Socket): Promise<void> {
  // Node hands the connection to one response after another.
  if (response.socket === null && !socket.destroyed) await firstOf([response, 'socket'], [socket, 'close'])
  if (socket.writableLength > 0 && !socket.destroyed) await firstOf([socket, 'drain'], [socket, 'close'])
}

function firstOf(...events: [EventEmitter, string][]): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const [emitter, name] of events) emitter.off(name, end)
      resolve()
    }
    for (const [emitter, name] of events) emitter.on(name, end)
  })
}
