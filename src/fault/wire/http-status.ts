import { STATUS_CODES } from 'node:http'
import type { AnswerFault } from './fault.ts'
import { page } from './page.ts'

/** A status of QLink's own server, which answers in JSON. */
export function serverStatus(status: 500 | 501): AnswerFault {
  const line = statusLine(status)
  return {
    description: `Status ${line}, with QLink's failure as its body. / 状态 ${line}，正文为 QLink 的失败格式。`,
    answer: { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify({ success: false, message: STATUS_CODES[status] ?? '' }) },
  }
}

/** A status of a machine in front of QLink's server, which answers with a web page and knows no JSON. */
export function gatewayStatus(status: 429 | 502 | 503 | 504, more: Readonly<Record<string, string>> = {}): AnswerFault {
  const line = statusLine(status)
  return {
    description: `Status ${line}, with an HTML page of a gateway. / 状态 ${line}，正文为网关的 HTML 页面。`,
    answer: page(status, line, more),
  }
}

function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`
}
