import { AppError, parseAmount } from '@tollgate/kernel';

/** @throws AppError('invalid', REQUEST_INVALID) */
export const refuse = (message: string): never => {
  throw new AppError('invalid', 'REQUEST_INVALID', message);
};

export const readFlag = (value: unknown, name: string): boolean =>
  typeof value === 'boolean' ? value : refuse(`${name} is true or false`);

/** Times are kept to the millisecond, from 1970 to 9999. */
export function parseTime(text: unknown, name: string): number {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN;
  if (!(ms >= 0 && ms < 253_402_300_800_000))
    throw new AppError('invalid', 'TIME_OUT_OF_RANGE', `${name} is not a time between 1970 and 9999`);
  return ms;
}

export function positive(text: unknown, name: string): bigint {
  const amount = notNegative(text, name);
  if (amount === 0n) throw new AppError('invalid', 'AMOUNT_OUT_OF_RANGE', `${name} is at least 1`);
  return amount;
}

export const amountIn = (text: unknown, name: string): bigint | undefined =>
  text === undefined ? undefined : notNegative(text, name);

export function notNegative(text: unknown, name: string): bigint {
  const amount = typeof text === 'string' ? parseAmount(text) : -1n;
  if (amount < 0n)
    throw new AppError('invalid', 'AMOUNT_OUT_OF_RANGE', `${name} is a decimal string of an integer from 0 to 2^63-1`);
  return amount;
}
