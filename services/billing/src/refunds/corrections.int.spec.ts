import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import {
  chargeOf,
  closeMoney,
  finance,
  idOf,
  intentsOf,
  lives,
  money,
  notesOf,
  openMoney,
  owesExactly,
  paid,
  payWith,
  refundedAtStripe,
  refundsOf,
  stopBilling,
  tell,
  untilRest,
} from '../testing/corrections-harness.ts';

beforeAll(openMoney);
afterEach(stopBilling);
afterAll(closeMoney);

describe('a block that a correction left', () => {
  it('is not charged when nothing was tried; entered again it is, once, however often that is told', async () => {
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
  });

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
  it('while it is charged, at whatever call the process dies, ends paid and credited, or unpaid', async () => {
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
  });

  it('and that is entered again during its cancellation is charged once, however that ended', async () => {
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
  });

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
