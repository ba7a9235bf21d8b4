import { Controller, Get, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { addressOf } from '../../http-kit/address.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { Report } from '../../native/routes/answer-shapes.ts';
import { reportCsv, reportExample } from '../../native/routes/examples.ts';
import { ReportQuery } from '../../native/routes/shapes.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { usageReport } from '../../usage-report/app/usage-report.ts';
import { sendReport } from '../../usage-report/routes/usage-report.controller.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { keyText, tooManyUnknown } from './shapes.ts';

@ApiTags('licence keys')
@Controller('api/user/license-keys')
export class LicenceReportController {
  private readonly keys: LicenceKeys;
  private readonly ledger: LedgerQueries;
  private readonly clock: Clock;
  private readonly guesses: GuessLimit;

  constructor(
    keys: LicenceKeys,
    guesses: GuessLimit,
    @inject.ledger() ledger: LedgerQueries,
    @inject.clock() clock: Clock,
  ) {
    this.keys = keys;
    this.guesses = guesses;
    this.ledger = ledger;
    this.clock = clock;
  }

  @Get(':licenseKey/report')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'What was used of the key in a period, by day and kind; for its owner',
    auth: 'user',
    status: 200,
    surface: 'licence keys',
    answer: z.object({ success: z.boolean(), data: Report }),
    description:
      'By the time of use in `zone` (default UTC), or `by=booked`. Default: the last 30 days; at most 366. With ' +
      '`format=csv` the rows as CSV.',
    example: { success: true, data: reportExample },
    texts: reportCsv,
    errors: [
      [404, 'License key not found'],
      [403, 'You do not have permission to use this license key'],
      tooManyUnknown,
    ],
  })
  async report(
    @Param('licenseKey', { schema: keyText }) key: string,
    @Query({ schema: ReportQuery }) query: ReportQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { userId } = userOf(request);
    const { licence, since } = await this.guesses.answerUser({ address: addressOf(request), userId }, () =>
      this.keys.ofOwner(key, userId),
    );
    const data = await usageReport(this.ledger, {
      ...query,
      account: licence.account,
      fromSeq: since.seq,
      nowMs: this.clock.nowMs(),
    });
    sendReport(reply, query, { success: true, data } as { readonly data: typeof data });
  }
}
