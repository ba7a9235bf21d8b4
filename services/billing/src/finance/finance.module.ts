import { Module } from '@nestjs/common';
import type { ClosingQueries, MoneyQueries } from '@tollgate/contracts';
import { provided, token } from '@tollgate/service-kit';

import { CORE } from '../core/core.ts';
import { closingQueries } from './postgres/closing-store.ts';
import { periodBooks } from './postgres/period-money.ts';

export const FINANCE = {
  queries: token<ClosingQueries & Pick<MoneyQueries, 'periodMoney'>>('finance.queries'),
} as const;

/** What a month came to, and months that were closed. */
@Module({
  providers: [
    provided(FINANCE.queries, [CORE.pool, CORE.clock], (pool, clock) => {
      const books = periodBooks(pool);
      return {
        ...closingQueries(pool, clock),
        periodMoney: ({ user_id: userId, from, to }) =>
          books({ userId, fromMs: Date.parse(from), toMs: Date.parse(to) }),
      };
    }),
  ],
  exports: Object.values(FINANCE),
})
export class FinanceModule {}
