import { describe, expect, it } from '@jest/globals';

import { given, granted, nowMs, opened, spent } from '../../testing/given.ts';

const grant = (account: string, amount: string, more: object = {}) =>
  ({ type: 'grant', account, data: { amount, ...more } }) as const;

describe('a grant', () => {
  it('opens a lot of its own, with its end as a timer', () => {
    const { available } = given(opened('w'), granted('w', 10n))
      .when(grant('w', '5', { priority: 7, expires_at: '2026-11-21T10:00:01Z' }))
      .then({
        kind: 'granted',
        amount: 5n,
        balanceAfter: 15n,
        contra: 'grants',
        lot: 3,
        lotLeft: 5n,
        lotRows: [
          { lot: 3, left: 5n, granted: 5n, priority: 7, expiresMs: nowMs + 1_000, purchased: false },
          { lot: 2, left: 10n },
        ],
        timers: [{ dueMs: nowMs + 1_000, ref: 1, kind: 'lot', object: 3 }],
      });
    expect(available).toBe(15n);
  });

  it('fills a negative balance first: the lot keeps what is above 0', () => {
    given(opened('w', { settings: { overdraft: 'unlimited' } }), spent('w', 3n))
      .when(grant('w', '5'))
      .then({ amount: 5n, balanceAfter: 2n, lotLeft: 2n });
  });

  it('makes an inactive licence active, and leaves a trial a trial', () => {
    given(opened('l', { kind: 'licence', status: 'inactive' }))
      .when(grant('l', '5'))
      .then({ balanceAfter: 5n, terms: { status: 'active' } });
    given(opened('l', { kind: 'licence', status: 'trial', settings: { trialEndMs: nowMs + 9 } }))
      .when(grant('l', '5'))
      .then({ balanceAfter: 5n, terms: null });
  });

  it('of an initial gift is given once', () => {
    const gift = { initial_gift: true };
    given(opened('w'))
      .when(grant('w', '5', gift))
      .then({ terms: { settings: { initialGift: 'given' } } });
    given(opened('w', { settings: { initialGift: 'given' } }))
      .when(grant('w', '5', gift))
      .thenRefused('GIFT_GIVEN');
  });

  it('is refused where it has no meaning', () => {
    given(opened('q', { kind: 'quota' }))
      .when(grant('q', '5'))
      .thenRefused('ACCOUNT_KIND_CONFLICT');
    given(opened('m', { kind: 'metered' }))
      .when(grant('m', '5'))
      .thenRefused('REQUEST_INVALID');
    given(opened('w', { status: 'closed' }))
      .when(grant('w', '5'))
      .thenRefused('ACCOUNT_CLOSED');
    given(opened('w'))
      .when(grant('w', '5', { expires_at: '2026-11-21T10:00:00Z' }))
      .thenRefused('TIME_OUT_OF_RANGE', { detail: 'the grant would have expired already' });
  });

  it('that would leave the range of 64 bits books nothing', () => {
    given(opened('w'), granted('w', 2n ** 63n - 1n))
      .when(grant('w', '1'))
      .thenRefused('AMOUNT_OUT_OF_RANGE');
  });
});
