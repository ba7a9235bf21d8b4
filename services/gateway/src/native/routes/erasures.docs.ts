import { z } from 'zod';

import { shownAmount } from '../../http-kit/openapi/answer-schemas.ts';
import type { Documentation } from '../../http-kit/openapi/documented.ts';

const count = z.int().min(0);

const Erased = z
  .object({
    accounts: z.array(z.string()),
    erased: z.object({ entries: count, operations: count, image_submits: count, queued_usage: count, logins: count }),
    operations_under_way: count,
    proofs: z.object({ seals: count, problems: z.array(z.string()) }),
    prune: z.array(z.object({ partition: count, before: shownAmount })),
  })
  .meta({ id: 'Erasure' });

/** What OpenAPI says of these routes. */
export const docs = {
  post: {
    summary: 'Erases metadata, purposes and free text of an account or a user, with every copy; amounts and ids stay',
    auth: 'admin',
    status: 200,
    answer: Erased,
    description:
      'For a user: the accounts of the surfaces under that id, accounts that the user owns or owned (as far as ' +
      "they were the user's), and the login. All proofs stay valid: the seals over the entries are recomputed, " +
      'and `problems` names those that are not. The log of requests holds the details below the offsets in ' +
      '`prune` until it is pruned; on Kafka, ledger.entries.v1 holds them for 7 days. May be repeated.',
    example: {
      accounts: ['metered:user-123'],
      erased: { entries: 12, operations: 1, image_submits: 0, queued_usage: 0, logins: 1 },
      operations_under_way: 0,
      proofs: { seals: 2, problems: [] },
      prune: [{ partition: 17, before: '4711' }],
    },
  },
} satisfies Record<string, Documentation>;
