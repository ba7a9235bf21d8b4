import { Readable } from 'node:stream';

import { Controller, Get, Param, Query, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { financeViews } from '@tollgate/contracts';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { Month } from '../../tier-billing/routes/reconcile-shapes.ts';
import { UserId } from '../../tier-billing/routes/shapes.ts';
import { Closing } from '../app/closing.ts';
import { type ExportFormat, FinanceExports } from '../app/finance-exports.ts';

const View = z.enum(financeViews, `must be one of ${financeViews.join(', ')}`);
const ExportQuery = z.object({
  format: z.enum(['csv', 'json', 'jsonl']).default('json'),
  month: Month.optional(),
  user: UserId.optional(),
  as_of: z.union([Month, instant]).optional(),
});
type ExportQuery = z.output<typeof ExportQuery>;

const types: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
  jsonl: 'application/x-ndjson; charset=utf-8',
};
const FinanceRows = z
  .object({
    success: z.literal(true),
    data: z.object({ view: z.string(), items: z.array(z.record(z.string(), z.unknown())) }),
  })
  .meta({ id: 'FinanceRows' });

/** What `tollgate finance export` writes, over HTTP (docs/finance.md). */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/finance')
export class FinanceController {
  private readonly exports: FinanceExports;
  private readonly closing: Closing;

  constructor(exports: FinanceExports, closing: Closing) {
    this.exports = exports;
    this.closing = closing;
  }

  @Get(':view')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented({
    summary: 'A view of finance, whole: every row of one moment of the books',
    auth: 'server key',
    status: 200,
    surface: 'tier billing',
    answer: FinanceRows,
    errors: [[429, 'at most 4 exports are read at once', 'RATE_LIMITED']],
    description:
      `as_of: the figures as they were at a time, or as a closed month was kept (2026-10). view: ${financeViews.join(', ')}. format=csv answers text/csv, jsonl one object a line, json (the default) one document. Of any size: rows are read and sent a page at a time, ` +
      'as fast as they are taken; when the client goes away, the query ends. An answer that breaks off in the ' +
      'middle is cut, never ended as if it were whole.',
    texts: {
      'text/csv': 'month,currency,kind,count,amount_minor,amount\n2026-10,BRL,usage,3,30000,300.00\n',
      'application/x-ndjson':
        '{"month":"2026-10","currency":"BRL","kind":"usage","count":"3","amount_minor":"30000","amount":"300.00"}\n',
    },
    example: {
      success: true,
      data: {
        view: 'revenue',
        items: [
          { month: '2026-10', currency: 'BRL', kind: 'usage', count: '3', amount_minor: '30000', amount: '300.00' },
        ],
      },
    },
  })
  async export(
    @Param('view', { schema: View }) view: string,
    @Query({ schema: ExportQuery }) { format, month, user, as_of: asOf }: ExportQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const { text, close } = await this.exports.open(
      { view, month, user, ...(asOf === undefined ? {} : { asOf: await this.closing.momentOf(asOf) }) },
      format,
      gone.signal,
    );
    const body = Readable.from(text, { objectMode: false, highWaterMark: 64 * 1024 });
    const ended = new Promise((resolve) => body.once('close', resolve));
    if (format === 'csv')
      void reply.header(
        'content-disposition',
        `attachment; filename="${view}${month === undefined ? '' : `-${month}`}.csv"`,
      );
    void reply.type(types[format]).send(body);
    await ended;
    gone.abort();
    await close();
  }
}
