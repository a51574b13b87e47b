// What people look at: the OpenAPI document, the page that browses it, and the checkout page.
import t from 'tap'
import { application, body, demo, endpoint, object, open, OPERATIONS, payload, send, string, type Json } from './helpers/blackbox.ts'

const get = (url: string, headers = {}) => send(url, { method: 'GET', headers })

await t.test('/openapi.json describes every endpoint in both languages', async (t) => {
  const { url } = await open(t)
  const document = body(await get(`${url}/openapi.json`))
  t.equal(document['openapi'], '3.1.0')
  t.equal((document['servers'] as Json[])[0]?.['url'], url)
  const paths = object(document['paths'])
  for (const operation of OPERATIONS) {
    const { post } = object(paths[`/open-platform-api/pay/${operation}`]) as { post: { summary: string; requestBody: { content: Record<string, { schema: { properties: Record<string, { description: string }>; examples?: unknown[] }; examples?: object; example?: object }> } } }
    t.match(post.summary, /^[A-Z].* \/ .*[\u4e00-\u9fff]/, operation)
    const media = post.requestBody.content['application/json']
    for (const [field, { description }] of Object.entries(media?.schema.properties ?? {})) t.match(description, /^.+ \/ .*[\u4e00-\u9fff]/, `${operation}.${field}`)
    t.match(JSON.stringify(media), operation === 'apply' ? /"glinkAccount":"account1"/ : /account1|uuid1/, 'the document’s example')
  }
  const control = ['/health', '/_sandbox/bills', '/_sandbox/bills/{id}', '/_sandbox/bills/{id}/pay', '/_sandbox/notifications/{id}/resend', '/_sandbox/clock', '/_sandbox/clock/advance', '/_sandbox/merchants/{appKey}', '/_sandbox/reset']
  for (const path of control) t.ok(Object.hasOwn(paths, path), path)
  t.ok(object(document['webhooks'])['payNotification'], 'the notification is a webhook')
  t.notMatch(JSON.stringify(document), /\\u003|undefined|\[object/, 'nothing half-rendered')
})

await t.test('/docs is a page that loads from here and nowhere else', async (t) => {
  const { url } = await open(t)
  const page = await get(`${url}/docs/`)
  t.equal(page.status, 200)
  t.match(page.headers['content-type'], /text\/html/)
  t.notMatch(page.text, /(src|href)="https?:/)
  for (const [, asset = ''] of page.text.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)) {
    const found = await get(new URL(asset.startsWith('docs') ? `/${asset}` : asset, `${url}/docs/`).href)
    t.equal(found.status, 200, asset)
  }
})

await t.test('with a token, documents and pages ask for it; the link to a checkout has a key of its own', async (t) => {
  const { url, call } = await open(t, { controlToken: 'open sesame' })
  const answer = body(await call('apply', application({ payChannelCode: '' })))
  for (const path of ['/docs/', '/openapi.json', '/_sandbox/bills', '/_sandbox/nothing']) {
    t.equal((await get(url + path)).status, 401, path)
    t.equal((await get(url + path, { authorization: 'Bearer wrong' })).status, 401, path)
    t.ok([200, 404].includes((await get(url + path, { authorization: 'Bearer open sesame' })).status), path)
  }
  t.equal((await get(`${url}/health`)).status, 200)
  const link = string(answer['actionValue'])
  t.equal((await get(link)).status, 200)
  t.notMatch(link, 'open')
  const [page = '', query = ''] = link.split('?')
  for (const wrong of [page, `${page}?key=`, `${page}?key=${'x'.repeat(43)}`, `${page}?${query}&${query}`]) t.equal((await get(wrong)).status, 401, wrong)
  t.equal((await get(page, { authorization: 'Bearer open sesame' })).status, 200)
  t.equal((await get(page, { authorization: 'Bearer wrong' })).status, 401)
  const other = string(body(await call('apply', application({ payChannelCode: '' })))['actionValue'])
  t.equal((await get(`${other.split('?')[0] ?? ''}?${query}`)).status, 401, 'good for one bill alone')
  t.equal((await send(`${page}/pay`)).status, 401)
  t.match((await get(link)).text, `/pay?${query}"`)
  const paid = await send(`${page}/pay?${query}`)
  t.equal(new URL(String(paid.headers.location), `${page}/pay`).href, link)
  t.match((await get(link)).text, /paid/)
})

await t.test('the checkout page: what a customer sees, pays and declines', async (t) => {
  const shop = await endpoint(t)
  const gate = await open(t, { notifyUrl: shop.url })
  const checkout = async (): Promise<string> => string(body(await gate.call('apply', application({ payChannelCode: '', orderCode: '<b>"order"</b>' })))['actionValue'])
  const page = await checkout()
  t.ok(page.startsWith(`${gate.url}/checkout/QL`), page)
  const seen = await get(page)
  t.match(seen.headers['content-type'], /text\/html/)
  for (const text of ['IDR 1.1', '&#60;b&#62;&#34;order&#34;', '/pay"', '/decline"']) t.ok(seen.text.includes(text), text)
  t.notOk(seen.text.includes('<b>"order"'), 'what a merchant sends is not markup')
  const paid = await send(`${page}/pay`)
  t.equal(paid.status, 303)
  t.equal(new URL(String(paid.headers['location']), `${page}/pay`).href, page)
  await gate.settle()
  t.hasStrict(payload(shop.told[0]), { status: 'PAY_SUCCESS' })
  t.match((await get(page)).text, /paid \/ 已支付 2025-08-04 13:45:21/)
  t.equal((await send(`${page}/decline`)).status, 303, 'settled already: the page shows how')
  t.notMatch((await get(page)).text, /<form/)
  const other = await checkout()
  await send(`${other}/decline`)
  t.match((await get(other)).text, /failed.*USER_DECLINED_PAYMENT/)
  t.equal((await get(`${gate.url}/checkout/QLNOBODY`)).status, 404)
  t.equal((await send(`${await checkout()}/pay`, { headers: { origin: 'https://elsewhere.example' } })).status, 403, 'no other site pays')
  t.equal((await send(`${await checkout()}/pay`, { headers: { origin: 'http://elsewhere.example', host: 'elsewhere.example' } })).status, 403, 'nor one that points its name here')
  t.equal((await gate.status(demo, new URL(page).pathname.split('/').at(-1) ?? ''))['status'], 'PAY_SUCCESS')
})

await t.test('names by which a sandbox may be called', async (t) => {
  const { url } = await open(t, { publicUrl: 'https://pay.sandbox.example/' })
  const as = async (host: string, headers = {}): Promise<number> => (await get(`${url}/_sandbox/clock`, { host, ...headers })).status
  for (const host of ['localhost:4800', '127.0.0.1', '[::1]:4800', 'qlink:4800', 'host.docker.internal', 'shop.localhost', 'pay.sandbox.example', '192.168.1.5']) t.equal(await as(host), 200, host)
  for (const host of ['evil.example:99999', 'evil.example', 'localhost.evil.example:4800', '127.0.0.1.nip.example']) t.equal(await as(host), 403, host)
  t.equal(await as('localhost:4800', { origin: 'http://localhost:4800' }), 200)
  for (const origin of ['null', 'http://localhost:3000', 'https://evil.example', 'http://localhost:4800.evil.example']) t.equal(await as('localhost:4800', { origin }), 403, origin)
  t.equal(await as('localhost:4800', { 'sec-fetch-site': 'cross-site' }), 403)
  t.equal(await as('localhost:4800', { 'sec-fetch-site': 'same-origin' }), 200)
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  t.equal(await as('localhost:4800', { ...link, 'sec-fetch-dest': 'document' }), 200, 'a link may lead here')
  t.equal(await as('localhost:4800', { ...link, 'sec-fetch-dest': 'iframe' }), 403, 'a frame may not')
})
