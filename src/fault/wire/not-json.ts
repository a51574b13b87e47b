import { page } from './page.ts'
import type { Fault } from './fault.ts'

export const notJson: Fault = {
  description: 'Status 200 with an HTML page, as of a login wall or a proxy. / 状态 200，但正文是 HTML 页面（如登录页、代理页）。',
  inject: ({ socket, headers }) => {
    page(socket, '200 OK', 'Sign in', headers)
  },
}
