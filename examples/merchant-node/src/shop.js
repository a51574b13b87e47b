import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import { Ambiguous, QLink, Refused } from './qlink.js'
import { isSigned } from './sign.js'

/** What QLink says of a bill, and what that is for the shop. */
const STATES = { PAY_WAIT: 'waiting', PAY_SUCCESS: 'paid', PAY_FAIL: 'failed', PAY_CANCEL: 'cancelled' }

/**
 * A shop with orders that are paid by QLink.
 *
 * @param {{ baseUrl: string, appKey: string, appSecret: string, payAccount?: string, timeout?: number, deliver?: (order: object) => void }} options
 *   `deliver`: what is done for an order that is paid, once
 */
export function createShop({ payAccount = 'account1', deliver = () => undefined, ...connection }) {
  const qlink = new QLink(connection)
  const orders = new Map()
  const app = Fastify()
  app.addHook('onClose', () => qlink.close())

  // The signature covers the bytes, so a body is verified before it is parsed.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  app.setErrorHandler((error, _request, reply) => reply.code(error instanceof SyntaxError ? 400 : (error.statusCode ?? 500)).send({ message: error.message }))

  app.post('/orders', async (request, reply) => {
    const { orderCode, amount, currency = 'IDR', country = 'ID' } = JSON.parse(request.body)
    const order = { id: randomUUID(), orderCode, amount, currency, country, state: 'new', billCode: null, pay: null, why: '', deliveries: 0 }
    // Kept before QLink hears of it: whatever becomes of the answer, the order is known.
    orders.set(order.id, order)
    await apply(order)
    return reply.code(201).send(order)
  })

  app.get('/orders/:id', async (request, reply) => orders.get(request.params.id) ?? reply.code(404).send({ message: 'no such order' }))

  app.post('/orders/:id/cancel', async (request, reply) => {
    const order = orders.get(request.params.id)
    if (order === undefined) return reply.code(404).send({ message: 'no such order' })
    const answer = await qlink.cancel(order.id).catch((error) => ({ status: 'UNKNOWN', errorCode: error.message }))
    if (answer.status === 'SUCCESS') settle(order, 'PAY_CANCEL')
    // Taken, but not settled, or nobody knows: the callback or the next poll tells.
    else if (answer.status === 'FAIL') await find(order)
    return order
  })

  app.post('/payNotification', async (request, reply) => {
    if (!isSigned(connection, request.body, request.headers.sign)) return reply.code(401).send({ success: false, message: 'the signature is wrong' })
    const { tradeUuid, status, errorCode } = JSON.parse(request.body)
    const order = orders.get(tradeUuid)
    if (order === undefined) return reply.code(404).send({ success: false, message: 'no such order' })
    settle(order, status, errorCode)
    return { success: true }
  })

  async function apply(order) {
    const { id: tradeUuid, orderCode, amount, currency, country } = order
    const tradeTime = new Date().toISOString().slice(0, 19).replace('T', ' ')
    // A tradeUuid is good for one bill, so that applying again with the same one never makes a second.
    const application = { payAccount, payTypeCode: 'ONLINE', payChannelCode: 'QRIS', tradeUuid, tradeTime, orderCode, amount, currency, country }
    for (let attempt = 1; attempt <= 3; attempt++) {
      try {
        const { billCode, actionValue, errorCode } = await qlink.apply(application)
        Object.assign(order, { billCode, pay: actionValue })
        settle(order, errorCode === '' ? 'PAY_WAIT' : 'PAY_FAIL', errorCode)
        return
      } catch (error) {
        const isRefused = error instanceof Refused
        if (!isRefused && !(error instanceof Ambiguous)) throw error
        // A refusal of the first attempt is one; of a later one it may say that the first did make the bill.
        const isFound = isRefused && attempt === 1 ? false : await find(order)
        if (isFound === true) return
        if (isFound === undefined) break
        if (isRefused) {
          settle(order, 'PAY_FAIL', error.message)
          return
        }
      }
    }
    // Unless a callback has told more meanwhile.
    if (order.state === 'new') order.state = 'unknown'
  }

  /** Asks QLink whether there is a bill of an order; the way out of every ambiguous answer. Undefined: no answer to this either. */
  async function find(order) {
    const bills = await qlink.status([order.id]).catch(() => undefined)
    if (bills === undefined) return undefined
    const [bill] = bills
    if (bill === undefined) return false
    order.billCode = bill.billCode
    settle(order, bill.status, bill.errorCode)
    return true
  }

  /** What a callback, a poll or an answer says of an order: any of them may come first, twice, late, or never. */
  function settle(order, status, why = '') {
    const state = STATES[status]
    // Paid is paid: what arrives later was overtaken. A payment may still come after a failure or a cancel.
    const isOld = order.state === 'paid' || (state === 'waiting' && order.state !== 'new' && order.state !== 'unknown')
    if (state === undefined || isOld) return
    Object.assign(order, { state, why })
    if (state !== 'paid') return
    order.deliveries++
    deliver(order)
  }

  /** Asks about all orders that are not settled: a callback may never come. Call it every now and then. */
  async function poll() {
    const open = [...orders.values()].filter(({ state }) => state === 'waiting' || state === 'unknown')
    for (let from = 0; from < open.length; from += 500) {
      const bills = await qlink.status(open.slice(from, from + 500).map(({ id }) => id))
      for (const { tradeUuid, billCode, status, errorCode } of bills) {
        const order = orders.get(tradeUuid)
        order.billCode = billCode
        settle(order, status, errorCode)
      }
    }
  }

  return Object.assign(app, { poll })
}
