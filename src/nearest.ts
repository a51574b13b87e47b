import { closest as nearestOf, distance } from 'fastest-levenshtein'

/**
 * The known name that a mistyped one most likely stands for.
 *
 * @returns undefined where none is near enough for a suggestion to help
 */
export function closest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 64) return undefined
  const lower = name.toLowerCase()
  const exactButCase = known.find((candidate) => candidate.toLowerCase() === lower)
  if (exactButCase !== undefined) return exactButCase
  const letters = sorted(lower)
  const shuffled = known.find((candidate) => sorted(candidate.toLowerCase()) === letters)
  if (shuffled !== undefined) return shuffled
  const candidate = nearestOf(name, known)
  return distance(name, candidate) <= Math.max(1, Math.floor(name.length / 3)) ? candidate : undefined
}

/** Two letters in the wrong order are the commonest slip; sorted, they are the same text. */
function sorted(text: string): string {
  return Array.from(text).sort().join('')
}
