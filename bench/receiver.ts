import { createServer, type IncomingHttpHeaders } from 'node:http'

/**
 * A merchant that takes notifications. `PUT /answer/500` says how it answers from now on; `GET /after/5000` is answered
 * when that many have come since it began, with what the last was.
 */
let status = 200
let count = 0
let last: { headers: IncomingHttpHeaders; body: string } | undefined
let awaited: { count: number; tell: () => void } | undefined

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    const [, what, number] = /^\/(answer|after)\/(\d+)$/.exec(request.url ?? '') ?? []
    if (what === 'answer') {
      status = Number(number)
      response.end()
    } else if (what === 'after') {
      awaited = { count: Number(number), tell: () => response.end(JSON.stringify({ count, last })) }
    } else {
      count++
      last = { headers: request.headers, body }
      response.statusCode = status
      response.end()
    }
    if (awaited !== undefined && count >= awaited.count) {
      awaited.tell()
      awaited = undefined
    }
  })
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`ready: http://127.0.0.1:${address.port}`)
})
