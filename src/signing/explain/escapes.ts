/** What JSON writers escape beyond what QLink's rule does, by who does it. Each turns JSON into JSON that means the same. */
export interface Escape {
  readonly apply: (json: string) => string
}

const unicode = (unit: string, upper: boolean): string => {
  const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
  return `\\u${upper ? hex.toUpperCase() : hex}`
}

/**
 * @param characters what becomes `\uXXXX`; an escaped quote is one where `\\"` is among them
 * @param upper in capital hex digits
 */
function escaping(characters: RegExp, upper: boolean): Escape {
  return {
    apply: (json) => json.replace(characters, (found) => {
      // Any other escape stays; it is matched so that what follows a backslash is not taken for itself.
      if (found === '\\"') return unicode('"', upper)
      return found.length === 1 ? unicode(found, upper) : found
    }),
  }
}

/** `\uXXXX` for what is not ASCII: Python's json.dumps, PHP's json_encode and many in lower case; .NET in capitals. */
export const UNICODE: readonly Escape[] = [escaping(/[^\0-\x7e]/g, false), escaping(/[^\0-\x7e]/g, true), escaping(/[^\0-\x7f]/g, false), escaping(/[^\0-\x7f]/g, true)]

/** PHP's json_encode writes `\/`. */
export const SLASH: Escape = { apply: (json) => json.replaceAll('/', '\\/') }

/** What is dear to those who put JSON into HTML. */
export const HTML: readonly Escape[] = [
  // Go's json.Marshal.
  escaping(/[<>&\u2028\u2029]/g, false),
  // Gson.
  escaping(/[<>&='\u2028\u2029]/g, false),
  // PHP's JSON_HEX_TAG | JSON_HEX_AMP, and with JSON_HEX_APOS and JSON_HEX_QUOT.
  escaping(/[<>&]/g, true),
  escaping(/\\[^]|[<>&']/g, true),
  // System.Text.Json, with all that is not ASCII, and as its relaxed encoder is.
  escaping(/\\[^]|[<>&'+`\x7f-\uffff]/g, true),
]

/** HTML's own escapes, put into a body by a filter against scripts. */
export const ENTITIES: readonly ((text: string) => string)[] = ([['&quot;', '&#39;'], ['&#34;', '&#39;'], ['&quot;', '&#x27;'], ['&quot;', '\'']] as const)
  .map(([quote, apostrophe]) => {
    const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': quote, '\'': apostrophe }
    return (text: string) => text.replace(/[&<>"']/g, (found) => names[found] ?? found)
  })

/** Takes `\uXXXX` back that need not be there. */
export function withoutUnicode(json: string): string {
  return json.replace(/\\(?:u([0-9a-fA-F]{4})|[^])/g, (found, hex: string | undefined) => {
    const code = Number.parseInt(hex ?? '0', 16)
    return code >= 0x80 ? String.fromCharCode(code) : found
  })
}

/** Takes `\/` back. */
export function withoutSlash(json: string): string {
  return json.replace(/\\([^])/g, (found, escaped: string) => (escaped === '/' ? '/' : found))
}

/** Takes `\u003c` and its friends back. */
export function withoutHtml(json: string): string {
  return json.replace(/\\(?:u00([0-7][0-9a-fA-F])|[^])/g, (found, hex: string | undefined) => {
    const character = hex === undefined ? '' : String.fromCharCode(Number.parseInt(hex, 16))
    return character !== '' && '<>&=\'+`'.includes(character) ? character : found
  })
}
