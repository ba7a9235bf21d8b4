import { describe, expect, it } from '@jest/globals';

import { given, granted, held, opened, spent } from '../../testing/given.ts';

const change = (account: string, data: object) => ({ type: 'change', account, data }) as const;

describe('a change of an account', () => {
  it('sets owner and settings in one entry', () => {
    given(opened('w', { owner: 'ada' }))
      .when(change('w', { owner: 'eve', settings: { limit: '9' } }))
      .then({ kind: 'changed', amount: 0n, terms: { owner: 'eve', settings: { limit: 9n } } });
  });

  it('brings the balance to a figure by a lot more, or by taking from lots as they burn', () => {
    const ten = given(opened('w'), granted('w', 4n), granted('w', 6n));
    ten
      .when(change('w', { balance: '12' }))
      .then({ kind: 'changed' }, { kind: 'adjusted', amount: 2n, balanceAfter: 12n, lot: 5 });
    ten
      .when(change('w', { balance: '3' }))
      .then(
        { kind: 'changed' },
        { kind: 'adjusted', ordinal: 1, amount: -4n, lot: 2, lotLeft: 0n },
        { kind: 'adjusted', ordinal: 2, amount: -3n, lot: 3, lotLeft: 3n, balanceAfter: 3n },
      );
  });

  it('never takes what holds reserve', () => {
    const reserved = given(opened('w'), granted('w', 10n), held('w', 4n));
    reserved
      .when(change('w', { balance: '4' }))
      .then({ kind: 'changed' }, { kind: 'adjusted', amount: -6n, balanceAfter: 4n });
    reserved.when(change('w', { balance: '3' })).thenRefused('ALLOWANCE_EXHAUSTED');
  });

  it('gives back what a quota account counts as used, and no more than that', () => {
    const used = given(opened('q', { kind: 'quota', settings: { limit: 9n } }), spent('q', 5n));
    used
      .when(change('q', { used: '2' }))
      .then({ kind: 'changed' }, { kind: 'adjusted', amount: 3n, usedAfter: 2n, contra: 'adjustments' });
    used.when(change('q', { used: '6' })).then({ kind: 'changed' });
  });

  it('closes an empty account, or one whose balance is forfeit', () => {
    given(opened('w'))
      .when(change('w', { access: 'close' }))
      .then({ terms: { status: 'closed' } });
    const filled = given(opened('w'), granted('w', 10n));
    filled.when(change('w', { access: 'close' })).thenRefused('ACCOUNT_NOT_EMPTY');
    filled
      .when(change('w', { access: 'close', forfeit: true }))
      .then({ terms: { status: 'closed' } }, { kind: 'adjusted', amount: -10n, balanceAfter: 0n });
    given(opened('w'), granted('w', 10n), held('w', 4n))
      .when(change('w', { access: 'close', forfeit: true }))
      .thenRefused('ACCOUNT_NOT_EMPTY', { detail: 'open holds reserve 4 u: settle or release them first' });
  });

  it('resumes a suspended account as it was', () => {
    given(opened('l', { kind: 'licence', status: 'suspended', settings: { statusBefore: 'trial' } }))
      .when(change('l', { access: 'resume' }))
      .then({ terms: { status: 'trial', settings: { statusBefore: null } } });
  });

  it('gives an account its first allowance at once', () => {
    const { state } = given(opened('c', { kind: 'credits' }))
      .when(change('c', { settings: { allowance: '8', period: 'P30D' } }))
      .then({ kind: 'changed' }, { kind: 'granted', amount: 8n, contra: 'allowance', balanceAfter: 8n });
    expect(state).toMatchObject({ period: { start: '2026-11-21T10:00:00.000Z', end: '2026-12-21T10:00:00.000Z' } });
  });

  it('is refused for another owner than believed, and for figures that the kind has not', () => {
    given(opened('w', { owner: 'ada' }))
      .when(change('w', { if_owner: 'eve' }))
      .thenRefused('NOT_OWNER');
    given(opened('w'))
      .when(change('w', { used: '0' }))
      .thenRefused('ACCOUNT_KIND_CONFLICT');
    given(opened('q', { kind: 'quota' }))
      .when(change('q', { balance: '0' }))
      .thenRefused('ACCOUNT_KIND_CONFLICT');
    given(opened('w'))
      .when(change('w', { settings: { plan: 'pro' } }))
      .thenRefused('REQUEST_INVALID');
  });
});
