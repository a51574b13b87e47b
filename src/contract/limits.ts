/** Limits of the contract (CONTRACT §3 to §6). Lengths are in characters (Unicode code points). */
export const LIMITS = {
  /** payAccount, payTypeCode, payChannelCode */
  code: 64,
  /** tradeUuid, orderCode, billCode */
  id: 128,
  description: 1000,
  items: 500,
  /** tradeUuidList and billCodeList together */
  idsPerQuery: 500,
  /** Digits of an amount before the point: as many as the contract promises to keep. */
  integerDigits: 20,
  /** Levels of nesting in a body. The contract is silent; 1000 is what Jackson's StreamReadConstraints allow. */
  nesting: 1000,
} as const

/** Bytes of a request body unless the setting says otherwise (CONTRACT §1). */
export const DEFAULT_BODY_LIMIT = 1024 * 1024
