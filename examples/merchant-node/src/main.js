import { createShop } from './shop.js'

const { QLINK_BASE_URL = 'http://127.0.0.1:4800/open-platform-api/pay', QLINK_APP_KEY = 'demo-app-key', QLINK_APP_SECRET = 'demo-app-secret', PORT = '8080' } = process.env

const shop = createShop({
  baseUrl: QLINK_BASE_URL,
  appKey: QLINK_APP_KEY,
  appSecret: QLINK_APP_SECRET,
  deliver: ({ orderCode }) => console.log(`order ${orderCode} is paid: deliver it`),
})
setInterval(() => shop.poll().catch((error) => console.error(error.message)), 30_000).unref()
console.log(`the shop is open: ${await shop.listen({ port: Number(PORT) })}`)
