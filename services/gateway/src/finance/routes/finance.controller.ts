import { Readable } from 'node:stream';

import { Controller, Get, Param, Query, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { financeViews } from '@tollgate/contracts';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';
import { Month } from '../../http-kit/month-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { UserId } from '../../http-kit/text-shape.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { Closing } from '../app/closing.ts';
import { type ExportFormat, FinanceExports } from '../app/finance-exports.ts';
import { docs } from './finance.docs.ts';

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

/** What `tollgate finance export` writes, over HTTP (docs/finance.md). */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/finance')
export class FinanceController {
  readonly #exports: FinanceExports;
  readonly #closing: Closing;

  constructor(exports: FinanceExports, closing: Closing) {
    this.#exports = exports;
    this.#closing = closing;
  }

  @Get(':view')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.export)
  async export(
    @Param('view', { schema: View }) view: string,
    @Query({ schema: ExportQuery }) { format, month, user, as_of: asOf }: ExportQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const { text, close } = await this.#exports.open(
      { view, month, user, ...(asOf === undefined ? {} : { asOf: await this.#closing.momentOf(asOf) }) },
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
