import { describe, expect, it } from '@jest/globals';
import type { CrossingView, PeriodMoneyView, PeriodTotal, UsagePeriodView } from '@tollgate/contracts';

import { shownSummary } from './summary.ts';

const noMoney: PeriodMoneyView = { totals: [], cancelled_charges: [], settled_charges: [] };
const total = (currency: string, of: Partial<PeriodTotal>): PeriodTotal => ({
  currency,
  fee_paid: '0',
  fee_credited: '0',
  fee_due: '0',
  blocks_paid: '0',
  credited: '0',
  credited_back: '0',
  refunded: '0',
  ...of,
});
const crossing = (id: string, currency = 'USD'): CrossingView =>
  ({ charge_id: id, currency, amount_minor: '10000' }) as unknown as CrossingView;
const usage = (currency: string, crossings: readonly CrossingView[]): UsagePeriodView => ({
  period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
  used: '9000000',
  plan: { name: 'pro', version: 1, fixed_fee: '3000', currency, tier: '8M-16M', included: '8000000', block: '8000000' },
  crossings,
});
const zeros = {
  fixed_fee_charged: 0,
  tier_charges_count: 0,
  tier_charges_total: 0,
  total_charged: 0,
  credited: 0,
  refunded: 0,
  paid: 0,
  owed: 0,
};

describe('the summary of a month', () => {
  it("is zeros in the default plan's currency where nothing happened", () => {
    expect(shownSummary(null, noMoney)).toEqual({
      total_tokens: 0,
      current_tier: '0-8M',
      ...zeros,
      currency: 'BRL',
      totals: [{ ...zeros, currency: 'BRL' }],
    });
  });

  it('owes blocks and fees that are not paid, less credits that were not had back', () => {
    // Four blocks of 100.00: one cancelled, one paid, one paid and credited, one unpaid; a fee of 30.00 paid, one of
    // 30.00 due.
    const money = {
      totals: [total('USD', { fee_paid: '3000', fee_due: '3000', blocks_paid: '20000', credited: '10000' })],
      cancelled_charges: ['a'],
      settled_charges: ['b', 'c'],
    };
    const seen = usage(
      'USD',
      ['a', 'b', 'c', 'd'].map((id) => crossing(id)),
    );
    expect(shownSummary(seen, money)).toMatchObject({
      fixed_fee_charged: 3_000,
      tier_charges_count: 3,
      tier_charges_total: 30_000,
      total_charged: 33_000,
      // 100.00 of the unpaid block + 30.00 fee − 100.00 credit
      credited: 10_000,
      refunded: 0,
      paid: 23_000,
      owed: 3_000,
      currency: 'USD',
    });
    const back = {
      ...money,
      totals: [
        total('USD', {
          fee_paid: '3000',
          fee_due: '3000',
          blocks_paid: '20000',
          credited: '10000',
          credited_back: '10000',
          refunded: '10000',
        }),
      ],
    };
    expect(shownSummary(seen, back)).toMatchObject({ refunded: 10_000, owed: 13_000 });
  });

  it('adds no currency to another: the single figures are those of the plan', () => {
    const money = {
      totals: [total('BRL', { fee_paid: '40000' }), total('USD', { fee_paid: '3000' })],
      cancelled_charges: [],
      settled_charges: [],
    };
    const summary = shownSummary(usage('USD', [crossing('a'), crossing('b', 'BRL')]), money);
    expect(summary).toMatchObject({
      fixed_fee_charged: 3_000,
      tier_charges_total: 10_000,
      total_charged: 13_000,
      owed: 10_000,
      currency: 'USD',
    });
    expect(summary['totals']).toMatchObject([
      { currency: 'BRL', fixed_fee_charged: 40_000, tier_charges_total: 10_000, paid: 40_000, owed: 10_000 },
      { currency: 'USD', fixed_fee_charged: 3_000, tier_charges_total: 10_000, paid: 3_000, owed: 10_000 },
    ]);
  });

  it('names a credit that was not had back as owed to the user', () => {
    const money = {
      totals: [total('USD', { blocks_paid: '10000', credited: '10000' })],
      cancelled_charges: [],
      settled_charges: ['a'],
    };
    expect(shownSummary(usage('USD', [crossing('a')]), money)).toMatchObject({ owed: -10_000 });
  });

  it('has the fee whole where a credit paid part of it, and owes nothing of a credit that is settled', () => {
    // Fee 400.00, of which 100.00 was paid by the credit of a block that was paid and corrected away.
    const money = {
      totals: [
        total('BRL', {
          fee_paid: '30000',
          fee_credited: '10000',
          blocks_paid: '10000',
          credited: '10000',
          credited_back: '10000',
        }),
      ],
      cancelled_charges: [],
      settled_charges: ['a'],
    };
    expect(shownSummary(usage('BRL', [crossing('a', 'BRL')]), money)).toMatchObject({
      fixed_fee_charged: 40_000,
      total_charged: 50_000,
      credited: 10_000,
      refunded: 0,
      paid: 40_000,
      owed: 0,
    });
  });
});
