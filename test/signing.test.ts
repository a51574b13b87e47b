import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { sign, signAsObject, stringToSign, stringToSignAsObject, verify } from '../src/signing/index.ts'

interface Case {
  name: string
  appKey: string
  appSecret: string
  content: string
  stringToSign: string
  sign: string
  stringToSignAsObject: string
  signAsObject: string
}
const vectors = JSON.parse(readFileSync(new URL('../fixtures/signing-vectors.json', import.meta.url), 'utf8')) as { cases: Case[] }

t.ok(vectors.cases.length >= 20, 'the vectors are there')
for (const { name, appKey, appSecret, content, ...expected } of vectors.cases) {
  await t.test(`vector ${name}`, async (t) => {
    const input = { appKey, appSecret, content }
    t.equal(stringToSign(input), expected.stringToSign)
    t.equal(sign(input), expected.sign)
    t.equal(stringToSignAsObject(input), expected.stringToSignAsObject)
    t.equal(signAsObject(input), expected.signAsObject)
    t.ok(verify({ ...input, sign: expected.sign }))
  })
}

// A sibling document of the publisher prints the whole string; its id key has another name.
await t.test('the published sample has the form that we build', async (t) => {
  const published = {
    content: '{"pageSize":1000,"page":1,"warehouseCode":"WH000005"}',
    json: String.raw`{"accessId":"ibxakq31y","content":"{\"pageSize\":1000,\"page\":1,\"warehouseCode\":\"WH000005\"}"}`,
  }
  const ours = stringToSign({ appKey: 'ibxakq31y', appSecret: '', content: published.content })
  t.equal(ours.replace('"appKey"', '"accessId"'), published.json)
})

await t.test('no body and an empty body are the same', async (t) => {
  const keys = { appKey: 'k', appSecret: 's' }
  t.equal(sign(keys), sign({ ...keys, content: '' }))
  t.equal(stringToSign(keys), '{"appKey":"k"}s')
})

await t.test('any body: the string to sign is JSON that holds the body as a string, then the secret', async () => {
  const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed())
  fc.assert(
    fc.property(text, text, text, (appKey, appSecret, content) => {
      const whole = stringToSign({ appKey, appSecret, content })
      if (!whole.endsWith(appSecret)) return false
      const value: unknown = JSON.parse(whole.slice(0, whole.length - appSecret.length))
      const expected = content === '' ? { appKey } : { appKey, content }
      return JSON.stringify(value) === JSON.stringify(expected)
        && sign({ appKey, appSecret, content }) === createHash('sha1').update(whole).digest('hex')
    }),
  )
})

await t.test('any body: the right signature fits, and no other does', async () => {
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(text, text, text, text, (appKey, appSecret, content, other) => {
      const right = sign({ appKey, appSecret, content })
      return verify({ appKey, appSecret, content, sign: right })
        && !verify({ appKey, appSecret, content, sign: right.toUpperCase() === right ? '' : right.toUpperCase() })
        && !verify({ appKey, appSecret, content, sign: right.slice(1) })
        && (other === content || !verify({ appKey, appSecret, content: other, sign: right }))
        && (other === '' || !verify({ appKey, appSecret: appSecret + other, content, sign: right }))
    }),
  )
})

await t.test('what a merchant may have agreed to', async (t) => {
  const input = { appKey: 'k', appSecret: 's', content: '{"a":1}' }
  const strict = { ...input, sign: sign(input) }
  const object = { ...input, sign: signAsObject(input) }
  const fits = (one: typeof strict) => (['strict', 'object', 'either'] as const).map((reading) => verify(one, reading))
  t.strictSame(fits(strict), [true, false, true])
  t.strictSame(fits(object), [false, true, true])
  t.notOk(verify({ ...input, sign: '' }, 'either'))
  t.notOk(verify({ ...input, sign: '签' }, 'either'), 'a signature that is no hex at all')
})
