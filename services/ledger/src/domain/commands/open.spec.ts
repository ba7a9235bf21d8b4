import { describe, expect, it } from '@jest/globals';

import { given, opened } from '../../testing/given.ts';

const open = (account: string, data: object) =>
  ({ type: 'open', account, data: { kind: 'wallet', unit: 'u', ...data } }) as never;

describe('an opening', () => {
  it('numbers the account and grants its first units in the same decision', () => {
    const { available, state } = given(opened('other'))
      .when(open('w', { grant: '5', owner: 'ada' }))
      .then(
        {
          account: 'w',
          ref: 2,
          seq: 1,
          kind: 'opened',
          ordinal: 0,
          amount: 0n,
          terms: { owner: 'ada', status: 'active' },
        },
        { account: 'w', ref: 2, seq: 2, kind: 'granted', ordinal: 1, amount: 5n, balanceAfter: 5n, contra: 'grants' },
      );
    expect(available).toBe(5n);
    expect(state).toMatchObject({ id: 'w', balance: '5', lots: [{ lot: '2', left: '5' }] });
  });

  it('of a credits account gives the larger of allowance and grant', () => {
    const settings = { allowance: '10', period: 'P30D' };
    given()
      .when(open('c', { kind: 'credits', settings }))
      .then({ kind: 'opened' }, { kind: 'granted', amount: 10n, contra: 'allowance' });
    given()
      .when(open('c', { kind: 'credits', settings, grant: '11' }))
      .then({ kind: 'opened' }, { kind: 'granted', amount: 11n, contra: 'grants' });
  });

  it('again changes nothing; of another kind or unit, or strictly of other terms, it is refused', () => {
    const known = given(opened('w', { owner: 'ada' }));
    known.when(open('w', { owner: 'eve' })).thenUnchanged();
    known.when(open('w', { kind: 'quota' })).thenRefused('ACCOUNT_KIND_CONFLICT');
    known.when(open('w', { unit: 'v' })).thenRefused('UNIT_CONFLICT');
    known
      .when(open('w', { owner: 'eve', strict: true, settings: { limit: '5' } }))
      .thenRefused('ACCOUNT_SETTINGS_CONFLICT', {
        detail: 'the account exists with another owner, limit; change it by PATCH /v1/accounts/:id',
      });
  });

  it('below a budget in another unit is refused, unless it is detached', () => {
    const budget = given(opened('a', { kind: 'metered', settings: { limit: 9n } }));
    budget.when(open('a/b', { unit: 'v' })).thenRefused('UNIT_CONFLICT');
    budget.when(open('a/b', { unit: 'v', settings: { detached: true } })).then({ account: 'a/b', kind: 'opened' });
  });

  it('below a closed account, or with settings that its kind has not, is refused', () => {
    given(opened('a', { status: 'closed' }))
      .when(open('a/b', {}))
      .thenRefused('ACCOUNT_CLOSED');
    given()
      .when(open('l', { kind: 'licence', settings: { overdraft: '5' } }))
      .thenRefused('REQUEST_INVALID', { detail: 'a licence account has no overdraft' });
    given()
      .when(open('q', { kind: 'quota', grant: '5' }))
      .thenRefused('ACCOUNT_KIND_CONFLICT');
    given().when(open('a/../b', {})).thenRefused('REQUEST_INVALID');
  });
});
