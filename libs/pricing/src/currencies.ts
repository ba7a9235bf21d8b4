/** Digits after the point of each currency in use, ISO 4217; what is not named here has 2. */
const exponents: Readonly<Record<string, number>> = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
  BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
};

const twoDecimals =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB '
  + 'EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT '
  + 'MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN '
  + 'SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW';
const currencies: ReadonlyMap<string, number> = new Map([
  ...twoDecimals.split(' ').map((code) => [code, 2] as const), ...Object.entries(exponents),
]);

/** Digits after the point (ISO 4217): BRL 2, JPY 0, KWD 3; undefined: there is no such currency. Codes are upper-case. */
export const currencyExponent = (code: string): number | undefined => currencies.get(code);

/** Zero-decimal currencies that Stripe still counts in hundredths, for backwards compatibility. */
const hundredths: ReadonlySet<string> = new Set(['ISK', 'UGX']);

/**
 * The amount as Stripe counts it: minor units of ISO 4217, but hundredths for ISK and UGX. Amounts of three-decimal currencies must be
 * multiples of ten, which a price plan's are.
 */
export const stripeAmount = (amountMinor: bigint, currency: string): bigint => (hundredths.has(currency) ? amountMinor * 100n : amountMinor);

/** The other way round: what Stripe counted, in minor units of ISO 4217; whole, because Stripe takes no fractions of them. */
export const amountFromStripe = (amount: bigint, currency: string): bigint => (hundredths.has(currency) ? amount / 100n : amount);

/** Minor units as a decimal number: 10000 BRL is "100.00", 5 KWD "0.005", -3 JPY "-3". */
export function decimalAmount(amountMinor: bigint, currency: string): string {
  const digits = currencyExponent(currency) ?? 2;
  const text = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(digits + 1, '0');
  const sign = amountMinor < 0n ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
