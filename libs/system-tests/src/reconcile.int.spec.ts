import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';
import { FaultyStripe } from './harness/faulty-stripe.ts';

/** Payments at Stripe that the books know nothing of: each is one difference. */
const foreign = 1_500;
const path = '/api/admin/billing/reconcile';
let stripe: FaultyStripe;
let platform: EmbeddedPlatform;
beforeAll(async () => {
  stripe = await FaultyStripe.start(() => 1);
  platform = await EmbeddedPlatform.start({ ...stripe.env, STRIPE_TIMEOUT_MS: '500' });
}, 120_000);
afterAll(async () => {
  await platform?.stop();
  await stripe?.stop();
});

type Run = {
  readonly id: string;
  readonly step: string;
  readonly version: number;
  readonly read: number;
  readonly state: string;
};
const newest = async (): Promise<Run | undefined> =>
  (
    await platform.rows<Run>(
      'select id, step, version, read::int, state from billing.reconciliations order by started_at desc limit 1',
    )
  )[0];
const ended = (): Promise<Run> =>
  waitFor(
    'the end of the comparison',
    async () => {
      const run = await newest();
      return run?.state === 'done' && run;
    },
    60_000,
  );
const found = (id: string): Promise<readonly unknown[]> =>
  platform.rows(
    'select kind, reference, payment_intent, reason, proposal from billing.reconciliation_differences where run ' +
      '= $1 order by kind, reference',
    [id],
  );

describe('a comparison with Stripe', () => {
  // Guarantee: a comparison of hours that dies in its last minute does not begin anew, and finds what one that lived
  // would have.
  it('continues after three kills in the middle of its steps, to the same result in as many pages', async () => {
    const { body } = await platform.server.put<{ customer_id: string }>('/api/admin/billing/customers/payer', {
      payment_method: 'pm_card_visa',
    });
    await stripe.rows(
      `insert into stripe_simulator.objects (id, kind, customer, created, body)
       select id, 'payment_intent', $1, s, jsonb_build_object('id', id, 'object', 'payment_intent', 'created', s,
         'livemode', false, 'amount', 1, 'amount_received', 1,
         'currency', 'brl', 'customer', $1::text, 'payment_method', null, 'status', 'succeeded', 'last_payment_error',
           null, 'latest_charge', null,
         'metadata', '{}'::jsonb, 'description', null, 'canceled_at', null)
       from (select 'pi_foreign_' || lpad(n::text, 5, '0') as id, extract(epoch from now())::bigint - 1 as s
         from generate_series(1, $2::int) n) f`,
      [body.customer_id, foreign],
    );
    expect((await platform.server.post(path, { fresh: true })).status).toBe(200);
    const undisturbed = await ended();
    expect(await found(undisturbed.id)).toHaveLength(foreign);

    // After three pages of payments, after eight, and after 700 payments that are looked at once more.
    const deaths = [
      ['/v1/payment_intents', 3, 300],
      ['/v1/payment_intents', 8, 800],
      ['/v1/invoice_payments', 700, foreign],
    ] as const;
    const answered = new Map<string, number>();
    let id = '';
    for (const [index, [list, calls, reads]] of deaths.entries()) {
      stripe.silentTo = ({ path: asked }) => {
        const before = answered.get(asked) ?? 0;
        if (asked === list && before >= calls) return true;
        answered.set(asked, before + 1);
        return false;
      };
      if (index === 0) expect((await platform.server.post(path, { fresh: true })).status).toBe(200);
      const silences = stripe.silences;
      await waitFor('a call that is not answered', () => Promise.resolve(stripe.silences > silences), 30_000);
      await platform.program.kill();
      await platform.start();
      const run = await newest();
      if (index === 0) id = run?.id ?? '';
      expect(run).toMatchObject({ id, state: 'running' });
      expect(run?.read).toBeGreaterThanOrEqual(reads);
    }
    stripe.silentTo = () => false;
    const survivor = await ended();
    expect([survivor.id, await found(id)]).toEqual([id, await found(undisturbed.id)]);
    // As many pages, and as many rows read: none was read again.
    expect([survivor.version, survivor.read]).toEqual([undisturbed.version, undisturbed.read]);
  }, 120_000);
});
