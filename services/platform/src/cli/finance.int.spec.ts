import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { financeSchema } from '@tollgate/billing';
import { financeViews } from '@tollgate/contracts';
import { csvCell } from '@tollgate/kernel';
import { rolePassword, roleUrl, UnknownColumn, type ViewRow, viewRows } from '@tollgate/persistence';
import { currencyCodes, decimalAmount } from '@tollgate/pricing';
import { type FreshDatabase, freshDatabase } from '@tollgate/testing';
import pg from 'pg';

import { prepareDatabase } from '../prepare.ts';

const serviceSecret = 'a secret of this test';
let database: FreshDatabase;
let admin: pg.Client;
let url: string;
beforeAll(async () => {
  database = await freshDatabase();
  await prepareDatabase({
    adminUrl: database.url,
    passwordOf: (role) => rolePassword(serviceSecret, role),
    embeddedLog: true,
  });
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  url = roleUrl(database.url, financeSchema.role, rolePassword(serviceSecret, financeSchema.role));
});
afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

type FinanceQuery = { readonly view: string; readonly month?: string; readonly user?: string };
const financeRows = (query: FinanceQuery) =>
  viewRows(url, { schema: 'finance', view: query.view, where: { month: query.month, user_id: query.user } });
async function rowsOf(query: FinanceQuery): Promise<readonly ViewRow[]> {
  const all: ViewRow[] = [];
  for await (const { rows } of financeRows(query)) all.push(...rows);
  return all;
}
const charge = (
  user: string,
  status: string,
  amount: number,
  more: { readonly currency?: string; readonly credited?: string; readonly block?: number } = {},
) =>
  admin.query(
    `insert into billing.charges (id, account, user_id, period_start, period_end, block, plan, billing_tier,
      amount_minor, currency, entry, status, payment_intent,
      credited_at, version, created_at, updated_at)
    values (gen_random_uuid(), 'metered:' || $1::text, $1, '2026-10-01T03:00Z', '2026-11-01T03:00Z', $2::bigint,
      'default', '8M-16M', $3, $4, '0-1', $5, 'pi_' || $1 || $2::bigint, $6, 1, now(), now())`,
    [user, more.block ?? 1, amount, more.currency ?? 'BRL', status, more.credited ?? null],
  );

describe('the figures of finance', () => {
  it(
    'add up: what was paid is revenue, what was credited is owed back, what is open is receivable, what was ' +
      'cancelled is nothing',
    async () => {
      await charge('anna', 'succeeded', 10_000);
      await charge('anna', 'succeeded', 10_000, { block: 2, credited: '2026-11-05T00:00Z' });
      const note = (id: string, of: string, amount: number, at: string, reverses: string | null = null) =>
        admin.query(
          `insert into billing.credit_notes select $1, id, $3, 'BRL', $6, $5, $4 from billing.charges
          where payment_intent = $2`,
          [id, of, amount, at, reverses, reverses === null ? 'corrected' : 'regained'],
        );
      const refund = (status: string, of: string, amount: number, credit: string | null, at: string | null = null) =>
        admin.query(
          `insert into billing.refunds (id, charge_id, credit_note_id, payment_intent, amount_minor, currency, origin,
          status, succeeded_at, created_at, updated_at)
      select gen_random_uuid(), id, $1, payment_intent, $2, 'BRL', $3, $4, $5, now(), now() from billing.charges
        where payment_intent = $6`,
          [credit, amount, credit === null ? 'stripe' : 'credit', status, at, of],
        );
      const [first, second, third] = [
        '00000000-0000-4000-8000-000000000001',
        '00000000-0000-4000-8000-000000000002',
        '00000000-0000-4000-8000-000000000003',
      ];
      await note(first!, 'pi_anna2', 10_000, '2026-11-05T00:00Z');
      await refund('proposed', 'pi_anna2', 10_000, first!);
      await charge('bert', 'failed', 10_000);
      // Credited and taken back; refunded in part by hand; corrected before it was paid; paid twice, because it was
      // refunded between.
      await charge('dora', 'succeeded', 10_000);
      await note(second!, 'pi_dora1', 10_000, '2026-12-05T00:00Z');
      await refund('withdrawn', 'pi_dora1', 10_000, second!);
      await note(third!, 'pi_dora1', -10_000, '2026-12-06T00:00Z', second);
      await refund('succeeded', 'pi_dora1', 3_000, null, '2026-12-07T00:00Z');
      await admin.query(
        `insert into billing.past_payments select id, 0, 'pi_dora_past', 500, 'BRL', now() from billing.charges
        where payment_intent = 'pi_dora1'`,
      );
      await charge('dora', 'failed', 10_000, { block: 2 });
      await admin.query(`update billing.charges set owed = false where payment_intent = 'pi_dora2'`);
      await charge('bert', 'cancelled', 10_000, { block: 2 });
      await charge('cho', 'succeeded', 500, { currency: 'JPY' });
      await charge('=cmd', 'pending', 70);
      await admin.query("insert into billing.customers values ('anna', 'cus_a', null, null, now(), now())");
      await admin.query(
        `insert into billing.invoices values ('in_1', 'sub_1', 'cus_a', 'paid', 40000, 'BRL', '2026-10-01Z', now()),
        ('in_2', 'sub_1', 'cus_a', 'open', 40000, 'BRL', '2026-11-01Z', now())`,
      );
      const revenue = (await rowsOf({ view: 'revenue' }))
        .map(({ month, currency, kind, amount }) => [month, currency, kind, amount].join(' '))
        .sort();
      expect(revenue).toEqual([
        '2026-10 BRL credit -100.00',
        '2026-10 BRL fee 400.00',
        '2026-10 BRL refund -30.00',
        '2026-10 BRL usage 305.00',
        '2026-10 JPY usage 500',
      ]);
      const open = (await rowsOf({ view: 'open_receivables' }))
        .map(({ kind, user_id: user, amount, status }) => [kind, user, amount, status].join(' '))
        .sort();
      expect(open).toEqual(['fee anna 400.00 open', 'usage =cmd 0.70 pending', 'usage bert 100.00 failed']);
      expect(await rowsOf({ view: 'credit_notes', user: 'anna' })).toMatchObject([
        { amount: '100.00', refund_status: 'proposed', proposal: 'refund 100.00 BRL of pi_anna2: proposed' },
      ]);
      expect(
        (await rowsOf({ view: 'refunds', user: 'dora' }))
          .map(({ status, origin, amount }) => [status, origin, amount].join(' '))
          .sort(),
      ).toEqual(['succeeded stripe 30.00', 'withdrawn credit 100.00']);
      expect(
        (await rowsOf({ view: 'statement', user: 'dora' }))
          .map(({ kind, amount_minor: minor }) => `${String(kind)} ${String(minor)}`)
          .sort(),
      ).toEqual(['credit -10000', 'credit 10000', 'refund -3000', 'usage 10000', 'usage 500']);
      expect(
        (await rowsOf({ view: 'statement', user: 'anna', month: '2026-10' }))
          .map(({ kind, amount_minor: minor }) => `${String(kind)} ${String(minor)}`)
          .sort(),
      ).toEqual(['credit -10000', 'fee 40000', 'usage 10000', 'usage 10000']);
      expect(await rowsOf({ view: 'trial_balance' })).toEqual([]);
    },
  );

  it('write amounts with the decimals of their currency', async () => {
    for (const minor of [0n, 5n, -5n, 10_000n, -123_456n, 999_999_999_999n]) {
      const { rows } = await admin.query<{ code: string; text: string }>(
        'select code, finance.decimal($1, code) as text from unnest($2::text[]) code',
        [String(minor), currencyCodes],
      );
      expect(rows).toHaveLength(currencyCodes.length);
      expect(rows.filter(({ code, text }) => text !== decimalAmount(minor, code))).toEqual([]);
    }
  });

  it('can each be read by the role of finance, which can read and change nothing else', async () => {
    for (const view of financeViews) expect(Array.isArray(await rowsOf({ view }))).toBe(true);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const sql of [
      'select * from billing.charges',
      'select * from ledger.entries',
      'select secret from billing.webhook_endpoints',
      'delete from finance.charges',
      'create table finance.x ()',
    ]) {
      await expect(client.query(sql)).rejects.toThrow(/permission denied|cannot delete from view/);
    }
    await client.end();
  });

  it('take what was asked as a value, never as SQL', async () => {
    expect(await rowsOf({ view: 'charges', user: "x' or '1' = '1" })).toEqual([]);
    expect(await rowsOf({ view: 'charges', user: '=cmd' })).toHaveLength(1);
    await expect(rowsOf({ view: 'trial_balance', month: '2026-10' })).rejects.toBeInstanceOf(UnknownColumn);
    await expect(rowsOf({ view: 'charges; drop table x' })).rejects.toThrow(/does not exist/);
  });

  it('are no formulas to a spreadsheet, and amounts stay amounts', () => {
    expect(['=cmd', '-100.00', '-5', 'a,b', 'a"b', null, '@x'].map(csvCell)).toEqual([
      "'=cmd",
      '-100.00',
      '-5',
      '"a,b"',
      '"a""b"',
      '',
      "'@x",
    ]);
  });

  // Guarantee: an export of any size holds one page in memory, of one moment.
  it('come a page at a time, whole, also while charges are added', async () => {
    await admin.query(`insert into billing.charges (id, account, user_id, period_start, period_end, block, plan,
      billing_tier, amount_minor, currency, entry, status, version, created_at, updated_at)
      select gen_random_uuid(), 'many', 'many', '2026-09-01Z', '2026-10-01Z', n, 'default', 'x', 1, 'BRL', '0-1',
        'pending', 1, now(), now() from generate_series(1, 25000) n`);
    let [count, largest] = [0, 0];
    for await (const { rows } of financeRows({ view: 'charges', user: 'many' })) {
      if (count === 0) await charge('many', 'pending', 1, { block: 99_999 });
      count += rows.length;
      largest = Math.max(largest, rows.length);
    }
    expect([count, largest]).toEqual([25_000, 1_000]);
  });
});
