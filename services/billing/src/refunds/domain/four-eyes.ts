import { AppError } from '@tollgate/kernel';
import { currencyExponent } from '@tollgate/pricing';

/**
 * Above which sum a second person must approve, in minor units by currency; `*`: of every other currency. Empty: never.
 */
export type FourEyes = ReadonlyMap<string, bigint>;

/**
 * Reads `FOUR_EYES_ABOVE`: one sum for every currency (`50000`), or sums by currency (`BRL=50000,USD=10000,*=0`), in
 * minor units.
 * @throws AppError('invalid', REQUEST_INVALID) saying what is wrong.
 */
export function parseFourEyes(text: string): FourEyes {
  const sums = new Map<string, bigint>();
  for (const part of text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')) {
    const [currency = '', sum = ''] = part.includes('=') ? part.split('=', 2) : ['*', part];
    const code = currency.trim().toUpperCase();
    if (code !== '*' && currencyExponent(code) === undefined) throw fault(`${currency} is not an ISO 4217 currency`);
    if (!/^[0-9]{1,15}$/.test(sum.trim())) throw fault(`${sum || part} is not a whole number of minor units`);
    sums.set(code, BigInt(sum.trim()));
  }
  return sums;
}

const fault = (detail: string): AppError =>
  new AppError('invalid', 'REQUEST_INVALID', `${detail}; write 50000, or BRL=50000,USD=10000`);

/** Whether a sum needs a second person's approval. */
export function needsTwo(
  rule: FourEyes,
  { amountMinor, currency }: { readonly amountMinor: bigint; readonly currency: string },
): boolean {
  const above = rule.get(currency) ?? rule.get('*');
  return above !== undefined && amountMinor > above;
}
