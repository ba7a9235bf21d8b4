import { AppError, isStorableText, isText } from '@tollgate/kernel';
import { readUsage } from '@tollgate/pricing';

import { notNegative, refuse } from './read-fields.ts';
import type { Usage } from './request.ts';

/** What gateways let in: a CloudEvent's type has up to 255 characters. */
const meterMax = 255;

export function usageIn({
  amount,
  meter,
  inputs,
}: {
  readonly amount?: string;
  readonly meter?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}): Usage {
  if ((amount === undefined) === (meter === undefined)) return refuse('usage is either an amount or a meter');
  if (meter !== undefined && !isText(meter, meterMax)) return refuse(`meter is a text of 1 to ${meterMax} characters`);
  return {
    amount: amount === undefined ? null : notNegative(amount, 'amount'),
    meter: meter ?? null,
    inputs: meter === undefined ? {} : readInputs(meter, inputs ?? {}),
  };
}

/** As `readUsage` reads them on every way in, with each quantity as a decimal string. */
function readInputs(meter: string, members: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  if (typeof members !== 'object' || members === null) return refuse('inputs is an object');
  const read = readUsage(meter, members);
  if ('fault' in read) throw new AppError('invalid', read.fault.code, read.fault.detail);
  const inputs: Record<string, string> = {};
  for (const [name, value] of Object.entries(read.inputs)) {
    inputs[name] =
      isStorableText(name) && isStorableText(String(value))
        ? String(value)
        : refuse('a member of inputs cannot be stored');
  }
  return inputs;
}
