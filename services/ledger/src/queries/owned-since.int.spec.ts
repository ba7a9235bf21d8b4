import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { LedgerHarness } from '../testing/ledger-harness.ts';

let books: LedgerHarness;
beforeAll(async () => {
  books = await LedgerHarness.start();
});
afterAll(() => books?.stop());

it("tells since when an account is its owner's, and shows what happened since", async () => {
  const id = 'licence:K-1';
  const since = async (owner: string): Promise<string | undefined> =>
    (await books.ledger.queries.ownedSince({ account: id, owner }))?.seq;
  const use = (actor: string) => books.ask('spend', id, { amount: '1', actor });
  await books.ask('open', id, { kind: 'licence', unit: 'tokens', grant: '5' });
  expect(await since('ada')).toBeUndefined();
  await books.ask('change', id, { owner: 'ada', status: 'active' });
  await use('ada');
  await use('ada');
  // Nobody owned it before: all of it is the first owner's.
  expect(await since('ada')).toBe('1');
  // Taken away, something given meanwhile, and given to somebody else.
  await books.ask('change', id, { owner: null, status: 'inactive', balance: '0' });
  expect(await since('ada')).toBeUndefined();
  await books.ask('grant', id, { amount: '9' });
  const before = Number((await books.ledger.queries.account({ id }))?.as_of.seq);
  await books.ask('change', id, { owner: 'bob', status: 'active' });
  await use('bob');
  expect([await since('bob'), await since('ada')]).toEqual([String(before + 1), undefined]);

  const page = await books.ledger.queries.entries({ account: id, limit: 50, from_seq: String(before + 1) });
  expect(page?.items.map(({ seq, kind }) => [seq, kind])).toEqual([
    [String(before + 2), 'spent'],
    [String(before + 1), 'changed'],
  ]);
  const uses = await books.ledger.queries.entries({
    account: id,
    limit: 50,
    kinds: ['spent'],
    from_seq: String(before + 1),
  });
  expect([uses?.items.length, uses?.total]).toEqual([1, 1]);
  // The first owner again: not what was before the break.
  await books.ask('change', id, { owner: 'ada' });
  expect(await since('ada')).toBe(String(before + 3));
  expect(await books.ledger.queries.ownedSince({ account: 'no such', owner: 'ada' })).toBeNull();
});
