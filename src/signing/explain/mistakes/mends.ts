import type { Mend } from './mistake.ts'

/** The body is made once, signed, and sent as it was signed. */
export const SIGN_WHAT_IS_SENT: Mend = {
  java: 'String body = mapper.writeValueAsString(request); // once: sign(body), then BodyPublishers.ofString(body)',
  javascript: 'const body = JSON.stringify(request) // once: sign(body), then fetch(url, { method: \'POST\', headers, body })',
  python: 'body = json.dumps(request).encode()  # once: sign(body), then requests.post(url, data=body, headers=headers), not json=request',
  go: 'body, err := json.Marshal(request) // once: sign(body), then http.NewRequest("POST", url, bytes.NewReader(body))',
  php: '$body = json_encode($request); // once: sign($body), then curl_setopt($curl, CURLOPT_POSTFIELDS, $body)',
}

/** The template is made by a JSON writer that escapes no more than it must, with the body's text as a string. */
export const WRITE_THE_TEMPLATE: Mend = {
  java: 'String json = mapper.writeValueAsString(mapper.createObjectNode().put("appKey", appKey).put("content", body)); // body is a String; with Gson: disableHtmlEscaping()',
  javascript: 'const json = JSON.stringify({ appKey, content: body }) // body is the text that is sent, not the object',
  python: 'text = json.dumps({"appKey": app_key, "content": body}, ensure_ascii=False, separators=(",", ":"))  # body is a str',
  go: 'e := json.NewEncoder(&b); e.SetEscapeHTML(false); e.Encode(struct{ AppKey string `json:"appKey"`; Content string `json:"content"` }{key, string(body)}) // then cut the line end off: bytes.TrimRight(b.Bytes(), "\\n")',
  php: '$json = json_encode([\'appKey\' => $appKey, \'content\' => $body], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS); // $body is the string',
}

/** Nothing for content where there is no body. */
export const LEAVE_CONTENT_OUT: Mend = {
  java: 'ObjectNode template = mapper.createObjectNode().put("appKey", appKey); if (!body.isEmpty()) template.put("content", body);',
  javascript: 'const json = JSON.stringify(body === \'\' ? { appKey } : { appKey, content: body })',
  python: 'template = {"appKey": app_key, **({"content": body} if body else {})}',
  go: 'Content string `json:"content,omitempty"`',
  php: '$template = $body === \'\' ? [\'appKey\' => $appKey] : [\'appKey\' => $appKey, \'content\' => $body];',
}

/** The secret right behind the template. */
export const APPEND_THE_SECRET: Mend = {
  java: 'String sign = DigestUtils.sha1Hex(json + appSecret);',
  javascript: 'const sign = createHash(\'sha1\').update(json + appSecret).digest(\'hex\')',
  python: 'sign = hashlib.sha1((text + app_secret).encode()).hexdigest()',
  go: 'sign := fmt.Sprintf("%x", sha1.Sum([]byte(string(json)+appSecret)))',
  php: '$sign = sha1($json . $appSecret);',
}

/** The secret letter by letter as it was issued. */
export const READ_THE_SECRET: Mend = {
  java: 'String appSecret = Objects.requireNonNull(System.getenv("QLINK_APP_SECRET")); // as issued, for this appKey: look at its length and its ends',
  javascript: 'const appSecret = process.env.QLINK_APP_SECRET // as issued, for this appKey: look at JSON.stringify(appSecret)',
  python: 'app_secret = os.environ["QLINK_APP_SECRET"]  # as issued, for this appKey: look at repr(app_secret)',
  go: 'appSecret := os.Getenv("QLINK_APP_SECRET") // as issued, for this appKey: look at fmt.Printf("%q", appSecret)',
  php: '$appSecret = getenv(\'QLINK_APP_SECRET\'); // as issued, for this appKey: look at json_encode($appSecret)',
}

/** The string's bytes are those of UTF-8. */
export const HASH_UTF8: Mend = {
  java: 'byte[] bytes = (json + appSecret).getBytes(StandardCharsets.UTF_8); // never getBytes() alone; read the request as UTF-8 too',
  javascript: 'createHash(\'sha1\').update(json + appSecret, \'utf8\') // not \'latin1\' or \'binary\'',
  python: '(text + app_secret).encode("utf-8")',
  go: '[]byte(json + appSecret) // Go texts are UTF-8; decode what came in another charset first',
  php: '// save the file as UTF-8, and no mb_convert_encoding or iconv before sha1($json . $appSecret)',
}

/** Nothing but SHA-1, in lower-case hex. */
export const SHA1_IN_HEX: Mend = {
  java: 'DigestUtils.sha1Hex(text) // or HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes))',
  javascript: 'createHash(\'sha1\').update(text).digest(\'hex\') // not createHmac, not base64',
  python: 'hashlib.sha1(text.encode()).hexdigest()',
  go: 'hex.EncodeToString(sum[:]) // of sum := sha1.Sum([]byte(text))',
  php: 'sha1($text)',
}
