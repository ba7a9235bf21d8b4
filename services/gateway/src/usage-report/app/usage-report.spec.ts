import { describe, expect, it } from '@jest/globals';
import type { EntryView } from '@tollgate/contracts';

import { csvOf, usageReport } from './usage-report.ts';

const entry = (seq: number, of: Partial<EntryView>): EntryView => ({
  id: `0-${seq}`,
  account: 'w',
  seq: String(seq),
  kind: 'spent',
  amount: '-1',
  balance_after: '0',
  held_after: '0',
  used_after: '0',
  unit: 'u',
  contra: 'usage',
  source: 's',
  request_id: String(seq),
  ordinal: 0,
  occurred_at: '2026-11-20T00:00:00.000Z',
  recorded_at: '2026-11-20T00:00:00.000Z',
  offset: '0',
  ...of,
});
const rate = (model: string, output: string) => ({
  card: 'default',
  version: 1,
  meter: 'llm.tokens',
  inputs: { model, input_tokens: '3', output_tokens: output },
});
const nowMs = Date.parse('2026-11-21T12:00:00Z');

/** Pages of two, newest first, as the ledger answers. */
function ledgerWith(entries: readonly EntryView[]) {
  const asked: { from?: string; to?: string }[] = [];
  return {
    asked,
    entries: async ({ after, from, to }: { after?: string; from?: string; to?: string }) => {
      asked.push({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
      const start = Number(after ?? 0);
      return { items: entries.slice(start, start + 2), next: start + 2 < entries.length ? String(start + 2) : null };
    },
  };
}

describe('A usage report', () => {
  // Guarantee: its sums are the entries' own, so that it can be held against the balance.
  it('sums every entry of the period once, by day, kind and model', async () => {
    const ledger = ledgerWith([
      entry(5, { recorded_at: '2026-11-21T10:00:00.000Z', amount: '-7', rate: rate('m-2', '28') }),
      entry(4, { recorded_at: '2026-11-20T23:59:59.999Z', amount: '-2', rate: rate('m-1', '8') }),
      entry(3, { amount: '-3', rate: rate('m-1', '12') }),
      entry(2, { amount: '-9007199254740993' }),
      entry(1, { kind: 'granted', amount: '9007199254741000' }),
    ]);

    const report = await usageReport(ledger, { account: 'w', by: 'booked', nowMs });

    expect(report).toEqual({
      account: 'w',
      from: '2026-10-22T12:00:00.001Z',
      to: '2026-11-21T12:00:00.001Z',
      by: 'booked',
      zone: 'UTC',
      entries: 5,
      amount: '-5',
      rows: [
        {
          day: '2026-11-20',
          kind: 'granted',
          entries: 1,
          amount: '9007199254741000',
          input_tokens: '0',
          output_tokens: '0',
        },
        {
          day: '2026-11-20',
          kind: 'spent',
          entries: 1,
          amount: '-9007199254740993',
          input_tokens: '0',
          output_tokens: '0',
        },
        {
          day: '2026-11-20',
          kind: 'spent',
          model: 'm-1',
          entries: 2,
          amount: '-5',
          input_tokens: '6',
          output_tokens: '20',
        },
        {
          day: '2026-11-21',
          kind: 'spent',
          model: 'm-2',
          entries: 1,
          amount: '-7',
          input_tokens: '3',
          output_tokens: '28',
        },
      ],
    });
    expect(ledger.asked).toHaveLength(3);
    expect(new Set(ledger.asked.map(({ from, to }) => `${from} ${to}`)).size).toBe(1);
  });

  // Guarantee: usage that was reported or imported late is where it happened, on the day that its zone's clocks showed.
  it('goes by the time of use in UTC, or in the zone that is asked for', async () => {
    const late = { recorded_at: '2026-11-21T10:00:00.000Z', rate: rate('m-1', '8') };
    const entries = [
      entry(3, { ...late, occurred_at: '2026-11-01T02:30:00.000Z', amount: '-2' }),
      entry(2, { ...late, occurred_at: '2026-11-01T03:00:00.000Z', amount: '-2' }),
      entry(1, { ...late, occurred_at: '2026-10-31T23:59:59.999Z', amount: '-2' }),
    ];
    const days = async (more: { readonly by?: 'use' | 'booked'; readonly zone?: string }) =>
      (await usageReport(ledgerWith(entries), { account: 'w', nowMs, ...more })).rows.map(
        ({ day, entries: count }) => `${day} ${count}`,
      );
    expect(await days({})).toEqual(['2026-10-31 1', '2026-11-01 2']);
    // São Paulo is three hours behind: 1 November begins at 03:00 in UTC.
    expect(await days({ zone: 'America/Sao_Paulo' })).toEqual(['2026-10-31 2', '2026-11-01 1']);
    expect(await days({ by: 'booked', zone: 'America/Sao_Paulo' })).toEqual(['2026-11-21 3']);
    const ledger = ledgerWith(entries);
    await usageReport(ledger, { account: 'w', from: '2026-11-01', to: '2026-12-01', zone: 'America/Sao_Paulo', nowMs });
    expect(ledger.asked[0]).toEqual({ from: '2026-11-01T03:00:00.000Z', to: '2026-12-01T03:00:00.000Z' });
  });

  it('has a column for every quantity that was counted', async () => {
    const counted = (seq: number, inputs: Record<string, string>) =>
      entry(seq, { rate: { ...rate('m-1', '8'), inputs: { model: 'm-1', ...inputs } } });
    const report = await usageReport(
      ledgerWith([
        counted(3, { input_tokens: '86', cache_read_tokens: '1920', output_tokens: '300' }),
        counted(2, { input_tokens: '1', output_tokens: '2', '=own': '7', feature_endpoint_id: 'f' }),
        entry(1, {}),
      ]),
      { account: 'w', nowMs },
    );
    expect(report.rows[1]).toMatchObject({
      input_tokens: '87',
      output_tokens: '302',
      counts: { cache_read_tokens: '1920', '=own': '7' },
    });
    expect(csvOf(report)).toBe(
      "day,kind,model,entries,amount,input_tokens,output_tokens,'=own,cache_read_tokens\r\n" +
        '2026-11-20,spent,,1,-1,0,0,0,0\r\n2026-11-20,spent,m-1,2,-2,87,302,7,1920\r\n',
    );
  });

  it('refuses periods that are none or too long, and accounts that are not there', async () => {
    const refused = (from: string, to: string) =>
      expect(usageReport(ledgerWith([]), { account: 'w', from, to, nowMs })).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      });
    await refused('2026-11-02T00:00:00Z', '2026-11-01T00:00:00Z');
    await refused('2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z');
    await refused('2025-01-01T00:00:00Z', '2026-11-01T00:00:00Z');
    await expect(usageReport({ entries: async () => null }, { account: 'w', nowMs })).rejects.toMatchObject({
      code: 'ACCOUNT_UNKNOWN',
    });
  });

  it('is CSV that no spreadsheet runs', async () => {
    const report = await usageReport(ledgerWith([entry(1, { amount: '-2', rate: rate('=cmd|"x",y', '8') })]), {
      account: 'w',
      nowMs,
    });
    expect(csvOf(report)).toBe(
      'day,kind,model,entries,amount,input_tokens,output_tokens\r\n2026-11-20,spent,"\'=cmd|""x"",y",1,-2,3,8\r\n',
    );
  });
});
