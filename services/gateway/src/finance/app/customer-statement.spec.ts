import { describe, expect, it } from '@jest/globals';
import type { UsagePeriodView } from '@tollgate/contracts';

import { type CustomerStatement, type LedgerLine, StatementOfMonth } from './customer-statement.ts';
import { statementCsv, statementHtml } from './statement-texts.ts';

const line = (
  kind: LedgerLine['kind'],
  at: string,
  month: string,
  amountMinor: number,
  currency = 'BRL',
): LedgerLine => ({
  kind,
  at: `${at}T10:00:00.000Z`,
  month,
  amount_minor: String(amountMinor),
  currency,
  description: `a ${kind}`,
  reference: `${kind}-${at}`,
});
const december = { userId: 'ada <b>', period: '2026-12', fromMs: Date.UTC(2026, 11, 1), toMs: Date.UTC(2027, 0, 1) };
const usage: UsagePeriodView = {
  period: { start: '2026-12-01T00:00:00.000Z', end: '2027-01-01T00:00:00.000Z' },
  used: '9000000',
  plan: {
    name: 'pro',
    version: 2,
    fixed_fee: '40000',
    currency: 'BRL',
    tier: '8M-16M',
    included: '8000000',
    block: '8000000',
  },
  crossings: [
    {
      charge_id: 'c-1',
      block: '1',
      plan: 'pro',
      plan_version: 2,
      billing_tier: '8M-16M',
      amount_minor: '10000',
      currency: 'BRL',
      period: { start: '2026-12-01T00:00:00.000Z', end: '2027-01-01T00:00:00.000Z' },
    },
  ],
};
function statement(lines: readonly LedgerLine[], seen: UsagePeriodView | null = usage): CustomerStatement {
  const month = new StatementOfMonth(december);
  for (const each of lines) month.add(each);
  return month.end(seen);
}
const minor = ({ accounts }: CustomerStatement): unknown =>
  accounts.map(({ currency, opening, usage: used, fees, credits, payments, refunds, closing, lines }) => [
    currency,
    ...[opening, used, fees, credits, payments, refunds, closing].map(({ amount_minor: amount }) => Number(amount)),
    lines.length,
  ]);

describe('the statement of a month', () => {
  // November: fee 400.00 and a block of 100.00, of which 400.00 was paid in November: December opens with 100.00 owed.
  const november = [
    line('fee', '2026-11-01', '2026-11', 40_000),
    line('usage', '2026-11-20', '2026-11', 10_000),
    line('payment', '2026-11-01', '2026-11', -40_000),
  ];

  it('opens with what was owed before, and closes with what is owed after it', () => {
    const lines = [
      ...november,
      // The block of November is paid in December; December's own fee is paid, its block is not.
      line('payment', '2026-12-02', '2026-11', -10_000),
      line('fee', '2026-12-01', '2026-12', 40_000),
      line('payment', '2026-12-01', '2026-12', -40_000),
      line('usage', '2026-12-20', '2026-12', 10_000),
    ];
    expect(minor(statement(lines))).toEqual([['BRL', 10_000, 10_000, 40_000, 0, -50_000, 0, 10_000, 4]]);
  });

  it('has a credit and its refund in the months in which they were made, whatever month they are for', () => {
    const lines = [
      ...november,
      line('payment', '2026-11-21', '2026-11', -10_000),
      line('credit', '2026-12-05', '2026-11', -10_000),
      line('refund', '2027-01-03', '2026-11', 10_000),
    ];
    // Paid up in November; credited in December, not had back before January: 100.00 in the customer's favour.
    expect(minor(statement(lines))).toEqual([['BRL', 0, 0, 0, -10_000, 0, 0, -10_000, 1]]);
  });

  it('counts a block entered later for the month that it belongs to, and nothing of later months', () => {
    expect(
      minor(
        statement([
          line('usage', '2027-01-01', '2026-12', 10_000),
          line('usage', '2027-01-02', '2027-01', 10_000),
          line('payment', '2027-01-01', '2026-12', -10_000),
        ]),
      ),
    ).toEqual([['BRL', 0, 10_000, 0, 0, 0, 0, 10_000, 1]]);
  });

  it('takes off a fee that was given up', () => {
    expect(
      minor(
        statement([line('fee', '2026-11-01', '2026-11', 40_000), line('write_off', '2026-12-09', '2026-11', -40_000)]),
      ),
    ).toEqual([['BRL', 40_000, 0, 0, -40_000, 0, 0, 0, 1]]);
  });

  it('keeps currencies apart, and has nothing for a customer of whom nothing is known', () => {
    expect(
      minor(
        statement([line('fee', '2026-12-01', '2026-12', 40_000), line('fee', '2026-12-01', '2026-12', 3_000, 'USD')]),
      ),
    ).toEqual([
      ['BRL', 0, 0, 40_000, 0, 0, 0, 40_000, 1],
      ['USD', 0, 0, 3_000, 0, 0, 0, 3_000, 1],
    ]);
    expect(statement([], null)).toMatchObject({ plan: null, usage: null, accounts: [] });
  });

  it('is a table, and a page that runs nothing of what a text says', () => {
    const shown = statement([...november, line('payment', '2026-12-02', '2026-11', -1_234_567)]);
    expect(statementCsv(shown).split('\n')).toEqual([
      'user_id,period,currency,at,month,kind,description,reference,amount_minor,amount',
      'ada <b>,2026-12,BRL,,,balance,opening balance,,10000,100.00',
      'ada <b>,2026-12,BRL,2026-12-02T10:00:00.000Z,2026-11,payment,a payment,payment-2026-12-02,-1234567,-12345.67',
      'ada <b>,2026-12,BRL,,,balance,closing balance,,-1224567,-12245.67',
      '',
    ]);
    const page = statementHtml(shown);
    for (const text of [
      'ada &lt;b&gt;',
      '9,000,000',
      'Block 1',
      'pro v2',
      '−12,345.67 BRL',
      'Closing balance, in your favour',
      'for 2026-11',
    ])
      expect(page).toContain(text);
    expect(page).not.toContain('<b>');
  });
});
