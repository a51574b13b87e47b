/** The request and answer examples of QLink's document, as it prints them. */
export const EXAMPLES = {
  queryPayAccount: { payAccount: 'account1' },
  payMethods: [
    { type: 'PAY_TYPE', code: 'ONLINE', name: '在线支付' },
    { type: 'PAY_TYPE', code: 'QR_CODE_PAYMENT', name: '二维码扫描支付' },
    { type: 'PAY_CHANNEL', code: 'QRIS', name: '支付渠道' },
  ],
  apply: {
    glinkAccount: 'account1',
    payTypeCode: 'ONLINE',
    payChannelCode: 'QRIS',
    tradeUuid: 'uuid',
    tradeTime: '2025-08-04 13:45:21',
    orderCode: 'O20250804001',
    country: 'ID',
    currency: 'IDR',
    amount: 1.1,
    description: '描述',
    metadata: '',
    items: [
      {
        skuCode: 'SKU01',
        skuName: '商品01',
        quantity: '1',
        url: 'http://',
        imageUrl: 'http://',
        category: '',
        subcategory: '',
        description: '',
        metadata: '',
      },
    ],
  },
  getPayStatus: { tradeUuidList: ['uuid1'], billCodeList: ['billCode1'] },
  cancel: { tradeUuid: 'uuid1', billCode: 'billCode1' },
} as const
