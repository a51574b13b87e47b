/** Whether a text is a URL that notifications can be sent to. */
export function urlFaults(path: string, text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return [`${path} must be an http or https URL such as http://127.0.0.1:8080, but is "${text}"`]
  }
  return url.username === '' && url.password === '' ? [] : [`${path} must not carry a user name or password`]
}
