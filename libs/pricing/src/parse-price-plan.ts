import { AppError } from '@tollgate/kernel';

import { currencyExponent } from './currencies.ts';
import type { PricePlan } from './price-plan.ts';
import { isTimeZone, timeZoneMessage } from './time-zone.ts';

/** The plan in force where none was published (surfaces §5), as its content would be written. */
export const defaultPricePlanContent = {
  included: '8000000',
  block: '8000000',
  block_price: '10000',
  fixed_fee: '40000',
  currency: 'BRL',
  time_zone: 'UTC',
  grace_seconds: 3_600,
} as const;

const members = new Set(Object.keys(defaultPricePlanContent));
const unitsMax = 2n ** 63n - 1n;
/** Twelve digits: the most that Stripe takes in any currency. */
export const priceMax = 999_999_999_999n;
/** A period must be able to close before the next one ends. */
const graceSecondsMax = 7 * 86_400;

/**
 * Reads the content of a price plan: `{ included ≥ 0, block ≥ 1, block_price ≥ 0, fixed_fee ≥ 0, currency, time_zone?,
 * grace_seconds? }`; units and amounts are integers or decimal strings of them, amounts in minor units of the ISO 4217
 * currency.
 * @throws AppError('invalid', CATALOG_INVALID) naming the member that is wrong.
 */
export function parsePricePlan(content: unknown): PricePlan {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return refuse('a price plan is a JSON object');
  const given = content as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) if (!members.has(name)) refuse(`a price plan has no member ${name}`);
  const currency = parseCurrency(given['currency']);
  const blockPriceMinor = whole(given['block_price'], 'block_price', { min: 0n, max: priceMax });
  const fixedFeeMinor = whole(given['fixed_fee'], 'fixed_fee', { min: 0n, max: priceMax });
  for (const [name, amount] of [
    ['block_price', blockPriceMinor],
    ['fixed_fee', fixedFeeMinor],
  ] as const) {
    if (currencyExponent(currency) === 3 && amount % 10n !== 0n)
      refuse(`${name} is a multiple of 10: ${currency} is charged in hundredths`);
  }
  return {
    included: whole(given['included'], 'included', { min: 0n, max: unitsMax }),
    block: whole(given['block'], 'block', { min: 1n, max: unitsMax }),
    blockPriceMinor,
    fixedFeeMinor,
    currency,
    timeZone: parseTimeZone(given['time_zone'] ?? defaultPricePlanContent.time_zone),
    graceMs:
      Number(
        whole(given['grace_seconds'] ?? defaultPricePlanContent.grace_seconds, 'grace_seconds', {
          min: 0n,
          max: BigInt(graceSecondsMax),
        }),
      ) * 1000,
  };
}

function refuse(message: string): never {
  throw new AppError('invalid', 'CATALOG_INVALID', message);
}

function whole(value: unknown, name: string, { min, max }: { readonly min: bigint; readonly max: bigint }): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  const amount = typeof text === 'string' && /^[0-9]{1,19}$/.test(text) ? BigInt(text) : -1n;
  return amount >= min && amount <= max ? amount : refuse(`${name} is a whole number from ${min} to ${max}`);
}

function parseCurrency(value: unknown): string {
  const code = typeof value === 'string' ? value.toUpperCase() : '';
  return currencyExponent(code) === undefined ? refuse('currency is an ISO 4217 code, such as BRL') : code;
}

const parseTimeZone = (value: unknown): string => (isTimeZone(value) ? value : refuse(timeZoneMessage));
