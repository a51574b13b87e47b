import type { AnswerFault } from './fault.ts'

/** A web page, as a machine between QLink and the merchant answers with. */
export function page(status: number, title: string, more: Readonly<Record<string, string>> = {}): AnswerFault['answer'] {
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>gateway</center>\r\n</body>\r\n</html>\r\n`
  return { status, headers: { 'content-type': 'text/html', ...more }, body }
}
