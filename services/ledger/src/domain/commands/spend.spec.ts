import { describe, expect, it } from '@jest/globals';

import { budgeted, given, granted, held, nowMs, opened, spent } from '../../testing/given.ts';

const spend = (account: string, amount: string, more: object = {}) =>
  ({ type: 'spend', account, data: { amount, ...more } }) as const;

describe('a spend', () => {
  it('takes from the lot that burns first and says what is left', () => {
    const { available } = given(opened('w'), granted('w', 100n), granted('w', 50n, { priority: 10 }))
      .when(spend('w', '30'))
      .then({ kind: 'spent', amount: -30n, balanceAfter: 120n, lot: 3, lotLeft: 20n, usedAfter: 30n, contra: 'usage' });
    expect(available).toBe(120n);
  });

  it('has an entry for each lot it burns', () => {
    given(opened('w'), granted('w', 100n), granted('w', 50n, { priority: 10 }))
      .when(spend('w', '70'))
      .then(
        { ordinal: 0, amount: -50n, balanceAfter: 100n, lot: 3, lotLeft: 0n },
        { ordinal: 1, amount: -20n, balanceAfter: 80n, lot: 2, lotLeft: 80n },
      );
  });

  it('takes the last unit, and not one more', () => {
    const ten = given(opened('w'), granted('w', 10n));
    ten.when(spend('w', '10')).then({ amount: -10n, balanceAfter: 0n });
    ten.when(spend('w', '11')).thenRefused('ALLOWANCE_EXHAUSTED', {
      detail: 'asked for 11 u, the account has 10 available',
      refusal: { account: 'w', asked: '11', available: '10' },
    });
  });

  it('of 0 is an entry, so that its id is known', () => {
    given(opened('w')).when(spend('w', '0')).then({ kind: 'spent', amount: 0n, balanceAfter: 0n, requestId: 'r' });
  });

  it('leaves what holds reserve', () => {
    given(opened('w'), granted('w', 10n), held('w', 4n))
      .when(spend('w', '7'))
      .thenRefused('ALLOWANCE_EXHAUSTED', { refusal: { account: 'w', asked: '7', available: '6' } });
  });

  it('counts on every budget above, and the nearest that has not enough refuses', () => {
    const family = given(
      opened('a', { kind: 'quota', settings: { limit: 100n } }),
      opened('a/b', { kind: 'quota', settings: { limit: 40n } }),
      opened('a/b/c'),
      granted('a/b/c', 1_000n),
      budgeted('a/b', 30n),
    );
    family
      .when(spend('a/b/c', '10'))
      .then(
        { account: 'a/b/c', amount: -10n, balanceAfter: 990n },
        { account: 'a/b', kind: 'budgeted', amount: 0n, usedAfter: 40n },
        { account: 'a', kind: 'budgeted', amount: 0n, usedAfter: 10n },
      );
    family.when(spend('a/b/c', '11')).thenRefused('ALLOWANCE_EXHAUSTED', {
      refusal: { account: 'a/b', limit: '40', asked: '11', available: '10' },
    });
  });

  it('of its last unit turns a licence inactive', () => {
    given(opened('l', { kind: 'licence' }), granted('l', 2n), spent('l', 1n, { lot: 2 }))
      .when(spend('l', '1'))
      .then({ amount: -1n, balanceAfter: 0n, terms: { status: 'inactive' } });
  });

  it('of a metered account takes goodwill before anything is counted', () => {
    given(opened('m', { kind: 'metered' }), granted('m', 5n, { expiresMs: nowMs + 1_000 }))
      .when(spend('m', '8'))
      .then(
        { amount: -5n, contra: 'goodwill', usedAfter: 0n, lotLeft: 0n },
        { amount: -3n, contra: 'usage', usedAfter: 3n },
      );
  });

  it('is refused for another owner, an inactive or a suspended account, and one that does not exist', () => {
    given(opened('w', { owner: 'ada' }))
      .when(spend('w', '1', { actor: 'eve' }))
      .thenRefused('NOT_OWNER');
    given(opened('w', { status: 'inactive' }))
      .when(spend('w', '1'))
      .thenRefused('ACCOUNT_INACTIVE');
    given(opened('w', { status: 'suspended' }))
      .when(spend('w', '1'))
      .thenRefused('ACCOUNT_SUSPENDED');
    given().when(spend('w', '1')).thenRefused('ACCOUNT_UNKNOWN');
  });

  it('ends with the trial of a licence, at its very instant', () => {
    const trial = given(
      opened('l', { kind: 'licence', status: 'trial', settings: { trialEndMs: nowMs + 10 } }),
      granted('l', 5n),
    );
    trial.when({ ...spend('l', '1'), at: nowMs + 9 }).then({ amount: -1n });
    trial
      .when({ ...spend('l', '1'), at: nowMs + 10 })
      .thenRefused('ACCOUNT_INACTIVE', { detail: 'the trial has ended' });
  });

  it('of a meter that nobody prices is refused by name', () => {
    given(opened('w'), granted('w', 5n))
      .when({ type: 'spend', account: 'w', data: { meter: 'unheard.of', inputs: { quantity: '1' } } })
      .thenRefused('EVENT_TYPE_UNKNOWN', { detail: 'no rate is in force for unheard.of' });
  });

  // Guarantee: a sum that leaves 64 bits would be cut off by the database; nothing of such a request is booked.
  it('that would leave the range of 64 bits books nothing', () => {
    const most = 2n ** 63n - 1n;
    given(opened('w', { settings: { overdraft: 'unlimited' } }), spent('w', most))
      .when(spend('w', '2'))
      .thenRefused('AMOUNT_OUT_OF_RANGE', { detail: 'a sum would leave the range of 64 bits' });
  });
});
