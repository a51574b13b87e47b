/**
 * The path of the key that stands at a place in a JSON text: `items[0].skuCode`. Called only for a message, on text
 * that has been parsed, so it takes well-formedness for granted.
 *
 * @param offset where the key begins, give or take its quote
 */
export function pathAt(text: string, offset: number): string {
  // One entry for each container that is open: the position in a list, or the key in an object.
  const open: (number | string)[] = []
  const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]/gs
  let keyNext = false
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match
    const last = open.length - 1
    if (found === '{') open.push('')
    else if (found === '[') open.push(0)
    else if (found === '}' || found === ']') open.pop()
    else if (found === ',') {
      const place = open[last]
      if (typeof place === 'number') open[last] = place + 1
    } else if (found !== ':' && keyNext) {
      open[last] = String(JSON.parse(found))
      if (token.lastIndex > offset) break
    }
    keyNext = found === '{' || (found === ',' && typeof open.at(-1) === 'string')
  }
  return open.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('')
}
