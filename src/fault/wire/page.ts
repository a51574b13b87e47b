import type { Socket } from 'node:net'
import { writeAnswer } from './fault.ts'

/** Answers with a web page, as a machine between QLink and the merchant does. */
export function page(socket: Socket, status: string, title: string, headers: Readonly<Record<string, string>>): void {
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>gateway</center>\r\n</body>\r\n</html>\r\n`
  writeAnswer(socket, status, { 'content-type': 'text/html', ...headers }, body)
}
