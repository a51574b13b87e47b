import { HASH_UTF8, SHA1_IN_HEX, SIGN_WHAT_IS_SENT } from './mends.ts'
import { bodyText, inBytes, type Mistake } from './mistake.ts'
import { misread, toGbk, toLatin1 } from '../charset.ts'

/** The string is right, but not its bytes. */
export const BYTES_MISTAKES = {
  'gbk-bytes': {
    en: 'the string was hashed in the bytes of GBK, or the body was read as GBK before; use UTF-8 throughout',
    zh: '待签名串按 GBK 字节计算哈希（或请求体被当作 GBK 读取）；应全程使用 UTF-8',
    mend: HASH_UTF8,
    variants: [
      inBytes(toGbk),
      inBytes((text) => toGbk(text, 'gb18030'), true),
      inBytes((text) => toGbk(text, 'gbk', 'one for each UTF-16 unit'), true),
      bodyText((body) => misread(body, 'gbk'), true),
    ],
  },
  'latin1-bytes': {
    en: 'the string was hashed in the bytes of Latin-1 (ISO-8859-1), or the body was read as Latin-1 before; use UTF-8 throughout',
    zh: '待签名串按 Latin-1（ISO-8859-1）字节计算哈希（或请求体被当作 Latin-1 读取）；应全程使用 UTF-8',
    mend: HASH_UTF8,
    variants: [
      inBytes(toLatin1),
      inBytes((text) => toLatin1(text, 'one for each UTF-16 unit'), true),
      // What Node.js makes of it: the low byte of each unit.
      inBytes((text) => Buffer.from(text, 'latin1'), true),
      bodyText((body) => misread(body, 'latin1'), true),
      bodyText((body) => misread(body, 'windows-1252'), true),
    ],
  },
} as const satisfies Record<string, Mistake>

/** The string is right, but not what was made of it. {@link readDigest} finds them by the signature itself. */
export const DIGEST_MISTAKES = {
  'hmac-sha1': {
    en: 'the signature is an HMAC-SHA1 with the secret as its key; QLink wants the plain SHA-1 of the template with the secret behind it',
    zh: '签名用的是以密钥为 key 的 HMAC-SHA1；QLink 要求对“模板 + 密钥”做普通 SHA-1',
    mend: SHA1_IN_HEX,
    variants: [],
  },
  'hmac-sha256': {
    en: 'the signature is an HMAC-SHA256 with the secret as its key; QLink wants the plain SHA-1 of the template with the secret behind it',
    zh: '签名用的是以密钥为 key 的 HMAC-SHA256；QLink 要求对“模板 + 密钥”做普通 SHA-1',
    mend: SHA1_IN_HEX,
    variants: [],
  },
  md5: {
    en: 'the signature is made with MD5; QLink wants SHA-1',
    zh: '签名用的是 MD5；QLink 要求 SHA-1',
    mend: SHA1_IN_HEX,
    variants: [],
  },
  sha256: {
    en: 'the signature is made with SHA-256; QLink wants SHA-1',
    zh: '签名用的是 SHA-256；QLink 要求 SHA-1',
    mend: SHA1_IN_HEX,
    variants: [],
  },
  'base64-digest': {
    en: 'the signature is written in Base64; QLink wants 40 lower-case hex digits',
    zh: '签名用 Base64 表示；QLink 要求 40 位小写十六进制',
    mend: SHA1_IN_HEX,
    variants: [],
  },
  'uppercase-hex': {
    en: 'the signature is written in upper-case hex, or with something between its digits; QLink wants 40 lower-case hex digits',
    zh: '签名用大写十六进制表示（或各字节间有分隔符）；QLink 要求 40 位小写十六进制',
    mend: {
      java: 'sign.toLowerCase(Locale.ROOT)',
      javascript: 'sign.toLowerCase()',
      python: 'hashlib.sha1(data).hexdigest()  # not .upper()',
      go: 'fmt.Sprintf("%x", sum) // not %X',
      php: 'strtolower($sign)',
    },
    variants: [],
  },
  'zeros-dropped': {
    en: 'the signature has lost zeros, as BigInteger.toString(16) and Integer.toHexString lose them; write two hex digits for each byte',
    zh: '签名丢失了 0（常见于 BigInteger.toString(16) 或 Integer.toHexString）；每个字节都要写成两位十六进制',
    mend: { ...SHA1_IN_HEX, java: 'DigestUtils.sha1Hex(text) // or String.format("%02x", b & 0xff) for each byte' },
    variants: [],
  },
} as const satisfies Record<string, Mistake>

/** Nothing is wrong with the signature, but it is not this request's. */
export const REQUEST_MISTAKES = {
  'signature-of-another-request': {
    en: 'the signature is that of another request\'s body; sign each body anew, just before it is sent',
    zh: '该签名属于另一个请求的请求体；每个请求都要在发送前重新签名',
    mend: SIGN_WHAT_IS_SENT,
    variants: [],
  },
} as const satisfies Record<string, Mistake>
