import fastify from 'fastify'

/** What Fastify costs by itself: one POST route that answers the same each time, and one GET route. */
const { port, path, answer } = JSON.parse(process.argv[2] ?? '') as { port: number; path: string; answer: unknown }

const app = fastify()
app.post(path, () => answer)
app.get('/health', () => ({ status: 'ok' }))
console.log(`ready: ${await app.listen({ port, host: '127.0.0.1' })}`)
