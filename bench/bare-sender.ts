import { createServer } from 'node:http'
import { Agent, request } from 'undici'

/** What deliveries cost by themselves: POSTs the same bytes time and again, so many at once. Told to go by a request. */
const { url, headers, body, count, concurrency } = JSON.parse(process.argv[2] ?? '') as {
  url: string
  headers: Record<string, string>
  body: string
  count: number
  concurrency: number
}

const dispatcher = new Agent({ connections: null })

async function sendAll(): Promise<void> {
  let left = count
  const sendOnAndOn = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = await request(url, { method: 'POST', headers, body, dispatcher })
      await answer.body.text()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, sendOnAndOn))
}

const server = createServer((_request, response) => {
  const begun = performance.now()
  void sendAll().then(() => response.end(JSON.stringify({ seconds: (performance.now() - begun) / 1000 })))
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`ready: http://127.0.0.1:${address.port}`)
})
