// Signatures as merchants get them wrong, made naively and by other means than the sandbox's own: JSON.parse and
// JSON.stringify, a regular expression, and lossless-json where digits are to stay.
import { createHash, createHmac } from 'node:crypto'
import { LosslessNumber, parse, stringify } from 'lossless-json'

export const KEY = 'demo-app-key'
export const SECRET = 'f00-Secret/é-42'
export const OTHER = { appKey: 'other-app-key', appSecret: 'another-Secret-77' }

/** What a merchant sends, and the signature that it sends with it. */
export interface Mistaken {
  readonly sent: string
  readonly sign: string
  /** Where the secret on record is another. */
  readonly appSecret?: string
}

export const sha1 = (text: string | Buffer): string => createHash('sha1').update(text).digest('hex')
export const template = (content: string, key = KEY): string => `{"appKey":"${key}","content":${JSON.stringify(content)}}`
export const right = (body: string, secret = SECRET): string => sha1((body === '' ? `{"appKey":"${KEY}"}` : template(body)) + secret)

type Value = null | boolean | string | LosslessNumber | Value[] | { [name: string]: Value }
const exact = (body: string): Value => parse(body) as Value
const write = (value: Value, indent?: number | string): string => stringify(value, null, indent) ?? ''

const sorted = (value: Value): Value => {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || value instanceof LosslessNumber) return value
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name] ?? null)]))
}
const without = (value: Value, drop: (value: Value) => boolean): Value => {
  if (Array.isArray(value)) return value.map((item) => without(item, drop))
  if (value === null || typeof value !== 'object' || value instanceof LosslessNumber) return value
  return Object.fromEntries(Object.entries(value).filter(([, item]) => !drop(item)).map(([name, item]) => [name, without(item, drop)]))
}
const numbers = (value: Value, change: (number: string) => string): string =>
  write(value).replace(/("(?:[^"\\]|\\.)*")|-?\d[\d.eE+-]*/g, (found, text: string | undefined) => text ?? change(found))

/** Python's separators, wherever they are not in a text. */
export const python = (json: string): string => json.replace(/("(?:[^"\\]|\\.)*")|[,:]/g, (found, text: string | undefined) => text ?? `${found} `)
const escapedBy = (wanted: RegExp, upper = false) => (json: string): string =>
  json.replace(wanted, (letter) => `\\u${(upper ? letter.charCodeAt(0).toString(16).toUpperCase() : letter.charCodeAt(0).toString(16)).padStart(4, '0')}`)
export const ascii = escapedBy(/[\u0080-\uffff]/g)
const asciiUpper = escapedBy(/[\u0080-\uffff]/g, true)
export const go = escapedBy(/[<>&]/g)
const gson = escapedBy(/[<>&='`]/g)
/** System.Text.Json writes the quotes inside a text as \u0022. */
const dotnet = (body: string): string => `"${body.replace(/["&'+<>`\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`).replace(/\\(?!u[0-9A-F]{4})/g, '\\\\')}"`
export const slashed = (json: string): string => json.replace(/\//g, '\\/')
/** Jackson's DefaultPrettyPrinter. */
const jackson = (value: Value, level = 0): string => {
  if (Array.isArray(value)) return value.length === 0 ? '[ ]' : `[ ${value.map((item) => jackson(item, level)).join(', ')} ]`
  if (value === null || typeof value !== 'object' || value instanceof LosslessNumber) return write(value)
  const entries = Object.entries(value)
  const pad = '  '.repeat(level)
  return entries.length === 0 ? '{ }' : `{\n${entries.map(([name, item]) => `${pad}  ${JSON.stringify(name)} : ${jackson(item, level + 1)}`).join(',\n')}\n${pad}}`
}
const form = (body: string, encode: (text: string) => string = (text) => text): string => {
  const value = exact(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof LosslessNumber) return body
  return Object.entries(value).map(([name, item]) => `${encode(name)}=${encode(typeof item === 'string' ? item : item === null ? '' : write(item))}`).join('&')
}

const ofString = (sent: string, ...strings: (string | Buffer)[]): Mistaken[] => strings.map((text) => ({ sent, sign: sha1(text) }))
/** The body that was signed is another than the one sent. */
const ofBody = (sent: string, ...signed: string[]): Mistaken[] => ofString(sent, ...signed.map((body) => template(body) + SECRET))
/** Both of two bodies: one signed and the other sent, and the other way round. */
const bothWays = (one: string, other: string): Mistaken[] => [...ofBody(one, other), ...ofBody(other, one)]
const digits = (sent: string, ...signs: string[]): Mistaken[] => signs.map((sign) => ({ sent, sign }))
const string = (body: string): string => template(body) + SECRET
const whole = (body: string): string => `{"appKey":"${KEY}","content":${body}}`

/** GBK, computed by Python: hashlib.sha1((template + secret).encode("gbk", "replace")).hexdigest() */
const GBK: Readonly<Record<string, string>> = {
  chinese: 'b8cd4be97d29439a5e1753597fe4ab127f45ceb2',
  mixed: '75cea421c643014bc1b639e2a099358ad0153fd1',
}

/** For each code, the ways to come to it from a body. */
export const MISTAKEN: Readonly<Record<string, (body: string, name: string) => Mistaken[]>> = {
  'content-as-object': (body) => ofString(body, whole(body) + SECRET),
  'content-double-encoded': (body) => ofString(body, template(JSON.stringify(body)) + SECRET),
  'content-unescaped': (body) => ofString(body, `{"appKey":"${KEY}","content":"${body}"}${SECRET}`),
  'content-missing': (body) => ofString(body, `{"appKey":"${KEY}"}${SECRET}`, `{"appKey":"${KEY}","content":""}${SECRET}`),
  'empty-content-kept': () => ofString('', `{"appKey":"${KEY}","content":""}${SECRET}`, `{"appKey":"${KEY}","content":null}${SECRET}`, `{"appKey":"${KEY}","content":"{}"}${SECRET}`),
  'body-minified': (body) => [JSON.stringify(JSON.parse('{"a":[1,{"b":2}]}'), null, 2), write(exact(body), 2), write(exact(body), '\t'), python(body)].flatMap((sent) => ofBody(sent, write(exact(sent)))),
  'body-pretty-printed': (body) => ofBody(body, write(exact(body), 2), write(exact(body), 4), write(exact(body), '\t'), jackson(exact(body)), python(body), write(exact(body), 2).replaceAll('\n', '\r\n')),
  'keys-sorted': (body) => [...ofBody(body, write(sorted(exact(body)))), ...ofBody(write(exact(body), 2), write(sorted(exact(body)), 2)), ...ofBody(python(body), python(write(sorted(exact(body)))))],
  'unicode-escaped': (body) => [...bothWays(body, ascii(body)), ...ofBody(body, asciiUpper(body)), ...ofString(body, ascii(template(body)) + SECRET, asciiUpper(template(body)) + SECRET)],
  'slash-escaped': (body) => [...bothWays(body, slashed(body)), ...ofString(body, slashed(template(body)) + SECRET, slashed(template(slashed(body))) + SECRET).slice(0, 1), ...ofString(slashed(body), slashed(template(slashed(body))) + SECRET)],
  'html-escaped': (body) => [...bothWays(body, go(body)), ...ofBody(body, gson(body)), ...ofString(body, go(template(body)) + SECRET, gson(template(body)) + SECRET, `{"appKey":"${KEY}","content":${dotnet(body)}}${SECRET}`)],
  'empty-fields-dropped': (body) => ofBody(body, write(without(exact(body), (item) => item === null)), write(without(exact(body), (item) => item === null || item === '')), write(without(exact(body), (item) => item === null || item === '' || (Array.isArray(item) && item.length === 0)))),
  'numbers-reformatted': (body) => ofBody(body,
    JSON.stringify(JSON.parse(body)),
    numbers(exact(body), (number) => (Number.isInteger(Number(number)) && number.length < 16 ? `${Number(number)}.0` : String(Number(number)))),
    numbers(exact(body), (number) => (number.includes('.') ? number.replace(/\.?0+$/, '') : number)),
    numbers(exact(body), (number) => `"${number}"`)),
  'trailing-newline': (body) => [...bothWays(body, `${body}\n`), ...bothWays(body, `${body}\r\n`), ...ofString(body, `${string(body)}\n`)],
  'crlf-changed': (body) => bothWays(write(exact(body), 2), write(exact(body), 2).replaceAll('\n', '\r\n')),
  bom: (body) => [...bothWays(body, `\ufeff${body}`), ...ofString(body, `\ufeff${string(body)}`)],
  'gbk-bytes': (body, name) => (GBK[name] === undefined ? [] : digits(body, GBK[name])),
  'latin1-bytes': (body) => ofString(body, Buffer.from([...string(body)].map((letter) => ((letter.codePointAt(0) ?? 0) > 0xff ? 0x3f : letter.codePointAt(0) ?? 0))), Buffer.from(string(body), 'latin1'), template(Buffer.from(body).toString('latin1')) + SECRET),
  'template-with-blanks': (body) => ofString(body, `{"appKey": "${KEY}", "content": ${JSON.stringify(body)}}${SECRET}`, JSON.stringify({ appKey: KEY, content: body }, null, 2) + SECRET, JSON.stringify({ appKey: KEY, content: body }, null, 4) + SECRET),
  'key-order-swapped': (body) => ofString(body, `{"content":${JSON.stringify(body)},"appKey":"${KEY}"}${SECRET}`),
  'app-key-missing': (body) => ofString(body, `{"content":${JSON.stringify(body)}}${SECRET}`),
  'app-key-wrong-case': (body) => ['appkey', 'AppKey', 'APPKEY', 'app_key'].flatMap((name) => ofString(body, `{"${name}":"${KEY}","content":${JSON.stringify(body)}}${SECRET}`)).concat(ofString(body, template(body, KEY.toUpperCase()) + SECRET, `{"AppKey":"${KEY}","Content":${JSON.stringify(body)}}${SECRET}`)),
  'app-key-of-another-merchant': (body) => ofString(body, template(body, OTHER.appKey) + SECRET),
  'template-missing': (body) => ofString(body, body + SECRET, KEY + body + SECRET, SECRET + body + SECRET),
  'secret-missing': (body) => ofString(body, template(body)),
  'secret-first': (body) => ofString(body, SECRET + template(body), SECRET + template(body) + SECRET),
  'secret-trimmed': (body) => [` ${SECRET}`, `${SECRET}\n`, `\t${SECRET} `].flatMap((appSecret) => ofString(body, template(body) + SECRET).map((one) => ({ ...one, appSecret }))),
  'secret-with-blank': (body) => ofString(body, ...[`${SECRET} `, ` ${SECRET}`, `${SECRET}\n`, `${SECRET}\r\n`, `${SECRET}\t`, `"${SECRET}"`].map((secret) => template(body) + secret)),
  'secret-of-another-merchant': (body) => ofString(body, template(body) + OTHER.appSecret, template(body, OTHER.appKey) + OTHER.appSecret),
  'secret-inside-json': (body) => ofString(body, JSON.stringify({ appKey: KEY, content: body, appSecret: SECRET }), JSON.stringify({ appKey: KEY, content: body, secret: SECRET }), JSON.stringify({ appKey: KEY, appSecret: SECRET, content: body }), JSON.stringify({ appKey: KEY, content: body, appSecret: SECRET }) + SECRET),
  'hmac-sha1': (body) => digits(body, ...[template(body), string(body), body].map((text) => createHmac('sha1', SECRET).update(text).digest('hex'))),
  'hmac-sha256': (body) => digits(body, ...[template(body), string(body), body].map((text) => createHmac('sha256', SECRET).update(text).digest('hex'))),
  md5: (body) => digits(body, createHash('md5').update(string(body)).digest('hex')),
  sha256: (body) => digits(body, createHash('sha256').update(string(body)).digest('hex')),
  'base64-digest': (body) => digits(body, createHash('sha1').update(string(body)).digest('base64'), createHash('sha1').update(string(body)).digest('base64url'), Buffer.from(right(body)).toString('base64')),
  'uppercase-hex': (body) => digits(body, right(body).toUpperCase(), right(body).toUpperCase().replace(/..(?=.)/g, '$&-')),
  'zeros-dropped': (body) => Array.from({ length: 40 }, (_, index) => body.replace(/\{/, `{"n":"${index}",`)).flatMap((sent) => [right(sent).replace(/^0+/, ''), (right(sent).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16).toString(16)).join('')].flatMap((sign) => digits(sent, sign))),
  'url-encoded-content': (body) => ofBody(body, encodeURIComponent(body), encodeURIComponent(body).replaceAll('%20', '+'), encodeURIComponent(body).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)),
  'form-body-signed': (body) => [...ofBody(body, form(body), form(body, encodeURIComponent)), ...ofString(body, form(body) + SECRET, `appKey=${KEY}&content=${body}&key=${SECRET}`)],
}

/** Mistakes that are made together, with all of their codes. */
export const TOGETHER: Readonly<Record<string, (body: string) => Mistaken[]>> = {
  // json.dumps({"appKey": k, "content": body})
  'template-with-blanks + unicode-escaped': (body) => ofString(body, ascii(`{"appKey": "${KEY}", "content": ${JSON.stringify(body)}}`) + SECRET),
  // json.dumps({"appKey": k, "content": request})
  'content-as-object + template-with-blanks + unicode-escaped': (body) => ofString(body, ascii(python(whole(body))) + SECRET),
  // json_encode(['appKey' => $k, 'content' => $body])
  'slash-escaped + unicode-escaped': (body) => ofString(body, slashed(ascii(template(body))) + SECRET),
  'content-as-object + slash-escaped + unicode-escaped': (body) => ofString(body, slashed(ascii(whole(body))) + SECRET),
  // A Go map.
  'html-escaped + keys-sorted': (body) => ofBody(body, go(write(sorted(exact(body))))),
  'content-as-object + keys-sorted': (body) => ofString(body, whole(write(sorted(exact(body)))) + SECRET),
  'content-as-object + body-minified': (body) => ofString(write(exact(body), 2), whole(write(exact(body))) + SECRET),
  'numbers-reformatted + body-minified': (body) => ofBody(write(exact(body), 2), JSON.stringify(JSON.parse(body))),
  'body-minified + unicode-escaped': (body) => ofBody(python(body), ascii(body)),
  'body-pretty-printed + template-with-blanks': (body) => ofString(body, `{"appKey": "${KEY}", "content": ${JSON.stringify(python(body))}}${SECRET}`),
  'content-as-object + secret-with-blank': (body) => ofString(body, `${whole(body)}${SECRET}\n`),
  'content-as-object + secret-missing': (body) => ofString(body, whole(body)),
  'content-as-object + secret-first': (body) => ofString(body, SECRET + whole(body)),
  'content-as-object + uppercase-hex': (body) => digits(body, sha1(whole(body) + SECRET).toUpperCase()),
  'content-unescaped + secret-first': (body) => ofString(body, `${SECRET}{"appKey":"${KEY}","content":"${body}"}`),
  'template-with-blanks + key-order-swapped': (body) => ofString(body, `{"content": ${JSON.stringify(body)}, "appKey": "${KEY}"}${SECRET}`),
  'md5 + uppercase-hex': (body) => digits(body, createHash('md5').update(string(body)).digest('hex').toUpperCase()),
  'content-as-object + md5': (body) => digits(body, createHash('md5').update(whole(body) + SECRET).digest('hex')),
  // As WeChat Pay wants it.
  'form-body-signed + md5 + uppercase-hex': (body) => digits(body, createHash('md5').update(`${form(body)}&key=${SECRET}`).digest('hex').toUpperCase()),
  'hmac-sha256 + base64-digest': (body) => digits(body, createHmac('sha256', SECRET).update(template(body)).digest('base64')),
  'content-as-object + hmac-sha256': (body) => digits(body, createHmac('sha256', SECRET).update(whole(body)).digest('hex')),
}
