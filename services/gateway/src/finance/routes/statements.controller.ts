import { Controller, Get, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { calendarMonth } from '@tollgate/pricing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Month } from '../../http-kit/month-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { UserId } from '../../http-kit/text-shape.ts';
import { inject } from '../../http-kit/tokens.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { type CustomerStatement, type LedgerLine, StatementOfMonth } from '../app/customer-statement.ts';
import { FinanceExports } from '../app/finance-exports.ts';
import { statementCsv, statementHtml } from '../app/statement-texts.ts';
import { docs } from './statements.docs.ts';

const StatementQuery = z.object({ format: z.enum(['json', 'csv', 'html']).default('json') });
type StatementQuery = z.output<typeof StatementQuery>;

/** Monthly statements for customers: usage, charges, payments and refunds. */
@ApiTags('statements')
@Controller('v1/customers')
export class StatementsController {
  readonly #ledger: LedgerQueries;
  readonly #exports: FinanceExports;

  constructor(@inject.ledger() ledger: LedgerQueries, exports: FinanceExports) {
    this.#ledger = ledger;
    this.#exports = exports;
  }

  @Get(':user/statements/:period')
  @UseGuards(guarded({ scope: 'billing:read', owners: true, account: 'checked' }))
  @documented(docs.statement)
  async statement(
    @Param('user', { schema: UserId }) user: string,
    @Param('period', { schema: Month }) period: string,
    @Query({ schema: StatementQuery }) { format }: StatementQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const principal = principalOf(request);
    refuseOtherFamily(principal, surfaceAccount('metered', user));
    if (!mayDo(principal, 'billing:read') && !(principal.type === 'user' && principal.userId === user))
      throw new AppError('refused', 'NOT_OWNER', 'This is another user');
    const statement = await this.#read(user, period, reply);
    if (format === 'json') return void reply.code(200).send(statement);
    if (format === 'csv') {
      return void reply
        .code(200)
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="statement-${period}.csv"`)
        .send(statementCsv(statement));
    }
    void reply
      .code(200)
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .header('x-content-type-options', 'nosniff')
      .send(statementHtml(statement));
  }

  async #read(user: string, period: string, reply: FastifyReply): Promise<CustomerStatement> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    // A moment that lies in the month in every time zone.
    const at = `${period}-15T12:00:00.000Z`;
    const usage = await this.#ledger.usage({ account: surfaceAccount('metered', user), at });
    const month = calendarMonth(Date.parse(at), 'UTC');
    const statement = new StatementOfMonth({
      userId: user,
      period,
      fromMs: usage === null ? month.startMs : Date.parse(usage.period.start),
      toMs: usage === null ? month.endMs : Date.parse(usage.period.end),
    });
    for await (const { rows } of this.#exports.rows({ view: 'receivables_ledger', user }, gone.signal))
      for (const row of rows) statement.add(row as LedgerLine);
    return statement.end(usage);
  }
}
