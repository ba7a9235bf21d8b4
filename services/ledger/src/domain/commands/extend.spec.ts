import { describe, expect, it } from '@jest/globals';

import { given, granted, held, opened, released } from '../../testing/given.ts';

const extend = (amount: string, hold = 'h-0-1-3') =>
  ({ type: 'extend', account: 'w', data: { hold, amount } }) as const;
const reserved = [opened('w'), granted('w', 10n), held('w', 4n)] as const;

describe('an extension', () => {
  it('reserves more with the same hold', () => {
    const { hold } = given(...reserved)
      .when(extend('6'))
      .then({
        kind: 'extended',
        heldAfter: 10n,
        hold: 3,
        holdRows: [{ hold: 3, amount: 10n, outcome: 'open' }],
      });
    expect(hold).toMatchObject({ amount: '10', status: 'open' });
  });

  it('is refused beyond what is available, of a hold that ended, and of one that never was', () => {
    given(...reserved)
      .when(extend('7'))
      .thenRefused('ALLOWANCE_EXHAUSTED', { refusal: { account: 'w', asked: '7', available: '6' } });
    given(...reserved, released('w', 3))
      .when(extend('1'))
      .thenRefused('HOLD_ENDED', { detail: 'the hold was released before' });
    given(...reserved)
      .when(extend('1', 'h-0-1-9'))
      .thenRefused('HOLD_UNKNOWN');
  });
});
