import { Controller, Get, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { docs } from './dead-letters.docs.ts';
import { PagedQuery } from './shapes.ts';

/** Records of the log that could not be parsed (rule 13). They can be listed, and replayed after a fix. */
@ApiTags('dead letters')
@Controller('v1/dead-letters')
export class DeadLettersController {
  readonly #ledger: LedgerQueries;

  constructor(@inject.ledger() ledger: LedgerQueries) {
    this.#ledger = ledger;
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.list)
  list(@Query({ schema: PagedQuery }) query: PagedQuery): ReturnType<LedgerQueries['deadLetters']> {
    const { after, limit } = query;
    return this.#ledger.deadLetters({ limit, ...(after === undefined ? {} : { after }) });
  }

  @Post(':id/replay')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.replay)
  async replay(@Param('id') id: string): Promise<unknown> {
    const appended = await this.#ledger.replayDeadLetter({ id });
    if (appended === null) {
      throw new AppError('not_found', 'DEAD_LETTER_UNKNOWN', 'there is no such dead letter');
    }
    return { id, partition: appended.partition, offset: appended.offset };
  }
}
