import { Module } from '@nestjs/common';

import { provider } from '../foundation.ts';
import { port } from '../http-kit/port.ts';
import { PeopleAndKeysModule } from '../people-and-keys/people-and-keys.module.ts';
import { Closing } from './app/closing.ts';
import type { FinanceViews } from './app/finance-exports.ts';
import { FinanceExports } from './app/finance-exports.ts';
import { makeFinanceViews } from './postgres/finance-views.ts';
import { FinanceController } from './routes/finance.controller.ts';
import { PeriodsController } from './routes/periods.controller.ts';
import { StatementsController } from './routes/statements.controller.ts';

const financeViews = port<FinanceViews>('finance views');

/** Figures for finance: exports, statements and the closing of months. */
@Module({
  imports: [PeopleAndKeysModule],
  controllers: [StatementsController, FinanceController, PeriodsController],
  providers: [
    provider(financeViews, [], ({ financeUrl }) => makeFinanceViews(financeUrl)),
    provider(FinanceExports, [financeViews], (_, views) => new FinanceExports(views)),
    provider(
      Closing,
      [financeViews],
      ({ billing, ledgerClient, clock }, views) => new Closing({ billing, ledgerClient, views, clock }),
    ),
  ],
})
export class FinanceModule {}
