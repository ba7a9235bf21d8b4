import { chargeIdOf } from '@tollgate/contracts';
import { defaultPricePlan, tierLabel } from '@tollgate/pricing';

import type { Crossing } from '../domain/entry.ts';

/** What a row of `ledger.crossings` says; the last five are null in rows of before plans were published. */
export type CrossingRow = {
  readonly period_start: Date;
  readonly period_end: Date;
  readonly block: bigint;
  readonly plan: string;
  readonly charge_id: string | null;
  readonly plan_version: number | null;
  readonly billing_tier: string | null;
  readonly amount_minor: bigint | null;
  readonly currency: string | null;
};

/** A crossing as it was decided; what an old row lacks is what the built-in plan said, which was the only one then. */
export function fromRowCrossing(account: string, row: CrossingRow): Crossing {
  const [periodStartMs, periodEndMs] = [row.period_start.getTime(), row.period_end.getTime()];
  const { block, plan } = row;
  return {
    periodStartMs,
    periodEndMs,
    block,
    plan,
    planVersion: row.plan_version ?? 1,
    label: row.billing_tier ?? tierLabel(block, defaultPricePlan),
    amountMinor: row.amount_minor ?? defaultPricePlan.blockPriceMinor,
    currency: row.currency ?? defaultPricePlan.currency,
    charge: row.charge_id ?? chargeIdOf({ account, periodStartMs, block }),
  };
}
