import { Controller, Get, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { calendarMonth } from '@tollgate/pricing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { Month } from '../../tier-billing/routes/reconcile-shapes.ts';
import { UserId } from '../../tier-billing/routes/shapes.ts';
import { type CustomerStatement, type LedgerLine, StatementOfMonth } from '../app/customer-statement.ts';
import { FinanceExports } from '../app/finance-exports.ts';
import { statementCsv, statementHtml } from '../app/statement-texts.ts';
import { Statement } from './statement-shapes.ts';

const StatementQuery = z.object({ format: z.enum(['json', 'csv', 'html']).default('json') });
type StatementQuery = z.output<typeof StatementQuery>;
const money = (minor: number): object => ({ amount_minor: String(minor), amount: (minor / 100).toFixed(2) });
const example = {
  user_id: 'user-uuid',
  period: '2026-11',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  plan: { name: 'default', version: 1 },
  usage: {
    used: '10000000',
    included: '8000000',
    beyond: '2000000',
    blocks: [
      {
        block: '1',
        billing_tier: '8M-16M',
        plan: 'default',
        plan_version: 1,
        currency: 'BRL',
        charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
        ...money(10_000),
      },
    ],
  },
  accounts: [
    {
      currency: 'BRL',
      opening: money(0),
      usage: money(10_000),
      fees: money(0),
      top_ups: money(0),
      credits: money(0),
      payments: money(-10_000),
      refunds: money(0),
      closing: money(0),
      lines: [
        {
          at: '2026-11-20T10:00:00.000Z',
          month: '2026-11',
          kind: 'usage',
          description: 'block 1 (8M-16M)',
          reference: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
          ...money(10_000),
        },
        {
          at: '2026-11-20T10:00:01.000Z',
          month: '2026-11',
          kind: 'payment',
          description: 'payment of block 1 (8M-16M)',
          reference: 'pi_1P1',
          ...money(-10_000),
        },
      ],
    },
  ],
};

/** Statements for people: what a customer used, was charged, paid and had back in a month. */
@ApiTags('statements')
@Controller('v1/customers')
export class StatementsController {
  private readonly ledger: LedgerQueries;
  private readonly exports: FinanceExports;

  constructor(@inject.ledger() ledger: LedgerQueries, exports: FinanceExports) {
    this.ledger = ledger;
    this.exports = exports;
  }

  @Get(':user/statements/:period')
  @UseGuards(guarded({ scope: 'billing:read', owners: true, account: 'checked' }))
  @documented({
    summary:
      "A customer's statement of a month: usage, blocks, fee, credits, payments, refunds, opening and closing balance",
    auth: 'server key or owner',
    status: 200,
    answer: Statement,
    errors: [
      [403, 'This is another user', 'NOT_OWNER'],
      [429, 'at most 4 exports are read at once', 'RATE_LIMITED'],
    ],
    description:
      'Of usage that is billed by tiers. Amounts in minor units and as decimal text, positive where the ' +
      'customer owes, negative where it takes off; closing = opening + usage + fees + credits + payments + ' +
      'refunds, ' +
      'for each currency. Blocks and fees stand in the month that they are for; credits, payments and refunds ' +
      'in the one in which they were made. format=html is a page to read or print.',
    example,
    texts: { 'text/csv': statementCsv(example as unknown as CustomerStatement), 'text/html': '<!doctype html> …' },
  })
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
    // The middle of the month is in it, whatever the time zone of the plan.
    const at = `${period}-15T12:00:00.000Z`;
    const usage = await this.ledger.usage({ account: surfaceAccount('metered', user), at });
    const month = calendarMonth(Date.parse(at), 'UTC');
    const statement = new StatementOfMonth({
      userId: user,
      period,
      fromMs: usage === null ? month.startMs : Date.parse(usage.period.start),
      toMs: usage === null ? month.endMs : Date.parse(usage.period.end),
    });
    for await (const { rows } of this.exports.rows({ view: 'receivables_ledger', user }, gone.signal))
      for (const row of rows) statement.add(row as LedgerLine);
    return statement.end(usage);
  }
}
