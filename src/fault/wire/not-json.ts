import type { AnswerFault } from './fault.ts'
import { page } from './page.ts'

export const notJson: AnswerFault = {
  description: 'Status 200 with an HTML page, as of a login wall or a proxy. / 状态 200，但正文是 HTML 页面（如登录页、代理页）。',
  answer: page(200, 'Sign in'),
}
