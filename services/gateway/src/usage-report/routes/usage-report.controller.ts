import { Controller, Get, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { Report } from '../../native/routes/answer-shapes.ts';
import { reportCsv, reportExample } from '../../native/routes/examples.ts';
import { accountId, ReportQuery } from '../../native/routes/shapes.ts';
import { seenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { guarded, pathMember, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import type { UsageReport } from '../app/usage-report.ts';
import { csvOf, usageReport } from '../app/usage-report.ts';

@ApiTags('accounts')
@Controller('v1/accounts')
export class UsageReportController {
  private readonly ledger: LedgerQueries;
  private readonly clock: Clock;

  constructor(@inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.ledger = ledger;
    this.clock = clock;
  }

  @Get(':id/report')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: pathMember('id') }))
  @documented({
    summary: 'What an account used in a period, by day of a zone, kind and model; default: the last 30 days in UTC',
    auth: 'server key or owner',
    status: 200,
    description:
      'By the time of use; with `by=booked` by the time at which it was booked. At most 366 days. `counts` has ' +
      'every other quantity that was counted. ' +
      'With `format=csv` the rows as CSV, a column a quantity.',
    answer: Report,
    example: reportExample,
    texts: reportCsv,
    errors: ['ACCOUNT_UNKNOWN'],
  })
  async report(
    @Param('id', { schema: accountId }) account: string,
    @Query({ schema: ReportQuery }) query: ReportQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const principal = principalOf(request);
    const since = await seenFrom(this.ledger, principal, account);
    sendReport(
      reply,
      query,
      await usageReport(this.ledger, { ...query, account, fromSeq: since?.seq, nowMs: this.clock.nowMs() }),
    );
  }
}

/** As JSON, or its rows as CSV to be kept as a file. */
export function sendReport(
  reply: FastifyReply,
  { format }: ReportQuery,
  report: UsageReport | { readonly data: UsageReport },
): void {
  if (format !== 'csv') return void reply.code(200).send(report);
  void reply
    .code(200)
    .type('text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="usage.csv"')
    .send(csvOf('data' in report ? report.data : report));
}
