import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';
import { FaultyStripe } from './harness/faulty-stripe.ts';
import { numbers } from './harness/random.ts';

const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? 20261121);
const random = numbers(seed);
const [users, reportsEach] = [50, 10];
const sizes = [0, 1, 4_000_000, 7_999_999, 8_000_000, 8_000_001, 12_345_678];
const block = 8_000_000;

let stripe: FaultyStripe;
let platform: EmbeddedPlatform;
beforeAll(async () => {
  stripe = await FaultyStripe.start(random);
  platform = await EmbeddedPlatform.start({ ...stripe.env, TEST_CLOCK: '1' });
}, 120_000);
afterAll(async () => {
  await platform?.stop();
  await stripe?.stop();
});

type Person = { readonly id: string; readonly reports: readonly number[] };
type Usage = {
  readonly user_id: string;
  readonly ledger_units: string;
  readonly included_units: string;
  readonly billed_units: string;
  readonly unbilled_units: string;
  readonly blocks_charged: string;
  readonly blocks_charged_beyond: string;
  readonly difference: string;
};
type Intent = { readonly charge: string; readonly status: string; readonly amount: number };

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
const blocksOf = (used: number): number => Math.max(0, Math.ceil((used - block) / block));
/** Until it is answered: a killed platform answers nothing, and the key finds what it had booked. */
async function persist(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  await waitFor('an answer', async () => (await ask().catch(() => null))?.status === 200, 60_000);
}
async function figures<Row>(view: string): Promise<readonly Row[]> {
  const { status, body } = await platform.server.get<{ data: { items: readonly Row[] } }>(
    `/api/admin/billing/finance/${view}`,
  );
  expect(status).toBe(200);
  return body.data.items;
}
const advance = (seconds: number): Promise<unknown> => platform.server.post('/v1/test-clock/advance', { seconds });
const intents = (): Promise<readonly Intent[]> =>
  stripe.rows<Intent>(
    `select body -> 'metadata' ->> 'charge_id' as charge, body ->> 'status' as status, (body ->> 'amount')::int
      as amount from stripe_simulator.objects where kind = 'payment_intent'`,
  );
const paid = async (): Promise<number> =>
  (await figures<{ status: string }>('charges')).filter(({ status }) => status === 'succeeded').length;

/** Each twice and in no order, as Stripe may. */
async function tellAll(): Promise<void> {
  const told = await stripe.webhooks();
  const mixed = [...told, ...told].map((payload) => ({ payload, at: random() })).sort((a, b) => a.at - b.at);
  for (const { payload } of mixed) {
    expect(
      (await platform.anybody.raw('/api/webhooks/stripe', payload, { 'stripe-signature': stripe.signature(payload) }))
        .status,
    ).toBe(200);
  }
}

/** What finance checks at the end of a month; `used` by user as the reports and corrections say. */
async function isProven(used: ReadonlyMap<string, number>): Promise<void> {
  // What changed within a minute is left to the next comparison: nothing of this may be.
  await advance(120);
  const rows = await waitFor(
    'every block to be charged',
    async () => {
      const found = await figures<Usage>('usage');
      return found.length === used.size && found.every(({ unbilled_units: open }) => open === '0') && found;
    },
    60_000,
  );
  for (const row of rows) {
    const units = used.get(row.user_id) ?? Number.NaN;
    expect(row).toMatchObject({
      ledger_units: String(units),
      included_units: String(Math.min(units, block)),
      billed_units: String(Math.max(0, units - block)),
      unbilled_units: '0',
      blocks_charged: String(blocksOf(units)),
      blocks_charged_beyond: '0',
      difference: '0',
    });
  }
  const totals = (await figures<{ side: string; amount: string }>('trial_balance')).filter(({ side }) =>
    side.startsWith('total'),
  );
  expect([totals.length > 0, totals.filter(({ amount }) => Number(amount) !== 0)]).toEqual([true, []]);
  const started = await platform.server.post<{ data: { id: string } }>('/api/admin/billing/reconcile', { fresh: true });
  const run = await waitFor(
    'the comparison',
    async () => {
      const { body } = await platform.server.get<{ data: { state: string } }>(
        `/api/admin/billing/reconcile/${started.body.data.id}`,
      );
      return body.data.state !== 'running' && body.data;
    },
    120_000,
  );
  expect(run).toMatchObject({ state: 'done', differences: 0, under_way: 0, items: [] });
}

// Guarantee: from the report of a product service to the card, through faults at Stripe and a kill of the platform,
// nothing is lost and nothing is charged twice; and finance can prove it from the books alone.
it(
  `500 reports of 50 users are as many payments as tier blocks, proven by finance, under faults, a kill and ` +
    `corrections (seed ${seed})`,
  async () => {
    const people = Array.from({ length: users }, (_, i): Person => ({
      id: `proven-${i}`,
      reports: Array.from({ length: reportsEach }, () => sizes[Math.floor(random() * sizes.length)] ?? 0),
    }));
    for (const { id } of people)
      await persist(() =>
        platform.server.put(`/api/admin/billing/customers/${id}`, { payment_method: 'pm_card_visa' }),
      );
    stripe.faultsPercent = 20;
    let answered = 0;
    const reporting = Promise.all(
      people.map(async ({ id, reports }) => {
        for (const [index, tokensUsed] of reports.entries()) {
          await persist(() =>
            platform.server.post(
              '/api/token-billing/process-usage',
              { userId: id, tokensUsed },
              { 'idempotency-key': `report-${index}` },
            ),
          );
          answered++;
        }
      }),
    );
    await waitFor('half of the reports', () => Promise.resolve(answered > (users * reportsEach) / 2), 60_000);
    await platform.program.kill();
    await platform.start();
    await reporting;

    const used = new Map(people.map(({ id, reports }) => [id, sum(reports)]));
    const blocks = sum([...used.values()].map(blocksOf));
    await waitFor(
      'the payments',
      async () => {
        await advance(5);
        return (await paid()) === blocks;
      },
      120_000,
    );
    await tellAll();
    const made = await intents();
    expect([made.length, new Set(made.map(({ charge }) => charge)).size]).toEqual([blocks, blocks]);
    expect(made.every(({ status, amount }) => status === 'succeeded' && amount === 10_000)).toBe(true);
    await isProven(used);

    let credited = 0;
    for (const { id, reports } of people.slice(0, 20)) {
      const { body } = await platform.server.get<{ items: readonly { id: string; kind: string; amount: string }[] }>(
        `/v1/accounts/metered%3A${id}/entries?limit=100`,
      );
      const spent = body.items.find(({ kind, amount }) => kind === 'spent' && Number(amount) <= -4_000_000);
      if (spent === undefined) continue;
      expect((await platform.server.post(`/v1/entries/${spent.id}/correct`, { reason: 'reported twice' })).status).toBe(
        201,
      );
      const left = sum(reports) + Number(spent.amount);
      credited += blocksOf(sum(reports)) - blocksOf(left);
      used.set(id, left);
    }
    expect(credited).toBeGreaterThan(10);
    await waitFor(
      'the credits',
      async () => {
        await advance(5);
        return (await figures('credit_notes')).length === credited;
      },
      60_000,
    );
    await tellAll();
    await isProven(used);
    expect(await intents()).toHaveLength(blocks);
  },
  400_000,
);
