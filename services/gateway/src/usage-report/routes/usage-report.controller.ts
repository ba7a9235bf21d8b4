import { Controller, Get, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { accountId } from '../../http-kit/account-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { seenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { guarded, pathMember, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import type { UsageReport } from '../app/usage-report.ts';
import { csvOf, usageReport } from '../app/usage-report.ts';
import { ReportQuery } from './shapes.ts';
import { docs } from './usage-report.docs.ts';

@ApiTags('accounts')
@Controller('v1/accounts')
export class UsageReportController {
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;

  constructor(@inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Get(':id/report')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: pathMember('id') }))
  @documented(docs.report)
  async report(
    @Param('id', { schema: accountId }) account: string,
    @Query({ schema: ReportQuery }) query: ReportQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const principal = principalOf(request);
    const since = await seenFrom(this.#ledger, principal, account);
    sendReport(
      reply,
      query,
      await usageReport(this.#ledger, { ...query, account, fromSeq: since?.seq, nowMs: this.#clock.nowMs() }),
    );
  }
}

/** Sends the report as JSON, or its rows as a CSV file. */
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
