import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { LedgerHarness } from '../testing/ledger-harness.ts';

let books: LedgerHarness;
beforeAll(async () => {
  books = await LedgerHarness.start();
});
afterAll(() => books?.stop());

it('tells which account a hold is on, and nothing for what is no hold', async () => {
  await books.ask('open', 'acme/team', { kind: 'wallet', unit: 'token' });
  await books.ask('grant', 'acme/team', { amount: '10' });
  const { hold } = await books.ask('hold', 'acme/team', { amount: '5', expires_in_ms: 60_000 });
  const accountOf = (id: string): Promise<string | null> => books.ledger.queries.holdAccount({ id });
  expect(await accountOf(hold!.hold_id)).toBe('acme/team');
  const [, partition] = hold!.hold_id.split('-');
  for (const id of [`h-${partition}-999999-1`, 'h-99-1-1', 'h-1-9999999999-1', 'nonsense', ''])
    expect(await accountOf(id)).toBeNull();
});
