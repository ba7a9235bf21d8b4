import { Body, Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { RequestLine } from '../../ledger-client/app/ledger-client.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import type { TestClock } from '../app/test-clock.ts';
import { advanceClock } from '../app/test-clock.ts';
import { Now } from './answer-shapes.ts';
import { Advance } from './shapes.ts';

const example = { now: '2026-12-21T12:00:00.000Z' };

@ApiTags('test clock')
@Controller('v1/test-clock')
export class TestClockController {
  private readonly clock: TestClock | null;
  private readonly line: RequestLine;

  constructor(line: RequestLine, @inject.testClock() clock: TestClock | null) {
    this.line = line;
    this.clock = clock;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read' }))
  @documented({
    summary: 'The time of the platform (TEST_CLOCK=1 only)',
    auth: 'server key',
    status: 200,
    answer: Now,
    example,
    errors: ['ROUTE_UNKNOWN'],
  })
  now(): unknown {
    return { now: new Date(this.there().nowMs()).toISOString() };
  }

  @Post('advance')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'accounts:write' }))
  @documented({
    summary: 'Moves time on; answers after all that became due has been booked',
    auth: 'server key',
    status: 200,
    answer: Now,
    example,
    errors: ['ROUTE_UNKNOWN', 'LEDGER_UNAVAILABLE'],
  })
  async advance(@Body({ schema: Advance }) body: Advance): Promise<unknown> {
    const nowMs = await advanceClock(this.there(), this.line, body.seconds);
    return { now: new Date(nowMs).toISOString() };
  }

  private there(): TestClock {
    if (this.clock === null) throw new AppError('not_found', 'ROUTE_UNKNOWN', 'there is no test clock here');
    return this.clock;
  }
}
