import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';

import { shownAmount } from '../../http-kit/openapi/answer-schemas.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { textOf, userIdText } from '../../http-kit/text-shape.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { accountIdMax } from '../../shared/domain/account-id.ts';
import type { Erase } from '../app/erasures.ts';

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
const NewErasure = z
  .object({ account: textOf(accountIdMax).optional(), user: userIdText.optional() })
  .refine(({ account, user }) => (account === undefined) !== (user === undefined), {
    error: 'give either an account or a user',
  })
  .meta({ example: { user: 'user-123' } });
type NewErasure = z.output<typeof NewErasure>;

/** Forgetting what was said, and keeping what was booked (rule 29). */
@ApiTags('erasure')
@Controller('v1/erasures')
export class ErasuresController {
  private readonly erase: Erase;

  constructor(@inject.erase() erase: Erase) {
    this.erase = erase;
  }

  @Post()
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Erases metadata, purposes and free text of an account or a user, with every copy; amounts and ids stay',
    auth: 'admin',
    status: 200,
    answer: Erased,
    description:
      'Of a user: the accounts of the surfaces under that id, accounts that the user owns or owned as far as ' +
      "they were the user's, and the login. " +
      'All proofs still hold: the seals over the entries are recomputed, problems name those that do not. The ' +
      'log of requests still has the words below the offsets in ' +
      'prune, until it is pruned; on Kafka ledger.entries.v1 has them for 7 days. May be repeated.',
    example: {
      accounts: ['metered:user-123'],
      erased: { entries: 12, operations: 1, image_submits: 0, queued_usage: 0, logins: 1 },
      operations_under_way: 0,
      proofs: { seals: 2, problems: [] },
      prune: [{ partition: 17, before: '4711' }],
    },
  })
  post(@Body({ schema: NewErasure }) body: NewErasure): Promise<unknown> {
    return this.erase(body.user === undefined ? { account: body.account ?? '' } : { user: body.user });
  }
}
