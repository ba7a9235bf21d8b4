import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, DifferenceView, ReconciliationView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { Reconciled } from './reconcile-answers.ts';
import { DifferencesPage, Reconcile, RunId } from './reconcile-shapes.ts';

const surface = 'tier billing';
const admin = { scope: 'admin' } as const;
/** How long the first answer waits for the end: a small month is compared by then. */
const waitMs = 3_000;

const differenceExample: DifferenceView = {
  number: '1',
  kind: 'not_in_books',
  reference: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  payment_intent: 'pi_3P1',
  account: 'metered:user-uuid',
  reason: 'Stripe was paid 100.00 BRL by pi_3P1, and the books have the charge as failed',
  fix: "take Stripe's state of the payment into the books, as its webhook would have",
  proposal: null,
  outcome: null,
  acknowledged: null,
};
const runExample: ReconciliationView = {
  id: '0d6a4a3e-98a3-4a52-8d5e-6a6b0f2f4c11',
  period: '2026-10',
  from: '2026-10-01T00:00:00.000Z',
  to: '2026-11-01T00:00:00.000Z',
  fix: false,
  state: 'done',
  step: 'end',
  done: 1_204,
  expected: 1_200,
  trouble: null,
  differences: 1,
  fixed: 0,
  acknowledged: 0,
  remaining: 1,
  under_way: 0,
  started_at: '2026-11-21T12:00:00.000Z',
  finished_at: '2026-11-21T12:00:09.000Z',
};
const example = { success: true, data: { ...runExample, items: [differenceExample], next: null } };

/** Stripe compared with the books, a month at a time; the work is billing's. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/reconcile')
export class ReconcileController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Post()
  @HttpCode(200)
  @UseGuards(guarded(admin))
  @documented({
    summary: 'Compares Stripe with the books of a month; fix mends what moves no money',
    auth: 'admin',
    status: 200,
    surface,
    answer: Reconciled,
    example,
    description:
      'Waits at most 3 s for the end; after that state is running, and GET shows how far it is. A comparison of ' +
      'the month that is under way goes on and is answered; ' +
      'fresh begins anew. Default period: the current month.',
  })
  async start(@Body({ schema: Reconcile }) body: Reconcile): Promise<unknown> {
    const { period, fix, fresh } = body ?? {};
    const run = await this.billing.startReconciliation({
      wait_ms: waitMs,
      ...(period == null ? {} : { period }),
      ...(fix == null ? {} : { fix }),
      ...(fresh == null ? {} : { fresh }),
    });
    return this.shown(run.id, { limit: 100 });
  }

  @Get(':id')
  @UseGuards(guarded(admin))
  @documented({
    summary: 'How far a comparison is, and a page of what it found',
    auth: 'admin',
    status: 200,
    surface,
    answer: Reconciled,
    example,
    errors: [[404, 'Reconciliation not found', 'RESOURCE_UNKNOWN']],
  })
  read(
    @Param('id', { schema: RunId }) id: string,
    @Query({ schema: DifferencesPage }) page: DifferencesPage,
  ): Promise<unknown> {
    return this.shown(id, page);
  }

  private async shown(id: string, { after, limit }: DifferencesPage): Promise<unknown> {
    const found = await this.billing.reconciliation({ id, limit, ...(after === undefined ? {} : { after }) });
    if (found === null) throw new AppError('not_found', 'RESOURCE_UNKNOWN', 'Reconciliation not found');
    return { success: true, data: { ...found.run, items: found.differences, next: found.next } };
  }
}
