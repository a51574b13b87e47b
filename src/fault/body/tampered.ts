import type { BodyForm } from './body-form.ts'

/** What someone on the way would change: a payment that is none, or another order that is paid. */
export const tampered: BodyForm = {
  description: 'Changed after it was signed: the status made PAY_SUCCESS, or another order named. / 签名后被篡改：状态改为 PAY_SUCCESS，或换成别的订单。',
  write: (payload) => {
    const signed = JSON.stringify(payload)
    const changed = payload['status'] === 'PAY_SUCCESS'
      ? { ...payload, orderCode: `${payload['orderCode'] ?? ''}-OTHER` }
      : { ...payload, status: 'PAY_SUCCESS', errorCode: '' }
    return { signed, sent: JSON.stringify(changed) }
  },
}
