import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { docs } from './reconcile.docs.ts';
import { DifferencesPage, Reconcile, RunId } from './reconcile-shapes.ts';
const admin = { scope: 'admin' } as const;
/** How long the first answer waits for the result. A small month is compared within this time. */
const waitMs = 3_000;

/** Compares Stripe with the books month by month. Billing does the work. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/reconcile')
export class ReconcileController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Post()
  @HttpCode(200)
  @UseGuards(guarded(admin))
  @documented(docs.start)
  async start(@Body({ schema: Reconcile }) body: Reconcile): Promise<unknown> {
    const { period, fix, fresh } = body ?? {};
    const run = await this.#billing.startReconciliation({
      wait_ms: waitMs,
      ...(period == null ? {} : { period }),
      ...(fix == null ? {} : { fix }),
      ...(fresh == null ? {} : { fresh }),
    });
    return this.#shown(run.id, { limit: 100 });
  }

  @Get(':id')
  @UseGuards(guarded(admin))
  @documented(docs.read)
  read(
    @Param('id', { schema: RunId }) id: string,
    @Query({ schema: DifferencesPage }) page: DifferencesPage,
  ): Promise<unknown> {
    return this.#shown(id, page);
  }

  async #shown(id: string, { after, limit }: DifferencesPage): Promise<unknown> {
    const found = await this.#billing.reconciliation({ id, limit, ...(after === undefined ? {} : { after }) });
    if (found === null) throw new AppError('not_found', 'RESOURCE_UNKNOWN', 'Reconciliation not found');
    return { success: true, data: { ...found.run, items: found.differences, next: found.next } };
  }
}
