import type { Money } from './types'

// ISO 4217 minor units that are not two. Intl's own digits follow CLDR, which differs for some currencies.
const DIGITS: Record<string, number> = {}
for (const code of 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ')) DIGITS[code] = 0
for (const code of 'BHD IQD JOD KWD LYD OMR TND'.split(' ')) DIGITS[code] = 3
for (const code of 'CLF UYW'.split(' ')) DIGITS[code] = 4

const formats = new Map<string, Intl.NumberFormat>()

/** How many digits of an amount in minor units stand behind the decimal point. */
export function minorDigits(currency: string): number {
  return DIGITS[currency.toUpperCase()] ?? 2
}

/** An amount written the way readers of the language write that currency. */
export function formatMoney(money: Money, language: string): string {
  const digits = minorDigits(money.currency)
  const key = `${language} ${money.currency}`
  let format = formats.get(key)
  if (!format) {
    const options = { currency: money.currency, minimumFractionDigits: digits, maximumFractionDigits: digits }
    format = new Intl.NumberFormat(language, { style: 'currency', currencyDisplay: 'narrowSymbol', ...options })
    formats.set(key, format)
  }
  return format.format(money.amount_minor / 10 ** digits)
}

/** Minor units of an amount typed by a person, or null where it is no amount. */
export function parseMinor(text: string, currency: string): number | null {
  const trimmed = text.trim().replace(',', '.')
  if (!/^\d+(\.\d*)?$/.test(trimmed)) return null
  return Math.round(Number(trimmed) * 10 ** minorDigits(currency))
}
