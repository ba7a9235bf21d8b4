import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { waitFor } from '@tollgate/testing';

import { MoneyHarness } from '../testing/money-harness.ts';

/** `npm run test:long` asks for more. */
const crossings = Number(process.env['TOLLGATE_CHARGE_CROSSINGS'] ?? 500);
const customers = Number(process.env['TOLLGATE_CHARGE_CUSTOMERS'] ?? 25);
const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? 20261121);

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterAll(() => money?.stop());

/** Deterministic numbers in [0, 1): mulberry32. */
function numbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Guarantee: one PaymentIntent a block, whatever fails between Stripe, the log and two instances at once.
it(`charges ${crossings} crossings once each, under all faults and with two instances (seed ${seed})`, async () => {
  const random = numbers(seed);
  const users = Array.from({ length: customers }, (_, i) => `many-${i}`);
  const first = await money.billing();
  for (const user of users) await first.queries.putCustomer({ user_id: user, payment_method: 'pm_card_visa' });
  const wanted = Array.from({ length: crossings }, (_, i) => ({
    user: users[i % customers]!,
    block: Math.floor(i / customers) + 1,
  }));
  const records = wanted.map(({ user, block }) => money.crossing(user, block));
  const kinds = (['before', 'after'] as const).flatMap((when) =>
    (['fail', 'limit', 'drop'] as const).map((what) => ({ when, what })),
  );
  money.fault = () => (random() < 0.2 ? kinds[Math.floor(random() * kinds.length)] : undefined);

  await money.billing();
  const began = performance.now();
  for (let from = 0; from < records.length; from += 100) {
    const batch = records.slice(from, from + 100);
    await money.log.append(batch);
    // All crossings are delivered again in order, then some of them in another order.
    await money.log.append(batch);
    await money.log.append([...batch].sort(() => random() - 0.5).slice(0, 50));
  }
  await money.log.append(records);
  await money.log.append([...records].reverse().slice(0, 100));

  await money.untilPaid(crossings, Math.max(90_000, crossings * 60));
  const made = await money.intents();
  expect(made.length).toBe(crossings);
  expect(new Set(made.map(({ metadata }) => metadata.charge_id)).size).toBe(crossings);
  expect(made.every(({ status, amount }) => status === 'succeeded' && amount === 10_000)).toBe(true);
  process.stdout.write(
    `charged ${crossings} in ${((performance.now() - began) / 1000).toFixed(1)} s, ` +
      `${Math.round((crossings * 1000) / (performance.now() - began))} a second\n`,
  );
  // Faults included: Stripe is asked page by page, and what it has is what the books have.
  const last = await money.billing();
  // What changed within a minute is left to the next comparison: nothing of this may be.
  money.clock.advance(120_000);
  const { id } = await last.queries.startReconciliation({ period: '2026-11', wait_ms: 120_000 });
  const report = await waitFor(
    'the comparison',
    async () => {
      const found = await last.queries.reconciliation({ id, limit: 10 });
      return found?.run.state === 'done' ? found : false;
    },
    300_000,
  );
  // The whole list: a payment that the books do not know has no account to be found by.
  expect([report.differences, report.run.differences, report.run.under_way]).toEqual([[], 0, 0]);
  money.fault = undefined;
  await waitFor('every payment to be published', async () => (await published()).succeeded === crossings);
  expect(await published()).toMatchObject({ gaps: 0 });
}, 900_000);

/** What billing.charges.v1 holds: payments told, and numbers that are missing within a partition. */
async function published(): Promise<{ readonly succeeded: number; readonly gaps: number }> {
  const paid = new Set<string>();
  let gaps = 0;
  for (const { partition } of (await money.log.describe(topics.billingCharges)).partitions) {
    const seqs = new Set<number>();
    for await (const records of money.log.read({ topic: topics.billingCharges, partition, from: 0 })) {
      for (const { value } of records) {
        const { partition_seq: seq, charge } = JSON.parse(value) as {
          partition_seq: string;
          charge: { id: string; status: string };
        };
        seqs.add(Number(seq));
        if (charge.status === 'succeeded') paid.add(charge.id);
      }
    }
    gaps += Math.max(0, ...seqs) - seqs.size;
  }
  return { succeeded: paid.size, gaps };
}
