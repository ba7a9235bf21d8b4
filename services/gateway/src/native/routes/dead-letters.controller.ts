import { Controller, Get, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { DeadLetters, Replayed } from './answer-shapes.ts';
import { PagedQuery } from './shapes.ts';

const letterExample = {
  id: '17-812',
  partition: 17,
  offset: '812',
  reason: 'REQUEST_INVALID: the record is not JSON',
  key: 'acme',
  value: '{"v":1,"type":',
  recorded_at: '2026-11-21T12:00:00.000Z',
  cursor: '1795262400000-17-812',
};

/** Records of the log that could not be read (rule 13): visible, and replayable once they can be. */
@ApiTags('dead letters')
@Controller('v1/dead-letters')
export class DeadLettersController {
  private readonly ledger: LedgerQueries;

  constructor(@inject.ledger() ledger: LedgerQueries) {
    this.ledger = ledger;
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Records that could not be read, newest first',
    auth: 'admin',
    status: 200,
    answer: DeadLetters,
    description: "Next page: the last item's cursor as after. The value is cut at 10,000 characters.",
    example: { items: [letterExample], next: null },
  })
  list(@Query({ schema: PagedQuery }) query: PagedQuery): ReturnType<LedgerQueries['deadLetters']> {
    const { after, limit } = query;
    return this.ledger.deadLetters({ limit, ...(after === undefined ? {} : { after }) });
  }

  @Post(':id/replay')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Appends a record to the log again',
    auth: 'admin',
    status: 201,
    answer: Replayed,
    example: { id: '17-812', partition: 17, offset: 905 },
    description: 'Harmless when repeated: what it asks is booked once. Still unreadable, it is a dead letter again.',
    errors: ['DEAD_LETTER_UNKNOWN', 'LOG_UNAVAILABLE'],
  })
  async replay(@Param('id') id: string): Promise<unknown> {
    const appended = await this.ledger.replayDeadLetter({ id });
    if (appended === null) {
      throw new AppError('not_found', 'DEAD_LETTER_UNKNOWN', 'there is no such dead letter');
    }
    return { id, partition: appended.partition, offset: appended.offset };
  }
}
