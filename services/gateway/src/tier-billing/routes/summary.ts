import type { CrossingView, PeriodMoneyView, PeriodTotal, UsagePeriodView } from '@tollgate/contracts';
import { defaultPricePlan, tierLabel } from '@tollgate/pricing';

import { shownNumber } from '../../http-kit/number-shape.ts';

/**
 * Totals of a month in one currency. `charged`: paid fees and entered blocks at the ledger's price, paid or not.
 * `owed`: unpaid blocks and fees, less credits that were not paid back; negative: the customer is owed.
 */
type Figures = Readonly<
  Record<
    | 'fixed_fee_charged'
    | 'tier_charges_count'
    | 'tier_charges_total'
    | 'total_charged'
    | 'credited'
    | 'refunded'
    | 'paid'
    | 'owed',
    number
  >
>;

/**
 * The figures of a month, all 0 without usage. The single figures are in the plan's currency. `totals` has a row per
 * currency, because amounts of different currencies are never added.
 */
export function shownSummary(usage: UsagePeriodView | null, money: PeriodMoneyView): Record<string, unknown> {
  const cancelled = new Set(money.cancelled_charges);
  const settled = new Set(money.settled_charges);
  const crossings = (usage?.crossings ?? []).filter(({ charge_id: id }) => !cancelled.has(id));
  const [only] = money.totals;
  const currency =
    usage?.plan.currency ??
    (money.totals.length === 1 && only !== undefined ? only.currency : defaultPricePlan.currency);
  const inCurrency = (code: string): Figures =>
    figuresOf(
      crossings.filter((crossing) => crossing.currency === code),
      settled,
      money.totals.find((total) => total.currency === code),
    );
  const { fixed_fee_charged, tier_charges_count, tier_charges_total, total_charged, ...beside } = inCurrency(currency);
  const codes = [
    ...new Set([
      currency,
      ...money.totals.map((total) => total.currency),
      ...crossings.map((crossing) => crossing.currency),
    ]),
  ].sort();
  return {
    total_tokens: shownNumber(BigInt(usage?.used ?? '0')),
    current_tier: usage?.plan.tier ?? tierLabel(0n, defaultPricePlan),
    fixed_fee_charged,
    tier_charges_count,
    tier_charges_total,
    total_charged,
    ...beside,
    currency,
    totals: codes.map((code) => ({ currency: code, ...inCurrency(code) })),
  };
}

function figuresOf(
  crossings: readonly CrossingView[],
  settled: ReadonlySet<string>,
  total: PeriodTotal | undefined,
): Figures {
  const sum = (of: readonly CrossingView[]): bigint =>
    of.reduce((all, { amount_minor: amount }) => all + BigInt(amount), 0n);
  const of = (name: Exclude<keyof PeriodTotal, 'currency'>): bigint => BigInt(total?.[name] ?? '0');
  const blocks = sum(crossings);
  const unpaid = sum(crossings.filter(({ charge_id: id }) => !settled.has(id)));
  return {
    fixed_fee_charged: shownNumber(of('fee_paid') + of('fee_credited')),
    tier_charges_count: crossings.length,
    tier_charges_total: shownNumber(blocks),
    total_charged: shownNumber(of('fee_paid') + of('fee_credited') + blocks),
    credited: shownNumber(of('credited')),
    refunded: shownNumber(of('refunded')),
    paid: shownNumber(of('fee_paid') + of('blocks_paid')),
    owed: shownNumber(unpaid + of('fee_due') - (of('credited') - of('credited_back'))),
  };
}
