import { expect, it } from '@jest/globals';

import { provided, token } from './typed-providers.ts';

class Clock {
  readonly now = 5;
}
const LIMIT = token<number>('limit');
const TEXT = token<string>('text');

it('a factory gets what it asks for, in that order', () => {
  const provider = provided(TEXT, [LIMIT, Clock], (limit, clock) => `${limit} at ${clock.now}`);

  expect(provider).toMatchObject({ provide: TEXT, inject: [LIMIT, Clock] });
  expect(provider.useFactory(3, new Clock())).toBe('3 at 5');
});

it('the compiler refuses a factory that takes, or makes, something else', () => {
  // @ts-expect-error a limit is a number
  provided(TEXT, [LIMIT], (limit: string) => limit);
  // @ts-expect-error a text is no number
  provided(LIMIT, [TEXT], (text) => text);
  expect(token('a')).not.toBe(token('a'));
});
