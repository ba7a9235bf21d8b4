import { AppError } from './app-error.ts';

/** The range of PostgreSQL's bigint: every amount, balance and sum stays inside it. */
export const amountMax = 2n ** 63n - 1n;
export const amountMin = -(2n ** 63n);

/** Whether `value` can be booked (−2^63 … 2^63−1, both inclusive). */
export const inAmountRange = (value: bigint): boolean => value >= amountMin && value <= amountMax;

/** Division rounded up; `divisor` > 0. divCeil(1n, 4n) = 1n, divCeil(-1n, 4n) = 0n. */
export function divCeil(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor > 0n ? quotient + 1n : quotient;
}

/** Division rounded down; `divisor` > 0. */
export function divFloor(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

const decimal = /^-?(0|[1-9][0-9]{0,18})$/;

/**
 * An amount as it travels: a decimal string of an integer in the account's smallest unit.
 * @throws AppError('invalid', AMOUNT_OUT_OF_RANGE) for anything that is not such a string within bigint range.
 */
export function parseAmount(text: string): bigint {
  if (decimal.test(text)) {
    const value = BigInt(text);
    if (inAmountRange(value)) return value;
  }
  throw new AppError(
    'invalid',
    'AMOUNT_OUT_OF_RANGE',
    'an amount is a decimal string of an integer between -2^63 and 2^63-1',
  );
}
