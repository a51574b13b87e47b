/**
 * Whether a merchant's answer takes a notification as delivered: HTTP 2xx whose body, if it is JSON with a boolean
 * `success`, does not say false (CONTRACT §8).
 *
 * @returns undefined where it does, otherwise why not, in words
 */
export function whyNotAcknowledged(status: number, body: string): string | undefined {
  if (status >= 300 && status < 400) return `answered ${status}; redirects are not followed`
  if (status < 200 || status >= 300) return `answered ${status}; only 2xx is an acknowledgement`
  return saysFalse(body) ? `answered ${status}, but its body says "success": false` : undefined
}

function saysFalse(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && (value as { success?: unknown }).success === false
  } catch {
    return false
  }
}
