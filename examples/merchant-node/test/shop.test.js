// Eleven things that happen to every shop sooner or later. Each test has a merchant of its own, with a clock that stands
// until the test turns it, so they run at once, never sleep, and cannot see one another.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectSandbox, startSandbox } from 'qlink-sandbox'
import { createShop } from '../src/shop.js'

let sandbox
// Beside a sandbox that `qlink-sandbox exec` started, that one; otherwise one in this process.
before(async () => {
  sandbox = process.env.QLINK_CONTROL_URL === undefined ? await startSandbox() : connectSandbox()
})
after(() => sandbox.close())

/** A shop of a test's own, and what one does with it. */
async function open(scenario) {
  const merchant = await sandbox.merchant({ clock: 'manual', ...(scenario === undefined ? {} : { scenario }) })
  const { baseUrl, appKey, appSecret } = merchant
  const shop = createShop({ baseUrl, appKey, appSecret, timeout: 1000 })
  await merchant.change({ notifyUrl: await shop.listen({ port: 0 }) })
  const call = async (method, url, payload) => {
    const answer = await shop.inject({ method, url, ...(payload === undefined ? {} : { payload: JSON.stringify(payload), headers: { 'content-type': 'application/json' } }) })
    return answer.json()
  }
  return {
    merchant,
    shop,
    buy: (amount = '15000.50') => call('POST', '/orders', { orderCode: 'O-1', amount }),
    look: ({ id }) => call('GET', `/orders/${id}`),
    cancel: ({ id }) => call('POST', `/orders/${id}/cancel`),
    bill: ({ id }) => merchant.bill(`tradeUuid:${id}`),
    [Symbol.asyncDispose]: () => shop.close(),
  }
}

/** A test whose shop closes at its end. */
function test(name, scenario, run) {
  it(name, async () => {
    const opened = await open(scenario)
    try {
      await run(opened)
    } finally {
      await opened[Symbol.asyncDispose]()
    }
  })
}

describe('a shop', { concurrency: true }, () => {
  test('is paid, is told, and delivers', undefined, async ({ merchant, buy, look, bill }) => {
    const order = await buy()
    assert.equal(order.state, 'waiting')
    assert.match(order.pay, /^0002/, 'a QR code to show')
    await bill(order).pay()
    await merchant.notifications.next()
    const { state, deliveries } = await look(order)
    assert.deepEqual({ state, deliveries }, { state: 'paid', deliveries: 1 })
    assert.match((await merchant.requests.last({ operation: 'apply' })).request.body, /"amount":"15000\.50"/)
  })

  test('delivers once, however often it is told', 'notified-three-times-at-once', async ({ merchant, buy, look }) => {
    const order = await buy()
    await merchant.clock.advance('1m')
    const { attempts } = await merchant.notifications.next()
    assert.equal(attempts.length, 3)
    assert.equal((await look(order)).deliveries, 1)
  })

  test('refuses what is not signed by QLink', undefined, async ({ buy, look, bill }) => {
    const order = await buy()
    for (const sign of ['wrong', 'missing']) {
      const { attempts: [attempt] } = await bill(order).notify({ status: 'PAY_SUCCESS', sign })
      assert.equal(attempt.status, 401)
    }
    const { attempts: [attempt] } = await bill(order).notify({ status: 'PAY_FAIL', body: 'tampered' })
    assert.equal(attempt.status, 401)
    assert.equal((await look(order)).state, 'waiting')
  })

  test('takes a body of any form, as long as it is signed', undefined, async ({ buy, look, bill }) => {
    const order = await buy()
    for (const body of ['pretty-printed', 'reordered', 'escaped', 'extra-fields']) {
      assert.equal((await bill(order).notify({ status: 'PAY_WAIT', body })).attempts[0].status, 200, body)
    }
    assert.equal((await look(order)).state, 'waiting')
  })

  test('is told at last when the first attempts are lost', 'notified-at-third-attempt', async ({ merchant, buy, look }) => {
    const order = await buy()
    await merchant.clock.advance('4s')
    assert.equal((await look(order)).state, 'waiting')
    await merchant.clock.advance('1h')
    assert.equal((await look(order)).state, 'paid')
  })

  test('asks when nobody tells it', 'never-notified', async ({ merchant, shop, buy, look }) => {
    const order = await buy()
    await merchant.clock.advance('1h')
    assert.equal((await look(order)).state, 'waiting')
    await shop.poll()
    assert.equal((await look(order)).state, 'paid')
  })

  test('asks before it applies again when an answer is lost', 'apply-answer-lost', async ({ merchant, buy }) => {
    const order = await buy()
    assert.equal(order.state, 'waiting')
    assert.match(order.billCode, /^QL/)
    const requests = await merchant.requests.list()
    assert.deepEqual(requests.map(({ operation, outcome }) => [operation, outcome]), [['getPayStatus', 'accepted'], ['apply', 'fault']])
    assert.equal((await merchant.bills.list()).length, 1)
  })

  test('does not apply again while nobody can say whether it has', { on: { apply: [{ fault: 'connection-reset', effect: 'kept' }], getPayStatus: [{ fault: 'http-502' }, {}] } }, async ({ merchant, shop, buy, look }) => {
    const order = await buy()
    assert.equal(order.state, 'unknown')
    assert.equal((await merchant.requests.list({ operation: 'apply' })).length, 1)
    await shop.poll()
    assert.equal((await look(order)).state, 'waiting')
  })

  test('applies again with the same tradeUuid when nothing has happened', 'apply-fails-once', async ({ merchant, buy }) => {
    assert.equal((await buy()).state, 'waiting')
    assert.equal((await merchant.bills.list()).length, 1)
    assert.equal((await merchant.requests.list({ operation: 'apply' })).length, 2)
  })

  test('knows that a cancel may come too late', 'paid-after-cancel', async ({ merchant, buy, look, cancel }) => {
    const order = await buy()
    assert.equal((await cancel(order)).state, 'waiting', 'taken, but not settled')
    await merchant.clock.advance('3s')
    await merchant.notifications.next()
    assert.equal((await look(order)).state, 'paid')
    assert.equal((await cancel(order)).state, 'paid')
  })

  test('takes a success after a failure, and no failure after a success', 'notified-in-wrong-order', async ({ merchant, buy, look }) => {
    const order = await buy()
    await merchant.clock.advance('1h')
    const told = await merchant.notifications.list()
    assert.deepEqual(told.map(({ status }) => status).sort(), ['PAY_FAIL', 'PAY_SUCCESS'])
    assert.deepEqual([(await look(order)).state, (await look(order)).deliveries], ['paid', 1])
  })
})
