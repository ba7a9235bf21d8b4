import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@tollgate/persistence';
import { waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';
import Stripe from 'stripe';

import { makeOpenCharge } from '../charges/app/open-charge.ts';
import { crossingIn } from '../charges/consumers/tier-crossed.ts';
import { chargeStore } from '../charges/postgres/charge-store.ts';
import type { RunningBilling } from '../index.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import { Lives } from '../testing/lives.ts';
import { MoneyHarness } from '../testing/money-harness.ts';
import { makeRefundQueries } from './app/refunding.ts';
import { parseFourEyes } from './domain/four-eyes.ts';
import { refundStore } from './postgres/refund-store.ts';

let money: MoneyHarness;
let lives: Lives;
let pool: Pool;
beforeAll(async () => {
  money = await MoneyHarness.start();
  lives = new Lives(money);
  pool = createPool({ url: money.databaseUrl, max: 4, applicationName: 'test' });
});
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
});
afterAll(async () => {
  await pool?.end();
  await money?.stop();
});

type Change = 'TierCrossed' | 'TierBlockLeft' | 'TierBlockRegained';
const take = (message: string): Promise<void> =>
  makeOpenCharge({ store: chargeStore(pool, pool), nowMs: () => money.clock.nowMs(), wake: () => undefined })(
    crossingIn(JSON.parse(message)),
  );
/** What the ledger tells next about a user's first block; taken as often as it is delivered. */
const tell = async (user: string, type: Change, times = 1): Promise<void> => {
  const { value } = money.crossing(user, 1, { type });
  for (let time = 0; time < times; time++) await take(value);
};
const payWith = async (user: string, method: string): Promise<void> => {
  const billing = await money.billing();
  await billing.queries.putCustomer({ user_id: user, payment_method: method });
  await money.stopBilling();
};
const idOf = (user: string): string => money.chargeId(user, 1);
type ChargeRow = {
  status: string;
  reason: string | null;
  credited_at: Date | null;
  owed: boolean;
  series: number;
  next_try_at: Date | null;
  attempts: number;
};
const chargeOf = async (user: string): Promise<ChargeRow | undefined> =>
  (await money.admin.query<ChargeRow>('select * from billing.charges where id = $1', [idOf(user)])).rows[0];
const intentsOf = async (user: string): Promise<readonly string[]> =>
  (await money.intents()).filter(({ metadata }) => metadata.charge_id === idOf(user)).map(({ status }) => status);
const notesOf = async (user: string): Promise<readonly string[]> =>
  (
    await money.admin.query<{ note: string }>(
      "select reason || ' ' || amount_minor as note from billing.credit_notes where charge_id = $1 order by " +
        'created_at, amount_minor desc',
      [idOf(user)],
    )
  ).rows.map(({ note }) => note);
type RefundRow = { id: string; status: string; amount_minor: bigint; origin: string; reason: string | null };
const refundsOf = async (user: string): Promise<readonly RefundRow[]> =>
  (
    await money.admin.query<RefundRow>('select * from billing.refunds where charge_id = $1 order by created_at, id', [
      idOf(user),
    ])
  ).rows;
/** Refunds of a user's payments at the simulator, in minor units. */
const refundedAtStripe = async (user: string): Promise<readonly number[]> =>
  (
    await money.admin.query<{ amount: number }>(
      `select (r.body ->> 'amount')::int as amount from stripe_simulator.objects r
    join stripe_simulator.objects i on i.id = r.body ->> 'payment_intent'
      where r.kind = 'refund' and i.body -> 'metadata' ->> 'charge_id' = $1`,
      [idOf(user)],
    )
  ).rows.map(({ amount }) => amount);
const finance = (fourEyes = '') =>
  makeRefundQueries({
    store: refundStore(pool, pool),
    clock: money.clock,
    fourEyes: parseFourEyes(fourEyes),
    onApproved: () => undefined,
    onChange: () => undefined,
  });

/** Time passes until nothing is left to do for a charge. */
const untilRest = (user: string): Promise<unknown> =>
  waitFor('the charge to rest', async () => {
    money.clock.advance(1_000);
    await lives.charge(idOf(user));
    return (await chargeOf(user))?.next_try_at === null;
  });
const paid = async (user: string): Promise<void> => {
  await payWith(user, 'pm_card_visa');
  await tell(user, 'TierCrossed');
  await untilRest(user);
  expect(await chargeOf(user)).toMatchObject({ status: 'succeeded' });
};
/** Exactly one payment that is live or succeeded and not refunded, if the block is owed; none, if it is not. */
const owesExactly = async (user: string, count: 0 | 1): Promise<void> => {
  const intents = await intentsOf(user);
  const live = intents.filter((status) => status !== 'canceled').length;
  expect([user, intents, live - (await refundedAtStripe(user)).length]).toEqual([user, intents, count]);
};

describe('a block that a correction left', () => {
  it(
    'is not charged when nothing was tried, and is when it is entered again, once, however often that is ' + 'told',
    async () => {
      await payWith('untried', 'pm_card_visa');
      await tell('untried', 'TierCrossed', 5);
      await tell('untried', 'TierBlockLeft', 5);
      expect(await chargeOf('untried')).toMatchObject({
        status: 'cancelled',
        reason: 'corrected',
        owed: false,
        attempts: 0,
      });
      await lives.charge(idOf('untried'));
      expect(await intentsOf('untried')).toEqual([]);
      await tell('untried', 'TierBlockRegained', 5);
      await untilRest('untried');
      expect([await chargeOf('untried'), await intentsOf('untried')]).toEqual([
        expect.objectContaining({ status: 'succeeded', series: 0 }),
        ['succeeded'],
      ]);
      expect(await refundsOf('untried')).toEqual([]);
    },
  );

  it('is credited when it was paid, and a refund proposed once; nothing is paid back by itself', async () => {
    await paid('paid');
    await tell('paid', 'TierBlockLeft', 5);
    expect(await chargeOf('paid')).toMatchObject({ status: 'succeeded', credited_at: expect.any(Date) });
    expect([await notesOf('paid'), await refundsOf('paid')]).toEqual([
      ['corrected 10000'],
      [expect.objectContaining({ status: 'proposed', amount_minor: 10_000n, origin: 'credit' })],
    ]);
    await money.billing();
    money.clock.advance(40 * 86_400_000);
    await lives.refund((await refundsOf('paid'))[0]!.id);
    expect(await refundedAtStripe('paid')).toEqual([]);
  });

  it('whose credit was not refunded yet owes again what it paid, when it is entered again', async () => {
    await paid('regained');
    for (let turn = 1; turn <= 2; turn++) {
      await tell('regained', 'TierBlockLeft');
      await tell('regained', 'TierBlockRegained', 3);
    }
    expect(await chargeOf('regained')).toMatchObject({ status: 'succeeded', credited_at: null, owed: true });
    expect((await notesOf('regained')).slice().sort()).toEqual([
      'corrected 10000',
      'corrected 10000',
      'regained -10000',
      'regained -10000',
    ]);
    expect((await refundsOf('regained')).map(({ status }) => status)).toEqual(['withdrawn', 'withdrawn']);
    await expect(
      finance().approveRefund({ id: (await refundsOf('regained'))[0]!.id, by: 'test' }),
    ).rejects.toMatchObject({ code: 'REFUND_NOT_OPEN' });
    await owesExactly('regained', 1);
  });

  it('is charged anew by another PaymentIntent when its credit was refunded and it is entered again', async () => {
    await paid('refunded');
    await tell('refunded', 'TierBlockLeft');
    const [refund] = await refundsOf('refunded');
    await finance().approveRefund({ id: refund!.id, by: 'test' });
    await lives.refund(refund!.id);
    expect((await refundsOf('refunded'))[0]).toMatchObject({ status: 'succeeded' });
    await owesExactly('refunded', 0);
    await tell('refunded', 'TierBlockRegained', 2);
    expect(await chargeOf('refunded')).toMatchObject({ status: 'pending', series: 1 });
    await untilRest('refunded');
    expect([await chargeOf('refunded'), await intentsOf('refunded')]).toEqual([
      expect.objectContaining({ status: 'succeeded', series: 1 }),
      ['succeeded', 'succeeded'],
    ]);
    await owesExactly('refunded', 1);
    await tell('refunded', 'TierBlockLeft');
    expect((await refundsOf('refunded')).map(({ status }) => status)).toEqual(['succeeded', 'proposed']);
  });

  // Guarantee: wherever a process dies, a corrected block keeps nobody's money and no payment that could still be
  // taken.
  it(
    'has its declined PaymentIntent cancelled at Stripe, at whatever call its process dies, and a new one when ' +
      'it is entered again',
    async () => {
      for (let dieAt = 0; dieAt < 10; dieAt++) {
        const user = `cancel-${dieAt}`;
        await payWith(user, 'pm_card_chargeDeclined');
        await tell(user, 'TierCrossed');
        await lives.charge(idOf(user));
        await tell(user, 'TierBlockLeft');
        await lives.charge(idOf(user), dieAt);
        await untilRest(user);
        expect([dieAt, await chargeOf(user), await intentsOf(user)]).toEqual([
          dieAt,
          expect.objectContaining({ status: 'cancelled', reason: 'corrected' }),
          ['canceled'],
        ]);
        await payWith(user, 'pm_card_visa');
        await tell(user, 'TierBlockRegained');
        await lives.charge(idOf(user), dieAt);
        await untilRest(user);
        expect([dieAt, await chargeOf(user), await intentsOf(user)]).toEqual([
          dieAt,
          expect.objectContaining({ status: 'succeeded', series: 1 }),
          ['canceled', 'succeeded'],
        ]);
      }
    },
  );

  // Guarantee: a correction that comes while the card is being charged ends in a credit or in no payment, never in both
  // or neither.
  it(
    'while it is being charged, at whatever call the process dies, ends paid and credited, or not paid at ' + 'all',
    async () => {
      const ends = new Set<string>();
      for (let dieAt = 0; dieAt < 10; dieAt++) {
        const user = `racing-${dieAt}`;
        await payWith(user, 'pm_card_visa');
        await tell(user, 'TierCrossed');
        await lives.charge(idOf(user), dieAt, () => tell(user, 'TierBlockLeft'));
        await tell(user, 'TierBlockLeft');
        await untilRest(user);
        const charge = await chargeOf(user);
        const [intents, refunds] = [await intentsOf(user), await refundsOf(user)];
        ends.add(`${charge!.status} ${intents.join()} ${refunds.map(({ status }) => status).join()}`);
        await tell(user, 'TierBlockRegained');
        await untilRest(user);
        expect(await chargeOf(user)).toMatchObject({ status: 'succeeded', credited_at: null });
        await owesExactly(user, 1);
      }
      expect([...ends].sort()).toEqual(['cancelled  ', 'succeeded succeeded proposed']);
    },
  );

  it(
    'and that is entered again while its cancellation is under way is ' + 'charged once, whatever became of it',
    async () => {
      for (let dieAt = -1; dieAt < 8; dieAt++) {
        const user = `turn-${dieAt}`;
        await payWith(user, 'pm_card_chargeDeclined');
        await tell(user, 'TierCrossed');
        await lives.charge(idOf(user));
        await payWith(user, 'pm_card_visa');
        await tell(user, 'TierBlockLeft');
        await lives.charge(idOf(user), dieAt, () => tell(user, 'TierBlockRegained'));
        await tell(user, 'TierBlockRegained');
        await untilRest(user);
        expect([dieAt, await chargeOf(user)]).toEqual([
          dieAt,
          expect.objectContaining({ status: 'succeeded', owed: true }),
        ]);
        await owesExactly(user, 1);
      }
    },
  );

  it('told to two instances five times over, with others, is taken once and in order', async () => {
    await payWith('twice', 'pm_card_visa');
    await Promise.all([money.billing(), money.billing()]);
    const messages = (['TierCrossed', 'TierBlockLeft', 'TierBlockRegained', 'TierBlockLeft'] as const).map((type) =>
      money.crossing('twice', 1, { type }),
    );
    for (let time = 0; time < 5; time++) await money.log.append(messages);
    const eventsOf = async () =>
      (
        await money.admin.query<{ left: number; regained: number }>(
          `select count(*) filter (where type = 'BlockLeft')::int as left,
      count(*) filter (where type = 'BlockRegained')::int as regained from billing.charge_events where charge_id = $1`,
          [idOf('twice')],
        )
      ).rows[0]!;
    await waitFor('the block to be left', async () => {
      money.clock.advance(1_000);
      const charge = await chargeOf('twice');
      return (
        (await eventsOf()).left >= 2 &&
        (charge?.status === 'cancelled' || (charge?.status === 'succeeded' && charge.credited_at !== null))
      );
    });
    await money.log.append(messages);
    await money.stopBilling();
    const events = await eventsOf();
    expect(events).toEqual({ left: 2, regained: 1 });
  });
});

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
    // Entered again, the block is owed anew: what had been paid for it is used up.
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
  it(
    'made by hand at Stripe settles the proposal of its amount; of another ' + 'amount it is a row of its own',
    async () => {
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
          (await refundsOf(user))
            .map(({ status, origin, amount_minor: minor }) => `${status} ${origin} ${minor}`)
            .sort(),
        ).toEqual(expected);
        await expect(billing.queries.approveRefund({ id, by: 'test' })).rejects.toMatchObject({
          code: 'REFUND_NOT_OPEN',
        });
      }
    },
  );

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
