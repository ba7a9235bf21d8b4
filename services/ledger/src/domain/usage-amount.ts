import { countUsage, quantitiesOf, rateUsage, requestMeter } from '@tollgate/pricing';

import type { Account } from './account/account.ts';
import { Refusal, refusalIn } from './decision.ts';
import type { EntryRate } from './entry.ts';
import type { Journal } from './journal.ts';
import { cardAt, rateCardDefault } from './prices/catalog.ts';
import type { Usage } from './request/request.ts';

export type UsageAmount = { readonly amount: bigint; readonly rate: EntryRate | null };

/**
 * Amounts are booked as they are; a meter's quantities are rated, or (metered and quota accounts) counted as they are.
 */
export function amountOf(journal: Journal, account: Readonly<Account>, usage: Usage): UsageAmount | Refusal {
  if (usage.amount !== null) return { amount: usage.amount, rate: null };
  const meter = usage.meter ?? '';
  const quantities = quantitiesOf(usage.inputs);
  if (meter === requestMeter) return { amount: quantities.get('quantity') ?? 1n, rate: null };
  const booked = cardAt(journal.catalog, rateCardDefault, journal.nowMs);
  const model = usage.inputs['model'];
  const counts = account.kind === 'metered' || account.kind === 'quota';
  let amount: bigint | undefined;
  try {
    if (booked && counts) amount = countUsage(booked.card, meter, { model, quantities });
    else if (booked) amount = rateUsage(booked.card, meter, { model, quantities })?.cost;
  } catch (error) {
    return refusalIn(error);
  }
  if (!booked || amount === undefined)
    return new Refusal(
      'EVENT_TYPE_UNKNOWN',
      `no rate is in force for ${meter}${model === undefined ? '' : ` and ${model}`}`,
    );
  const version = counts ? 0 : booked.version;
  return { amount, rate: { card: rateCardDefault, version, meter, inputs: usage.inputs } };
}

/** The model that usage names; null: none. */
export const modelOf = ({ inputs }: Pick<Usage, 'inputs'>): string | null => inputs['model'] ?? null;
