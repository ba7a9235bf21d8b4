import { Body, Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import type { TestClock } from '../app/test-clock.ts';
import { advanceClock } from '../app/test-clock.ts';
import { Advance } from './shapes.ts';
import { docs } from './test-clock.docs.ts';

@ApiTags('test clock')
@Controller('v1/test-clock')
export class TestClockController {
  readonly #clock: TestClock | null;
  readonly #ledgerClient: LedgerClient;

  constructor(ledgerClient: LedgerClient, @inject.testClock() clock: TestClock | null) {
    this.#ledgerClient = ledgerClient;
    this.#clock = clock;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read' }))
  @documented(docs.now)
  now(): unknown {
    return { now: new Date(this.#there().nowMs()).toISOString() };
  }

  @Post('advance')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'accounts:write' }))
  @documented(docs.advance)
  async advance(@Body({ schema: Advance }) body: Advance): Promise<unknown> {
    const nowMs = await advanceClock(this.#there(), this.#ledgerClient, body.seconds);
    return { now: new Date(nowMs).toISOString() };
  }

  #there(): TestClock {
    if (this.#clock === null)
      throw new AppError('not_found', 'ROUTE_UNKNOWN', 'this platform runs without a test clock (TEST_CLOCK=1)');
    return this.#clock;
  }
}
