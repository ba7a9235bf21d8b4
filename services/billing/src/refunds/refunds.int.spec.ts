import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';
import Stripe from 'stripe';

import type { RunningBilling } from '../index.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import {
  chargeOf,
  closeMoney,
  finance,
  idOf,
  intentsOf,
  lives,
  money,
  openMoney,
  owesExactly,
  paid,
  refundedAtStripe,
  refundsOf,
  stopBilling,
  tell,
  untilRest,
} from '../testing/corrections-harness.ts';

beforeAll(openMoney);
afterEach(stopBilling);
afterAll(closeMoney);

describe('a refund', () => {
  const proposed = async (user: string): Promise<string> => {
    await paid(user);
    await tell(user, 'TierBlockLeft');
    return (await refundsOf(user))[0]!.id;
  };

  it('is made exactly once, at whatever call its process dies', async () => {
    const walked = new Set<number>();
    for (let dieAt = 0; dieAt < 10; dieAt++) {
      const user = `refund-${dieAt}`;
      const id = await proposed(user);
      await finance().approveRefund({ id, by: 'test' });
      walked.add(await lives.refund(id, dieAt));
      await waitFor('the refund', async () => {
        money.clock.advance(1_000);
        await lives.refund(id);
        return (await refundsOf(user))[0]!.status === 'succeeded';
      });
      expect([dieAt, await refundedAtStripe(user)]).toEqual([dieAt, [10_000]]);
    }
    expect(Math.max(...walked)).toBe(8);
  });

  // Guarantee: a credit that is declined a refund and applied lowers one invoice, once.
  it('that becomes a credit on the next invoice is one invoice item, at whatever call its process dies', async () => {
    const walked = new Set<number>();
    for (let dieAt = 0; dieAt < 10; dieAt++) {
      const user = `applied-${dieAt}`;
      const id = await proposed(user);
      const billing = await money.billing();
      await billing.queries.createSubscription({
        customer_id: (await billing.queries.customer({ user_id: user }))!.customer_id,
      });
      await money.stopBilling();
      expect(
        (await finance().declineRefund({ id, by: 'test', credit: 'apply', reason: 'agreed' }))?.refund,
      ).toMatchObject({ status: 'approved', method: 'invoice' });
      walked.add(await lives.refund(id, dieAt));
      await waitFor('the credit', async () => {
        money.clock.advance(1_000);
        await lives.refund(id);
        return (await refundsOf(user))[0]!.status === 'succeeded';
      });
      const { rows } = await money.admin.query<{ amount: number }>(
        `select (body ->> 'amount')::int as amount from stripe_simulator.objects
          where kind = 'invoiceitem' and body -> 'metadata' ->> 'charge_id' = $1`,
        [idOf(user)],
      );
      expect([dieAt, rows, await refundedAtStripe(user)]).toEqual([dieAt, [{ amount: -10_000 }], []]);
    }
    expect(Math.max(...walked)).toBe(8);
    // A large one takes two people, as a refund does.
    const large = await proposed('applied-large');
    const billing = await money.billing();
    await billing.queries.createSubscription({
      customer_id: (await billing.queries.customer({ user_id: 'applied-large' }))!.customer_id,
    });
    await money.stopBilling();
    const applied = (by: string) => finance('0').declineRefund({ id: large, by, credit: 'apply', reason: 'agreed' });
    expect((await applied('ada'))?.refund).toMatchObject({ status: 'proposed', first_approval: 'ada' });
    await expect(applied('ada')).rejects.toMatchObject({ code: 'REFUND_NOT_OPEN' });
    expect((await applied('bob'))?.refund).toMatchObject({ status: 'approved', method: 'invoice', decided_by: 'bob' });
    // Its payment is used up as a credit, so the block is owed anew when it is entered again.
    await tell('applied-0', 'TierBlockRegained');
    await untilRest('applied-0');
    expect([await chargeOf('applied-0'), await intentsOf('applied-0')]).toEqual([
      expect.objectContaining({ status: 'succeeded', series: 1 }),
      ['succeeded', 'succeeded'],
    ]);
  });

  it.each([
    ['500 after it refunded', 'after', 'fail'],
    ['nothing after it refunded', 'after', 'drop'],
    ['429', 'before', 'limit'],
  ] as const)('is made once when Stripe answers %s', async (name, when, what) => {
    const id = await proposed(`faulty-${name}`);
    await finance().approveRefund({ id, by: 'test' });
    let faults = what === 'drop' ? 2 : 1;
    money.fault = ({ method, path }) =>
      method === 'POST' && path === '/v1/refunds' && faults-- > 0 ? { when, what } : undefined;
    await lives.refund(id);
    expect((await refundsOf(`faulty-${name}`))[0]).toMatchObject({ status: 'processing' });
    money.clock.advance(2_000);
    await lives.refund(id);
    expect((await refundsOf(`faulty-${name}`))[0]).toMatchObject({ status: 'succeeded' });
    expect(await refundedAtStripe(`faulty-${name}`)).toEqual([10_000]);
  });

  it('is decided once: a key repeats its first answer, and another decision is refused', async () => {
    const id = await proposed('decided');
    const [first, again] = [
      await finance().declineRefund({ id, by: 'test', credit: 'forfeit', reason: 'no', key: 'k' }),
      await finance().declineRefund({ id, by: 'test', credit: 'forfeit', reason: 'no', key: 'k' }),
    ];
    expect([first?.replayed, again]).toEqual([false, { replayed: true, refund: first?.refund }]);
    await expect(
      finance().declineRefund({ id, by: 'test', credit: 'forfeit', reason: 'other', key: 'k' }),
    ).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    await expect(finance().approveRefund({ id, by: 'test' })).rejects.toMatchObject({ code: 'REFUND_NOT_OPEN' });
    expect(await finance().approveRefund({ id: '00000000-0000-4000-8000-000000000000', by: 'test' })).toBeNull();
    const both = await proposed('both');
    const raced = await Promise.allSettled([
      finance().approveRefund({ id: both, by: 'a' }),
      finance().declineRefund({ id: both, by: 'b', credit: 'forfeit', reason: 'no' }),
      finance().approveRefund({ id: both, by: 'c' }),
    ]);
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('waits with the block that is entered again meanwhile, and then decides what is owed', async () => {
    const id = await proposed('meanwhile');
    await finance().approveRefund({ id, by: 'test' });
    let faults = 1;
    money.fault = ({ method, path }) =>
      method === 'POST' && path === '/v1/refunds' && faults-- > 0 ? { when: 'after', what: 'fail' } : undefined;
    await lives.refund(id);
    await tell('meanwhile', 'TierBlockRegained');
    expect(await chargeOf('meanwhile')).toMatchObject({ status: 'succeeded', credited_at: expect.any(Date) });
    money.clock.advance(2_000);
    await lives.refund(id);
    await untilRest('meanwhile');
    expect(await chargeOf('meanwhile')).toMatchObject({ status: 'succeeded', series: 1, credited_at: null });
    await owesExactly('meanwhile', 1);
  });

  // Guarantee: above the set sum one person alone pays nothing back, also when several race; and the books say who
  // approved, from where.
  it('above the set sum needs two persons', async () => {
    const id = await proposed('two persons');
    const approve = (by: string, rule: string) => finance(rule).approveRefund({ id, by, address: '192.0.2.7' });
    expect((await approve('ada', '9999'))?.refund).toMatchObject({
      status: 'proposed',
      first_approval: 'ada',
      decided_by: null,
    });
    await expect(approve('ada', '9999')).rejects.toMatchObject({
      code: 'REFUND_NOT_OPEN',
      message: expect.stringContaining('second person'),
    });
    await lives.refund(id);
    expect(await refundedAtStripe('two persons')).toEqual([]);
    const raced = await Promise.allSettled([approve('bob', '9999'), approve('eve', '9999')]);
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await refundsOf('two persons'))[0]).toMatchObject({ status: 'approved', first_approval: 'ada' });
    const { rows } = await money.admin.query<{ type: string; by: string; address: string }>(
      `select type, data ->> 'by' as by, data ->> 'address' as address
      from billing.charge_events where charge_id = $1 and type like 'RefundApproved%' order by number`,
      [idOf('two persons')],
    );
    expect(rows).toEqual([
      { type: 'RefundApprovedOnce', by: 'ada', address: '192.0.2.7' },
      { type: 'RefundApproved', by: expect.stringMatching(/^(bob|eve)$/), address: '192.0.2.7' },
    ]);
    // Of the sum itself one is enough; a decline needs one in any case.
    const small = await proposed('one person');
    expect((await finance('10000').approveRefund({ id: small, by: 'ada' }))?.refund.status).toBe('approved');
    const declined = await proposed('declined alone');
    expect(
      (await finance('0').declineRefund({ id: declined, by: 'ada', credit: 'forfeit', reason: 'no' }))?.refund.status,
    ).toBe('declined');
  });

  it('that is approved and not sent is withdrawn by the block entered again', async () => {
    const id = await proposed('approved');
    await finance().approveRefund({ id, by: 'test' });
    await tell('approved', 'TierBlockRegained');
    await lives.refund(id);
    expect([await refundsOf('approved'), await refundedAtStripe('approved')]).toEqual([
      [expect.objectContaining({ status: 'withdrawn' })],
      [],
    ]);
  });

  // Guarantee: what finance does in Stripe's dashboard is in the books too, and is not done again from here.
  it('made by hand at Stripe settles a proposal of its amount; another amount gets its own row', async () => {
    const deliver = async (billing: RunningBilling, from: number): Promise<void> => {
      for (const payload of (await money.events()).slice(from)) {
        await billing.queries.stripeWebhook({
          payload,
          signature: Stripe.webhooks.generateTestHeaderString({ payload, secret: money.webhookSecret }),
        });
      }
    };
    const stripe = stripeClient(money.stripe);
    for (const [user, amount, expected] of [
      ['by-hand', 10_000, ['succeeded credit 10000']],
      ['in-part', 4_000, ['proposed credit 10000', 'succeeded stripe 4000']],
    ] as const) {
      const id = await proposed(user);
      const from = (await money.events()).length;
      const intent = (await money.intents()).find(({ metadata }) => metadata.charge_id === idOf(user))!;
      await stripe.refunds.create({ payment_intent: intent.id, amount });
      const billing = await money.billing();
      await deliver(billing, from);
      await deliver(billing, from);
      expect(
        (await refundsOf(user)).map(({ status, origin, amount_minor: minor }) => `${status} ${origin} ${minor}`).sort(),
      ).toEqual(expected);
      await expect(billing.queries.approveRefund({ id, by: 'test' })).rejects.toMatchObject({
        code: 'REFUND_NOT_OPEN',
      });
    }
  });

  it('keeps what was sent and credited as it was', async () => {
    for (const table of ['credit_notes', 'refund_attempts', 'past_payments']) {
      for (const change of [
        `update billing.${table} set charge_id = null`,
        `delete from billing.${table}`,
        `truncate billing.${table} cascade`,
      ]) {
        if (table === 'refund_attempts' && change.startsWith('update')) continue;
        await expect(money.admin.query(change)).rejects.toThrow('append-only');
      }
    }
  });
});
