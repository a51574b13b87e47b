/**
 * The QRIS text: an EMVCo merchant-presented QR code (EMV QRCPS Merchant-Presented Mode 1.1), for one payment.
 */

/** What goes into a QR text. */
export interface QrisPayment {
  /** The bill's code, in the additional data as bill number; at most 25 characters. */
  billCode: string
  /** Plain decimal text. */
  amount: string
  merchantName: string
}

/**
 * Writes the QR text of a payment: country ID, currency 360 (rupiah), as QRIS has no other (CONTRACT §4).
 *
 * @returns TLV text that ends in its CRC-16
 */
export function qrisText(payment: QrisPayment): string {
  // Some readers compare the checksum as a number's hex digits and so refuse one that begins with 0. The terminal's
  // label is ours to choose: the first that gives another checksum is taken, so that they read every text too.
  for (let terminal = 1; ; terminal++) {
    const body = textBeforeChecksum(payment, `A${String(terminal).padStart(2, '0')}`)
    const checksum = crc16(body)
    if (!checksum.startsWith('0')) return body + checksum
  }
}

function textBeforeChecksum({ billCode, amount, merchantName }: QrisPayment, terminal: string): string {
  return [
    SAME_FOR_ALL,
    tlv('54', amount),
    tlv('58', 'ID'),
    tlv('59', plainName(merchantName)),
    tlv('60', 'JAKARTA'),
    tlv('62', tlv('01', billCode) + tlv('07', terminal)),
    '6304', // the checksum covers its own tag and length
  ].join('')
}

const SAME_FOR_ALL = [
  tlv('00', '01'), // payload format
  tlv('01', '12'), // good for one payment
  // QRIS puts acquirer and national merchant id under 26 and 51; these are the sandbox's, and belong to no one.
  tlv('26', tlv('00', 'ID.CO.QRIS.WWW') + tlv('01', '936000000000000000') + tlv('02', 'QLINKSANDBOX') + tlv('03', 'UMI')),
  tlv('51', tlv('00', 'ID.CO.QRIS.WWW') + tlv('02', 'ID0000000000000') + tlv('03', 'UMI')),
  tlv('52', '5399'), // merchant category: general merchandise
  tlv('53', '360'),
].join('')

function tlv(tag: string, value: string): string {
  return `${tag}${String(value.length).padStart(2, '0')}${value}`
}

/** EMVCo allows 25 printable ASCII characters; a name without any, a Chinese one say, gets a stand-in. */
function plainName(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]/g, '').trim().slice(0, 25).trim()
  return plain === '' ? 'QLINK SANDBOX' : plain.toUpperCase()
}

/** CRC-16/CCITT-FALSE of ASCII text: polynomial 1021, start FFFF, no reflection; four upper-case hex digits. */
function crc16(text: string): string {
  let crc = 0xffff
  for (let at = 0; at < text.length; at++) crc = ((crc << 8) & 0xffff) ^ (OF_BYTE[(crc >> 8) ^ text.charCodeAt(at)] ?? 0)
  return crc.toString(16).toUpperCase().padStart(4, '0')
}

/** What each byte makes of the checksum. */
const OF_BYTE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  return crc
})
