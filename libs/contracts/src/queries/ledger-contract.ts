import { z } from 'zod';

import { count, decimal, limit, moment, nothing, type QueryContract, text } from './contract.ts';
import type { LedgerQueries } from './ledger-queries.ts';

const after = text.exactOptional();
const request = { account: text, source: text, id: text };
const catalog = z.enum(['rate-card', 'price-plan']);

/** See `LedgerQueries`, which says what each of them answers. */
export const ledgerContract: QueryContract<LedgerQueries> = {
  account: z.strictObject({ id: text, at: moment.exactOptional() }),
  accounts: z.strictObject({
    used_above_bp: count.exactOptional(),
    balance_below: decimal.exactOptional(),
    unit: text.exactOptional(),
    owner: text.exactOptional(),
    under: text.exactOptional(),
    after,
    limit,
  }),
  hasDescendants: z.strictObject({ account: text }),
  usage: z.strictObject({ account: text, at: moment }),
  entries: z.strictObject({
    account: text,
    after,
    limit,
    from: moment.exactOptional(),
    to: moment.exactOptional(),
    by: z.enum(['use', 'booked']).exactOptional(),
    kinds: z.array(text).exactOptional(),
    from_seq: decimal.exactOptional(),
  }),
  entry: z.strictObject({ id: text }),
  ownedSince: z.strictObject({ account: text, owner: text }),
  holdAccount: z.strictObject({ id: text }),
  explain: z.strictObject({ id: text }),
  proof: z.strictObject({ id: text }),
  known: z.strictObject({ events: z.array(z.strictObject({ ...request, hash: text.exactOptional() })) }),
  walletsBelow: z.strictObject({ wallets: z.array(z.strictObject({ account: text, below: decimal })) }),
  requestOutcomes: z.strictObject({ requests: z.array(z.strictObject(request)) }),
  refused: z.strictObject({ account: text.exactOptional(), after, limit }),
  refusals: z.strictObject({
    account: text.exactOptional(),
    under: z.boolean().exactOptional(),
    code: text.exactOptional(),
    after,
    limit,
  }),
  deadLetters: z.strictObject({ after, limit }),
  replayDeadLetter: z.strictObject({ id: text }),
  catalog: z.strictObject({ catalog }),
  bookedAfter: z.strictObject({
    after: z.array(z.strictObject({ partition: count, seq: decimal })),
    limit,
    taken: z.boolean().exactOptional(),
  }),
  crossings: z.strictObject({ from: moment, to: moment, after, limit }),
  partitions: nothing,
  eraseDetails: z.strictObject({ accounts: z.array(text), owner: text.exactOptional(), after }),
};
