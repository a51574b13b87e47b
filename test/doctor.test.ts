// The callback doctor: why a notification did not arrive, in plain words, and what to try.
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { advise } from '../src/notification/doctor.ts'
import { adviceOn, inWords } from '../src/notification/trouble.ts'
import type { Reply, Sandbox } from '../src/index.ts'
import { body as json, deadPort, send } from './helpers/blackbox.ts'
import { apply, receiver, start } from './helpers/kit.ts'

const pem = (name: string): Buffer => readFileSync(new URL(`./data/tls/${name}.pem`, import.meta.url))
const listen = async (t: Test, server: Server): Promise<number> => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => { open.add(socket) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}
const answering = (t: Test, answer: Reply) => receiver(t, { answer })
/** What the attempt to tell of a payment says. */
const attemptAt = async (sandbox: Sandbox, notifyUrl: string, timeout = '5s') => {
  const merchant = await sandbox.merchant({ notifyUrl, notification: { timeout } })
  await merchant.bill(await apply(merchant)).pay()
  await sandbox.clock.advance('0s')
  const [notification] = await merchant.notifications.list()
  return notification?.attempts[0]
}

await t.test('an attempt says why it came to nothing, and what to try', async (t) => {
  const sandbox = await start(t, { notifySchedule: 'once' })
  const dead = await deadPort()
  const tls = await listen(t, createTlsServer({ key: pem('key'), cert: pem('self-signed') }, (_request, response) => response.end()))
  const rubbish = await listen(t, createServer((socket) => { socket.end('220 mail.example ESMTP\r\n') }))
  const plain = await answering(t, 200)
  for (const [url, error, advice] of [
    [`http://127.0.0.1:${String(dead)}`, /^connection refused: nothing listens there \(ECONNREFUSED\)/, new RegExp(`is the application up, on port ${String(dead)}|host\\.docker\\.internal:${String(dead)}`)],
    [`http://localhost:${String(dead)}`, /^connection refused/, /127\.0\.0\.1 or ::1|host\.docker\.internal/],
    ['http://nowhere.invalid', /^the host name (is unknown|could not be looked up)/, /how nowhere\.invalid is spelt/],
    ['http://no-such-service:8080', /^the host name/, /is no-such-service the service's name/],
    [`https://127.0.0.1:${String(tls)}`, /^the certificate is signed by itself.*\(DEPTH_ZERO_SELF_SIGNED_CERT\)/, /NODE_EXTRA_CA_CERTS/],
    [`https://127.0.0.1:${String(plain.port)}`, /^what listens there does not speak TLS/, new RegExp(`http://127\\.0\\.0\\.1:${String(plain.port)}`)],
    [`http://127.0.0.1:${String(rubbish)}`, /^what answers there does not speak HTTP \(HPE_/, /another program has port/],
    [(await answering(t, 'reset')).url, /^the connection was (reset|closed)/, /its own log may say why/],
    [(await answering(t, 'close')).url, /^the connection was closed/, /its own log may say why/],
    [(await answering(t, 404)).url, /^answered 404/, /\/payNotification is appended/],
    [(await answering(t, 401)).url, /^answered 401/, /exact bytes/],
    [(await answering(t, 503)).url, /^answered 503/, /its own log says why/],
    [(await answering(t, { status: 308, headers: { location: 'https://shop.example/hook' } })).url, /^answered 308/, /register the URL that it leads to: https:\/\/shop\.example\/hook/],
    [(await answering(t, { status: 400, body: 'The plain HTTP request was sent to HTTPS port' })).url, /^answered 400/, /speaks https there: let the URL begin with https:\/\/127/],
    [(await answering(t, { body: { success: false } })).url, /says "success": false/, /what is not \{"success":false\} acknowledges/],
  ] as const) {
    t.match(await attemptAt(sandbox, url), { acknowledged: false, error, advice }, url)
  }
  t.match(await attemptAt(sandbox, (await answering(t, 'hang')).url, '30ms'), { error: /^no answer within 30 ms/, advice: /answer first and do the work later; --notify-timeout/ })
  t.match(await attemptAt(sandbox, plain.url), { acknowledged: true, error: null, advice: null })
})

await t.test('what advice depends on', async (t) => {
  const refused = { acknowledged: false, url: 'http://localhost:9000/payNotification', error: 'connection refused: nothing listens there (ECONNREFUSED)' }
  t.match(advise(refused, true), /runs in a container, where localhost is the container itself.*http:\/\/host\.docker\.internal:9000 .*--add-host host\.docker\.internal:host-gateway/)
  t.match(advise(refused, false), /localhost may mean 127\.0\.0\.1 or ::1/)
  t.match(advise({ ...refused, url: 'http://shop:9000/' }, true), /listen on 0\.0\.0\.0/)
  t.match(advise({ ...refused, url: 'http://[::1]/' }, false), /on port 80 of this machine/)
  t.match(advise({ ...refused, url: 'https://127.0.0.1/' }, true), /https:\/\/host\.docker\.internal /)
  const at = { url: new URL('https://shop.example/payNotification'), inContainer: false }
  for (const [code, words, advice] of [
    ['CERT_HAS_EXPIRED', /has expired/, /renew it/],
    ['CERT_NOT_YET_VALID', /not valid yet/, /time of day/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/, /must name shop\.example/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /does not know/, /NODE_EXTRA_CA_CERTS/],
    ['UND_ERR_CONNECT_TIMEOUT', /timed out/, /curl -v https:\/\/shop\.example/],
    ['ENETUNREACH', /network cannot be reached/, /firewall/],
  ] as const) {
    const said = inWords(Object.assign(new Error('x'), { code }))
    t.match(said, words)
    t.ok(said.endsWith(` (${code})`))
    t.match(adviceOn(said, at), advice)
  }
  t.match(adviceOn('the host name is unknown (ENOTFOUND)', { url: new URL('http://host.docker.internal:1'), inContainer: true }), /--add-host/)
  t.equal(inWords(new Error('something\n new')), 'the answer could not be read: something new')
  t.equal(adviceOn('something new', at), undefined)
  t.equal(advise({ acknowledged: false, url: at.url.href, error: 'lost on its way: the scenario has it never sent' }), undefined)
})

await t.test('a probe goes step by step, as far as it comes', async (t) => {
  const sandbox = await start(t, { notifySchedule: 'once' })
  const endpoint = await answering(t, 404)
  const merchant = await sandbox.merchant({ notifyUrl: `http://localhost:${String(endpoint.port)}/shop/` })
  const steps = async (url?: string): Promise<string[]> => (await merchant.probe(url)).steps.map(({ step, ok }) => `${step} ${ok ? 'ok' : 'failed'}`)
  const well = await merchant.probe()
  t.match(well, {
    ok: true,
    url: `http://localhost:${String(endpoint.port)}/shop/payNotification`,
    steps: [
      { step: 'url', ok: true, message: `notifications go to http://localhost:${String(endpoint.port)}/shop/payNotification` },
      { step: 'name', ok: true, message: /^localhost is .*127\.0\.0\.1/ },
      { step: 'connect', ok: true, message: `127.0.0.1 port ${String(endpoint.port)} takes connections` },
      { step: 'request', ok: true, message: 'HEAD is answered 404', advice: /a POST to the same path must be/ },
    ],
  })
  t.match(endpoint.received, [{ method: 'HEAD', path: '/shop/payNotification', body: '' }], 'nothing was told')
  t.same(await steps(`http://127.0.0.1:${String(await deadPort())}`), ['url ok', 'name ok', 'connect failed'])
  t.match((await merchant.probe('http://nowhere.invalid')).steps.at(-1), { step: 'name', ok: false, message: /host name/, advice: /spelt/ })
  const tls = await listen(t, createTlsServer({ key: pem('key'), cert: pem('self-signed') }, (_request, response) => response.end()))
  t.match((await merchant.probe(`https://127.0.0.1:${String(tls)}`)).steps.at(-1), { step: 'tls', ok: false, message: /signed by itself/, advice: /NODE_EXTRA_CA_CERTS/ })
  t.match((await merchant.probe(`https://127.0.0.1:${String(endpoint.port)}`)).steps.at(-1), { step: 'tls', ok: false, message: /does not speak TLS/ })
  const moved = await answering(t, { status: 301, headers: { location: '/elsewhere' } })
  t.match((await merchant.probe(moved.url)).steps.at(-1), { step: 'request', ok: true, message: 'HEAD is answered 301', advice: /redirects are not followed.*\/elsewhere/ })

  const ask = (content: object, appKey = merchant.appKey) => send(`${sandbox.controlUrl}/merchants/${appKey}/probe`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) })
  const hanging = await answering(t, 'hang')
  t.match(json(await ask({ url: hanging.url, timeout: '50ms' })), { ok: false, steps: [{}, {}, {}, { step: 'request', ok: false, message: 'it took too long, and was broken off' }] })
  t.match(json(await ask({ url: 'ftp://x', timeout: '0s' })), { status: 400, detail: /^url must be an http or https URL .*; timeout must be a duration/ })
  t.equal((await ask({}, 'nobody')).status, 404)
  await merchant.change({ notifyUrl: null })
  t.match(json(await ask({})), { status: 409, detail: /has no notifyUrl/ })
  const underway = ask({ url: hanging.url, timeout: '10m' })
  while (hanging.received.length < 2) await new Promise(setImmediate)
  await sandbox.close()
  t.match(json(await underway), { ok: false }, 'it does not hold up the sandbox\'s end')
})

await t.test('a certificate that is trusted is shown', async (t) => {
  const { probe } = await import('../src/notification/probe.ts')
  const tls = await listen(t, createTlsServer({ key: pem('key'), cert: pem('self-signed') }, (_request, response) => response.end()))
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
  const found = await probe(`https://127.0.0.1:${String(tls)}`, AbortSignal.timeout(5000), true)
  t.match(found, { ok: true, steps: [{ advice: /host\.docker\.internal/ }, {}, {}, { step: 'tls', message: /^the certificate is merchant\.example's, signed by merchant\.example, and good until / }, { step: 'request' }] })
})
