import { describe, expect, it } from '@jest/globals';

import { type BookedTopUp, compareTopUps } from './reconciled-top-ups.ts';
import type { StripePayment } from './reconciliation.ts';

const topUp = (more: Partial<BookedTopUp> = {}): BookedTopUp => ({
  id: 't-1',
  account: 'w',
  status: 'succeeded',
  reason: null,
  units: 1_000n,
  amountMinor: 2_000n,
  currency: 'USD',
  paymentIntent: 'pi_1',
  refundedMinor: 0n,
  ...more,
});
const payment = (state: StripePayment['state']): StripePayment => ({
  id: 'pi_1',
  chargeId: null,
  topUpId: 't-1',
  state,
  amountMinor: 2_000n,
  currency: 'USD',
  createdMs: 0,
  series: 0,
});

describe('a top-up and its payment', () => {
  it.each([
    ['paid on both sides', topUp(), payment('succeeded')],
    ['on its way to the wallet', topUp({ status: 'paid' }), payment('succeeded')],
    ['refused on both sides', topUp({ status: 'failed' }), payment('cancelled')],
    ['under way', topUp({ status: 'pending', paymentIntent: null }), null],
    [
      'taken without units, and paid back',
      topUp({ status: 'unresolved', refundedMinor: 2_000n }),
      payment('succeeded'),
    ],
    ['of other books and never paid', null, payment('cancelled')],
  ])('agree when it is %s', (_, books, stripe) => {
    expect(compareTopUps(books, stripe === null ? [] : [stripe])).toEqual([]);
  });

  it('differ when the books say paid and Stripe does not', () => {
    for (const stripe of [null, payment('cancelled'), payment('declined')]) {
      expect(compareTopUps(topUp(), stripe === null ? [] : [stripe])).toMatchObject([
        { kind: 'top_up_differs', fix: null, account: 'w' },
      ]);
    }
  });

  it('differ when Stripe was paid and the books say otherwise, which a fix takes in', () => {
    expect(compareTopUps(topUp({ status: 'failed' }), [payment('succeeded')])).toMatchObject([
      {
        kind: 'top_up_differs',
        reason: 'Stripe was paid 20.00 USD by pi_1, and the books have the top-up as failed',
        fix: 'take_state',
      },
    ]);
  });

  it('are told when it was paid twice, whichever the books name', () => {
    const second = { ...payment('succeeded'), id: 'pi_2' };
    for (const payments of [
      [payment('succeeded'), second],
      [second, payment('succeeded')],
    ]) {
      expect(compareTopUps(topUp(), payments)).toMatchObject([
        { kind: 'paid_twice', reference: 'pi_2', proposal: 'refund 20.00 USD of pi_2' },
      ]);
    }
  });

  it('are told to a person when the units could not be given, or nobody knows what was paid for', () => {
    expect(
      compareTopUps(topUp({ status: 'unresolved', reason: 'account_closed' }), [payment('succeeded')]),
    ).toMatchObject([
      {
        kind: 'top_up_unresolved',
        proposal: 'refund pi_1 at Stripe, or grant 1000 units by hand',
      },
    ]);
    const paidBackInPart = topUp({ status: 'unresolved', refundedMinor: 1_999n });
    expect(compareTopUps(paidBackInPart, [payment('succeeded')])).toMatchObject([{ kind: 'top_up_unresolved' }]);
    expect(compareTopUps(null, [payment('succeeded')])).toMatchObject([
      {
        kind: 'payment_unknown',
        proposal: 'refund 20.00 USD of pi_1',
      },
    ]);
  });
});
