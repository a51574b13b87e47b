import fc from 'fast-check'
import t from 'tap'
import { compareDecimals, countDigits, isPlainDecimal, withoutExponent } from '../src/contract/decimal.ts'
import { numberText, readBody, readExact, writeExact } from '../src/contract/json.ts'
import { currencyDigits, isCountry } from '../src/contract/iso.ts'
import { headerFromText, textFromHeader } from '../src/contract/header-text.ts'
import { fromWireTime, isTimeZone, isWireTime, readTime, toIsoTime, toWireTime } from '../src/contract/wire-time.ts'
import { readDuration } from '../src/time/duration.ts'
import { whyNotAcknowledged } from '../src/notification/acknowledgement.ts'
import { notificationUrl } from '../src/notification/payload.ts'
import { globFits } from '../src/scenario/match.ts'

await t.test('exponents are written out, digit for digit', async (t) => {
  const cases: Record<string, string> = {
    '1.10E+2': '110', '1.10': '1.10', '1.105e2': '110.5', '1e0': '1', '1e3': '1000', '12345678901234567890.12e-2': '123456789012345678.9012',
    '1e-2': '0.01', '0.5e1': '5', '0e5': '0', '-2.5e1': '-25', '10.0e-1': '1.00',
  }
  for (const [from, to] of Object.entries(cases)) t.equal(withoutExponent(from), to, from)
  for (const bad of ['1e999999999', '01', '.5', '1.', 'abc', '', '1e', '+1']) t.equal(withoutExponent(bad), undefined, bad)
})

await t.test('decimals compare as numbers do, at any length', async (t) => {
  const decimal = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 10 }))
    .map(([whole, fraction]) => (fraction === '' ? String(whole) : `${whole}.${fraction}`))
  const value = (text: string): bigint => BigInt((text.split('.')[0] ?? '') + (text.split('.')[1] ?? '').padEnd(12, '0'))
  fc.assert(fc.property(decimal, decimal, (a, b) => Math.sign(compareDecimals(a, b)) === (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0)))
  fc.assert(fc.property(decimal, (a) => isPlainDecimal(a) && compareDecimals(a, a.includes('.') ? `${a}0` : `${a}.0`) === 0))
  t.strictSame(countDigits('12.345'), { integer: 2, fraction: 3 })
})

await t.test('numbers go through JSON with every digit', async (t) => {
  const number = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 12 })).map(([a, b]) => `${a}.${b}`)
  fc.assert(fc.property(number, (text) => writeExact(readExact(`{"amount":${text}}`)) === `{"amount":${text}}`))
  const blank = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })
  const others = fc.dictionary(fc.string().filter((key) => key !== 'amount'), fc.jsonValue({ maxDepth: 3 })).filter((fields) => !/__proto__|constructor/.test(JSON.stringify(fields)))
  fc.assert(fc.property(number, others, others, blank, blank, fc.constantFrom('amount', '\\u0061mount'), (text, before, after, b1, b2, key) => {
    const inside = (fields: object): string => JSON.stringify(fields).slice(1, -1)
    const nested = { deeper: { amount: 7, ...before } }
    const parts = [inside(before), inside(nested), `"${key}"${b1}:${b2}${text}`, inside({ ['x'.repeat(3)]: [after, { amount: 8 }] })].filter((part) => part !== '')
    const body = `{${parts.join(`${b1},${b2}`)}}`
    return numberText(body, 'amount') === text && readBody(body)['amount'] === Number(text)
  }))
  t.equal(numberText('{"amount":1,"amount":2.50}', 'amount'), '2.50', 'the last one counts, as for JSON.parse')
  t.equal(numberText('{"a":{"amount":1},"b":"\\"amount\\":3"}', 'amount'), undefined)
})

await t.test('keys that are given twice are found as lossless-json finds them', async () => {
  // One key with an escape and no other: JSON.parse of Node.js 24.21 takes the key "\"" for "\\" where it has met that before.
  const key = fc.constantFrom('a', 'b', '"', ':', '{', 'é')
  const { json } = fc.letrec<{ json: string }>((tie) => ({
    json: fc.oneof({ depthSize: 'small' },
      fc.constantFrom('1', '1.0', '"x"', '"{\\"a\\":1}"', 'null', '[]'),
      fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
      fc.array(fc.tuple(key, tie('json')), { maxLength: 3 }).map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)} :${value}`).join(',')}}`)),
  }))
  const throws = (work: () => unknown): boolean => {
    try {
      work()
      return false
    } catch {
      return true
    }
  }
  fc.assert(fc.property(fc.array(fc.tuple(key, json), { maxLength: 4 }), (fields) => {
    const body = `{${fields.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`
    return throws(() => readBody(body)) === throws(() => readExact(body))
  }), { numRuns: 1000 })
})

await t.test('times in the contract: real calendar times only', async (t) => {
  for (const good of ['2025-08-04 13:45:21', '2024-02-29 00:00:00', '1999-12-31 23:59:59']) t.ok(isWireTime(good), good)
  for (const bad of ['2025-02-30 00:00:00', '2025-02-29 00:00:00', '2025-13-01 00:00:00', '2025-01-01 24:00:00', '2025-01-01 00:60:00', '2025-01-01 00:00:60', '2025-01-01T00:00:00', '2025-1-1 00:00:00', '', ' 2025-01-01 00:00:00']) {
    t.notOk(isWireTime(bad), bad)
  }
})

await t.test('times go out and come in by the same zone', async (t) => {
  const zones = ['Asia/Shanghai', 'Asia/Jakarta', 'UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham']
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((value) => value * 1000)
  fc.assert(
    fc.property(seconds, fc.constantFrom(...zones), (time, zone) => {
      const text = toWireTime(time, zone)
      const back = fromWireTime(text, zone)
      // In the hour that comes twice at the end of summer time, a text means one of two instants.
      return isWireTime(text) && back !== undefined && toWireTime(back, zone) === text && readTime(toIsoTime(time, zone), zone) === time
    }),
  )
  t.equal(toWireTime(Date.UTC(2025, 7, 4, 5, 45, 21), 'Asia/Shanghai'), '2025-08-04 13:45:21')
  t.equal(toIsoTime(Date.UTC(2025, 7, 4, 5, 45, 21, 7), 'America/New_York'), '2025-08-04T01:45:21.007-04:00')
  t.equal(toWireTime(null, 'UTC'), '')
  t.equal(readTime('2025-08-04T13:45:21+08:00', 'UTC'), Date.UTC(2025, 7, 4, 5, 45, 21))
  for (const bad of ['yesterday', '2025-02-30T00:00:00Z', '2025-08-04', '1754286321']) t.equal(readTime(bad, 'UTC'), undefined, bad)
  t.notOk(isTimeZone('Asia/Nowhere'))
})

await t.test('durations', async (t) => {
  const cases: Record<string, number> = { '500ms': 500, '3s': 3000, '15m': 900_000, '48h': 172_800_000, '2d': 172_800_000, PT15M: 900_000, 'P1DT2H': 93_600_000, 'PT0.5S': 500, '0s': 0, '1.5s': 1500 }
  for (const [text, length] of Object.entries(cases)) t.equal(readDuration(text), length, text)
  for (const bad of ['', '3', '3 s', '-3s', 's', 'P', 'PT', '1w', '3S', '999999999d', '١s', '1e3s', 'Infinityms']) t.equal(readDuration(bad), undefined, bad)
  fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (length) => readDuration(`${length}ms`) === length && readDuration(`PT${length}S`) === (length * 1000 > 100 * 365 * 86_400_000 ? undefined : length * 1000)))
})

await t.test('countries and currencies', async (t) => {
  t.ok(isCountry('ID') && isCountry('CN') && isCountry('VN'))
  for (const bad of ['id', 'XX', 'IDN', '', 'ZZ']) t.notOk(isCountry(bad), bad)
  t.strictSame(['IDR', 'VND', 'CNY', 'JPY', 'KWD'].map(currencyDigits), [2, 0, 2, 0, 3])
  for (const bad of ['idr', 'ABC', 'RMB', '', '__proto__']) t.equal(currencyDigits(bad), undefined, bad)
})

await t.test('what an acknowledgement is', async (t) => {
  for (const [status, body] of [[200, ''], [204, ''], [299, 'ok'], [200, '{"success":true}'], [200, '{"success":"false"}'], [200, 'null'], [200, '[false]'], [200, '{"success":false']] as const) {
    t.equal(whyNotAcknowledged(status, body), undefined, `${status} ${body}`)
  }
  for (const [status, body] of [[200, '{"success":false}'], [200, ' {"success": false, "message":"no"}'], [301, ''], [400, ''], [500, '{"success":true}'], [100, '']] as const) {
    t.type(whyNotAcknowledged(status, body), 'string', `${status} ${body}`)
  }
})

await t.test('where notifications go', async (t) => {
  const cases: Record<string, string> = {
    'http://shop.test': 'http://shop.test/payNotification',
    'http://shop.test/': 'http://shop.test/payNotification',
    'http://shop.test/cb/': 'http://shop.test/cb/payNotification',
    'http://shop.test/payNotification': 'http://shop.test/payNotification',
    'http://shop.test/a/payNotification/': 'http://shop.test/a/payNotification',
    'http://shop.test/cb?shop=1': 'http://shop.test/cb/payNotification?shop=1',
  }
  for (const [from, to] of Object.entries(cases)) t.equal(notificationUrl(from), to, from)
})

await t.test('globs', async (t) => {
  const fits: [string, string, boolean][] = [
    ['RACE-*', 'RACE-1', true], ['RACE-*', 'RACE-', true], ['RACE-*', 'race-1', false], ['*', '', true], ['?', '', false], ['??', '咖啡', true],
    ['a*b*c', 'aXbYc', true], ['a*b*c', 'aXcYb', false], ['exact', 'exact', true], ['a.c', 'abc', false], ['*.*', 'a.b', true], ['**', 'x', true],
  ]
  for (const [glob, text, fit] of fits) t.equal(globFits(glob, text), fit, `${glob} ${text}`)
  t.notOk(globFits(`${'*a'.repeat(30)}b`, 'a'.repeat(2000)), 'a glob made to be slow is answered all the same')
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => globFits(`${a.replace(/[*?]/g, '?')}*`, a + b)))
})

await t.test('header texts', async () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textFromHeader(headerFromText(text)) === text))
})
