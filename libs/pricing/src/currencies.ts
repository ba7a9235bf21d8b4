/**
 * How many digits each currency has after the point, and how many Stripe counts with: the one table that prices,
 * statements, charges and reconciliation follow. Source: https://docs.stripe.com/currencies ("Zero-decimal currencies",
 * "Three-decimal currencies", "Special cases"), as of November 2026, for what can be charged; ISO 4217 for the others.
 * Where the two differ, Stripe's count is what a customer pays: an ariary (MGA) has five iraimbilanja and ISO gives it
 * two digits, Stripe counts whole ones. Codes are upper-case.
 */
const zeroDecimal = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF';
/** Without digits after the point, but counted by Stripe in hundredths, always 00: what used to be so stays so. */
const zeroDecimalInHundredths = 'ISK UGX';
/** Stripe takes multiples of ten only. IQD and LYD are ISO 4217's: Stripe does not charge them. */
const threeDecimal = 'BHD IQD JOD KWD LYD OMR TND';
/**
 * HUF and TWD are whole in payouts alone; they are charged with two digits. ANG, BGN and STD are replaced, and listed
 * by Stripe still.
 */
const twoDecimal =
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP ' +
  'CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
  'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO ' +
  'NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STD STN SVC SYP ' +
  'SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW';

type Digits = { readonly own: number; readonly stripe: number };
const table = (codes: string, own: number, stripe: number): (readonly [string, Digits])[] =>
  codes.split(' ').map((code) => [code, { own, stripe }] as const);
const currencies: ReadonlyMap<string, Digits> = new Map([
  ...table(zeroDecimal, 0, 0),
  ...table(zeroDecimalInHundredths, 0, 2),
  ...table(threeDecimal, 3, 3),
  ...table(twoDecimal, 2, 2),
]);
export const currencyCodes: readonly string[] = [...currencies.keys()].sort();

/** Digits after the point: BRL 2, JPY and MGA 0, KWD 3; undefined: there is no such currency. */
export const currencyExponent = (code: string): number | undefined => currencies.get(code)?.own;

const stripeFactor = (currency: string): bigint => {
  const { own, stripe } = currencies.get(currency) ?? { own: 2, stripe: 2 };
  return 10n ** BigInt(stripe - own);
};

/**
 * The amount as Stripe counts it. Amounts of three-decimal currencies must be multiples of ten, which a price plan's
 * are.
 */
export const stripeAmount = (amountMinor: bigint, currency: string): bigint => amountMinor * stripeFactor(currency);

/** The other way round: what Stripe counted, in minor units; whole, because Stripe takes no fractions of them. */
export const amountFromStripe = (amount: bigint, currency: string): bigint => amount / stripeFactor(currency);

/** Minor units as a decimal number: 10000 BRL is "100.00", 5 KWD "0.005", -3 JPY "-3". */
export function decimalAmount(amountMinor: bigint, currency: string): string {
  const digits = currencyExponent(currency) ?? 2;
  const text = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(digits + 1, '0');
  const sign = amountMinor < 0n ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
