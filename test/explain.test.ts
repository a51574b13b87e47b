// The signature explained: each mistake is made by naive means (helpers/mistaken.ts) for bodies of five kinds, and found.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { explain, sign, signAsObject, type Explanation } from '../src/signing/index.ts'
import { MISTAKES } from '../src/signing/explain/mistakes/table.ts'
import { KEY, MISTAKEN, OTHER, right, SECRET, sha1, template, TOGETHER, type Mistaken } from './helpers/mistaken.ts'

const BODIES = {
  ascii: '{"tradeUuid":"T-1","payAccount":"account1","source":"","description":null,"note":"a b"}',
  chinese: '{"orderCode":"订单-1","description":"玩具😀和书","amount":1.10,"metadata":""}',
  markup: '{"url":"https://shop.example/p?a=1&b=2","name":"<b>Tom\'s & Co=</b>","imageUrl":"/i/1.png","amount":5.0}',
  decimals: '{"tradeUuid":"T-2","amount":12345678901234567890.1234567890,"fee":1.10,"count":100,"rate":0.50}',
  mixed: '{"tradeUuid":"T-3","items":[{"skuName":"书/1","quantity":2,"url":null,"tags":[]},{"quantity":"1","skuName":"<i>É</i>","metadata":{"z":1.0,"a":""}}]}',
} as const

const LANGUAGES = ['java', 'javascript', 'python', 'go', 'php'] as const

const asked = (one: Mistaken): Explanation => explain({ appKey: KEY, appSecret: one.appSecret ?? SECRET, body: one.sent, sign: one.sign, otherSecrets: [OTHER] })

/** What holds for every explanation of a wrong signature. */
const wellSaid = (t: { ok: (value: unknown, message: string) => void; equal: (a: unknown, b: unknown, message: string) => void }, { sent }: Mistaken, said: Explanation): void => {
  const text = JSON.stringify(said)
  t.ok(![SECRET, OTHER.appSecret].some((secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1))), 'no secret is told')
  t.ok([said.message, said.messageZh].every((sentence) => sentence.length > 20 && !sentence.includes('\n')), 'a sentence each')
  t.ok(/[\u4e00-\u9fff]/.test(said.messageZh), 'one of them in Chinese')
  t.equal(said.stringToSign, `${sent === '' ? `{"appKey":"${KEY}"}` : template(sent)}${said.stringToSign.slice(said.stringToSign.lastIndexOf('}') + 1)}`, 'the right string')
  t.ok(said.hashed !== null && said.mend !== null && LANGUAGES.every((language) => (said.mend?.[language] ?? '').length > 10), 'five languages')
  const { hashed, stringToSign: expected, firstDifference: difference, mistakes } = said
  if (hashed === null || mistakes.includes('gbk-bytes') || mistakes.includes('latin1-bytes')) return
  if (difference === null) return t.equal(hashed, expected, 'no difference where none is told')
  const [a, b] = [Buffer.from(hashed), Buffer.from(expected)]
  t.ok(a.subarray(0, difference.byte).equals(b.subarray(0, difference.byte)) && a[difference.byte] !== b[difference.byte], 'the first byte that differs')
}

await t.test('every mistake of the table is tried', async (t) => {
  const elsewhere = ['content-as-string', 'signature-of-another-request']
  t.strictSame(Object.keys(MISTAKES).filter((code) => !(code in MISTAKEN)).sort(), elsewhere)
  t.strictSame(Object.keys(MISTAKEN).filter((code) => !(code in MISTAKES)), [])
})

for (const [code, make] of Object.entries(MISTAKEN)) {
  await t.test(code, async (t) => {
    let found = 0
    for (const [name, body] of Object.entries(BODIES)) {
      // Where the mistake changes nothing for this body, its signature is right.
      const made = make(body, name).filter((one) => one.sign !== right(one.sent, one.appSecret))
      for (const one of made) {
        const said = asked(one)
        wellSaid(t, one, said)
        t.ok(said.mistakes.length === 1 && said.mistakes[0] === said.code && [said.code, ...said.twins].includes(code as never), `${name}: ${one.sent}`, { said: [said.mistakes, said.twins], hashed: said.hashed })
      }
      if (made.length > 0) found++
    }
    t.ok(found >= 2, 'for two kinds of body at least')
  })
}

for (const [codes, make] of Object.entries(TOGETHER)) {
  await t.test(codes, async (t) => {
    let whole = 0
    for (const [name, body] of Object.entries(BODIES)) {
      for (const one of make(body).filter(({ sent, sign }) => sign !== right(sent))) {
        const said = asked(one)
        wellSaid(t, one, said)
        const all = [...said.mistakes, ...said.twins] as string[]
        // For some bodies one of them changes nothing.
        t.ok(said.mistakes.length > 0 && all.every((found) => codes.split(' + ').includes(found) || said.twins.length > 0), `${name}: ${one.sent}`, { said: [said.mistakes, said.twins], hashed: said.hashed })
        if (codes.split(' + ').every((code) => all.includes(code))) whole++
      }
    }
    t.ok(whole >= 1, 'all of them at once, for one kind of body at least')
  })
}

await t.test('a signature of another request, and the other reading', async (t) => {
  const keys = { appKey: KEY, appSecret: SECRET }
  const [body, before] = [BODIES.ascii, BODIES.chinese]
  const said = explain({ ...keys, body, sign: right(before), otherBodies: ['{}', { id: 'r-7', body: before }] })
  t.match(said, { code: 'signature-of-another-request', message: /\(it fits r-7\)$/, hashed: `${template(before)}<appSecret>` })
  t.match(explain({ ...keys, body, sign: right(before) }), { code: 'unknown' }, 'not where nobody knows of it')
  t.match(explain({ ...keys, body, sign: right(body), reading: 'object' }), { code: 'content-as-string', stringToSign: `{"appKey":"${KEY}","content":${body}}<appSecret>` })
  for (const one of [right(body), signAsObject({ ...keys, content: body })]) t.match(explain({ ...keys, body, sign: one, reading: 'either' }), { valid: true, code: null })
  t.match(explain({ ...keys, body, sign: sha1(`{"appKey":"${KEY}","content":${JSON.stringify(JSON.parse(body), null, 2)}}${SECRET}`), reading: 'either' }), { mistakes: ['body-pretty-printed'] }, 'what either reading allows is no mistake')
})

await t.test('where nothing is found, the way to find out is told', async (t) => {
  const said = explain({ appKey: KEY, appSecret: SECRET, body: BODIES.ascii, sign: sha1('something else') })
  t.match(said, { valid: false, code: 'unknown', mistakes: [], twins: [], hashed: null, mend: null, firstDifference: null, stringToSign: `${template(BODIES.ascii)}<appSecret>` })
  t.strictSame([said.steps.length, said.stepsZh.length], [3, 3])
  for (const odd of ['', 'x', '{}', 'sign', 'g'.repeat(40), '0'.repeat(41), `${'a'.repeat(40)}, ${'b'.repeat(40)}`, '签名', '\0']) {
    t.match(explain({ appKey: KEY, appSecret: SECRET, body: '{}', sign: odd }), { valid: false, code: 'malformed', hashed: null }, JSON.stringify(odd))
  }
})

await t.test('bodies that are no JSON, or hardly any, are looked at as they are', async (t) => {
  for (const body of ['{', 'payAccount=1', '[1,2', '"', '{"a":}', `${'['.repeat(5000)}${']'.repeat(5000)}`, `{"a":"${'x'.repeat(3_000_000)}"}`, '\ud800', '{"a":1}{"b":2}', ' ', `{"a":1.${'0'.repeat(60_000)}1}`, `${'\r\n'.repeat(60_000)}x`]) {
    const asObject = explain({ appKey: KEY, appSecret: SECRET, body, sign: sha1(`{"appKey":"${KEY}","content":${body}}${SECRET}`) })
    t.match(asObject, { mistakes: ['content-as-object'] }, body.slice(0, 20))
    t.equal(explain({ appKey: KEY, appSecret: SECRET, body, sign: sha1('no'), effort: 4_000_000 }).code, 'unknown')
  }
})

await t.test('a secret in the body is hidden where the string is shown', async (t) => {
  const body = JSON.stringify({ payAccount: 'account1', secret: SECRET, theirs: OTHER.appSecret })
  const said = asked({ sent: body, sign: sha1(`{"appKey":"${KEY}","content":${body}}${SECRET}`) })
  t.notMatch(JSON.stringify(said), SECRET)
  t.notMatch(JSON.stringify(said), OTHER.appSecret)
})

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const keys = fc.record({ appKey: text.filter((key) => key !== ''), appSecret: text.filter((secret) => secret !== '') })
const bodies = fc.oneof(fc.json(), text)

await t.test('any right signature is right, and any other is given no mistake', async () => {
  fc.assert(fc.property(keys, bodies, fc.uint8Array({ minLength: 20, maxLength: 20 }), ({ appKey, appSecret }, body, random) => {
    const fits = explain({ appKey, appSecret, body, sign: sign({ appKey, appSecret, content: body }) })
    const none = explain({ appKey, appSecret, body, sign: Buffer.from(random).toString('hex') })
    return fits.valid && fits.code === null && !none.valid && none.code === 'unknown' && none.mistakes.length === 0
  }))
})

await t.test('what is named gives the signature exactly', async () => {
  const strings = fc.constantFrom<(key: string, body: string) => string>(
    (key, body) => `{"appKey":${JSON.stringify(key)},"content":${body}}`,
    (key, body) => `{"content":${JSON.stringify(body)},"appKey":${JSON.stringify(key)}}`,
    (key, body) => `{"appKey": ${JSON.stringify(key)}, "content": ${JSON.stringify(body)}}`,
    (key, body) => JSON.stringify({ appKey: key, content: body }).replaceAll('/', '\\/'),
    (key, body) => JSON.stringify({ appKey: key, content: `${body}\n` }),
  )
  const secret = fc.stringMatching(/^[A-Za-z0-9]{20}$/)
  fc.assert(fc.property(fc.stringMatching(/^[a-z]{1,9}$/), secret, bodies.filter((body) => body !== ''), strings, (appKey, appSecret, body, make) => {
    const received = createHash('sha1').update(make(appKey, body) + appSecret).digest('hex')
    const { valid, mistakes, hashed } = explain({ appKey, appSecret, body, sign: received })
    if (valid) return received === sign({ appKey, appSecret, content: body })
    // What is shown, with the secret put back, is what was hashed.
    return mistakes.length > 0 && hashed !== null && sha1(hashed.replace('<appSecret>', appSecret)) === received
  }))
})
