import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { LedgerHarness } from '../../testing/ledger-harness.ts';

const million = 1_000_000n;
let books: LedgerHarness;
beforeAll(async () => {
  books = await LedgerHarness.start();
});
afterAll(() => books?.stop());

const open = (id: string) => books.ask('open', id, { kind: 'metered', unit: 'tokens', settings: { plan: 'default' } });
const report = (id: string, amount: bigint, most?: number) =>
  books.ask('spend', id, { amount: String(amount), ...(most === undefined ? {} : { blocks_max: most }) });

// The built-in plan: 8 million are included, each block of 8 million that is started beyond them is one charge.
it('enters no more tier blocks with one report than the report may, and changes nothing when it would', async () => {
  await open('metered:ada');
  const refused = await report('metered:ada', 808n * million + 1n, 100);
  expect(refused).toMatchObject({
    outcome: 'refused',
    problem: { code: 'AMOUNT_OUT_OF_RANGE', detail: 'one request enters at most 100 tier blocks' },
  });
  expect((await books.ledger.queries.account({ id: 'metered:ada' }))?.used).toBe('0');

  const taken = await report('metered:ada', 808n * million, 100);
  expect([taken.outcome, taken.crossings?.length]).toEqual(['booked', 100]);
  // The bound counts the blocks of this request alone: one more block is one.
  expect((await report('metered:ada', 1n, 100)).crossings).toHaveLength(1);
});

it('enters up to 10,000 where the report says nothing of it', async () => {
  await open('metered:bob');
  expect((await report('metered:bob', 816n * million)).crossings).toHaveLength(101);
});

it('refuses a most that is no number, as a record that cannot be read', async () => {
  await open('metered:eve');
  for (const most of [-1, 1.5, '5']) {
    expect(await books.ask('spend', 'metered:eve', { amount: '1', blocks_max: most as number })).toMatchObject({
      outcome: 'refused',
      problem: { code: 'REQUEST_INVALID' },
    });
  }
});
