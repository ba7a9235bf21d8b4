import { expect } from '@jest/globals';
import { createPool } from '@tollgate/persistence';
import { waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';

import { makeOpenCharge } from '../charges/app/open-charge.ts';
import { crossingIn } from '../charges/consumers/tier-crossed.ts';
import { chargeStore } from '../charges/postgres/charge-store.ts';
import { makeRefundQueries } from '../refunds/app/refunding.ts';
import { parseFourEyes } from '../refunds/domain/four-eyes.ts';
import { refundStore } from '../refunds/postgres/refund-store.ts';
import { Lives } from './lives.ts';
import { MoneyHarness } from './money-harness.ts';

export let money: MoneyHarness;
export let lives: Lives;
export let pool: Pool;
export async function openMoney(): Promise<void> {
  money = await MoneyHarness.start();
  lives = new Lives(money);
  pool = createPool({ url: money.databaseUrl, max: 4, applicationName: 'test' });
}

/** After each test. */
export async function stopBilling(): Promise<void> {
  money.fault = undefined;
  await money.stopBilling();
}

export async function closeMoney(): Promise<void> {
  await pool?.end();
  await money?.stop();
}

export type Change = 'TierCrossed' | 'TierBlockLeft' | 'TierBlockRegained';
export const take = (message: string): Promise<void> =>
  makeOpenCharge({ store: chargeStore(pool, pool), nowMs: () => money.clock.nowMs(), wake: () => undefined })(
    crossingIn(JSON.parse(message)),
  );
/** What the ledger tells next about a user's first block; taken as often as it is delivered. */
export const tell = async (user: string, type: Change, times = 1): Promise<void> => {
  const { value } = money.crossing(user, 1, { type });
  for (let time = 0; time < times; time++) await take(value);
};
export const payWith = async (user: string, method: string): Promise<void> => {
  const billing = await money.billing();
  await billing.queries.putCustomer({ user_id: user, payment_method: method });
  await money.stopBilling();
};
export const idOf = (user: string): string => money.chargeId(user, 1);
export type ChargeRow = {
  status: string;
  reason: string | null;
  credited_at: Date | null;
  owed: boolean;
  series: number;
  next_try_at: Date | null;
  attempts: number;
};
export const chargeOf = async (user: string): Promise<ChargeRow | undefined> =>
  (await money.admin.query<ChargeRow>('select * from billing.charges where id = $1', [idOf(user)])).rows[0];
export const intentsOf = async (user: string): Promise<readonly string[]> =>
  (await money.intents()).filter(({ metadata }) => metadata.charge_id === idOf(user)).map(({ status }) => status);
export const notesOf = async (user: string): Promise<readonly string[]> =>
  (
    await money.admin.query<{ note: string }>(
      "select reason || ' ' || amount_minor as note from billing.credit_notes where charge_id = $1 order by " +
        'created_at, amount_minor desc',
      [idOf(user)],
    )
  ).rows.map(({ note }) => note);
export type RefundRow = { id: string; status: string; amount_minor: bigint; origin: string; reason: string | null };
export const refundsOf = async (user: string): Promise<readonly RefundRow[]> =>
  (
    await money.admin.query<RefundRow>('select * from billing.refunds where charge_id = $1 order by created_at, id', [
      idOf(user),
    ])
  ).rows;
/** Refunds of a user's payments at the simulator, in minor units. */
export const refundedAtStripe = async (user: string): Promise<readonly number[]> =>
  (
    await money.admin.query<{ amount: number }>(
      `select (r.body ->> 'amount')::int as amount from stripe_simulator.objects r
    join stripe_simulator.objects i on i.id = r.body ->> 'payment_intent'
      where r.kind = 'refund' and i.body -> 'metadata' ->> 'charge_id' = $1`,
      [idOf(user)],
    )
  ).rows.map(({ amount }) => amount);
export const finance = (fourEyes = '') =>
  makeRefundQueries({
    store: refundStore(pool, pool),
    clock: money.clock,
    fourEyes: parseFourEyes(fourEyes),
    onApproved: () => undefined,
    onChange: () => undefined,
  });

/** Time passes until nothing is left to do for a charge. */
export const untilRest = (user: string): Promise<unknown> =>
  waitFor('the charge to rest', async () => {
    money.clock.advance(1_000);
    await lives.charge(idOf(user));
    return (await chargeOf(user))?.next_try_at === null;
  });
export const paid = async (user: string): Promise<void> => {
  await payWith(user, 'pm_card_visa');
  await tell(user, 'TierCrossed');
  await untilRest(user);
  expect(await chargeOf(user)).toMatchObject({ status: 'succeeded' });
};
/** Exactly one payment that is live or succeeded and not refunded, if the block is owed; none, if it is not. */
export const owesExactly = async (user: string, count: 0 | 1): Promise<void> => {
  const intents = await intentsOf(user);
  const live = intents.filter((status) => status !== 'canceled').length;
  expect([user, intents, live - (await refundedAtStripe(user)).length]).toEqual([user, intents, count]);
};
