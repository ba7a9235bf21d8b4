import { financeSchemaName } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { UnknownColumn, viewRows } from '@tollgate/persistence';
import type { FinanceViews } from '../../app/finance-exports.ts';

/** `FinanceViews` on PostgreSQL, as the role that may read them and nothing else: no service's schema is read. */
export const makeFinanceViews = (url: string): FinanceViews => ({
  async *rows({ view, month, user, signal }) {
    try {
      yield* viewRows(url, { schema: financeSchemaName, view, where: { month, user_id: user }, signal });
    } catch (error) {
      if (error instanceof UnknownColumn) throw new AppError('invalid', 'REQUEST_INVALID', error.message);
      throw new AppError('unavailable', 'LEDGER_UNAVAILABLE', 'the figures cannot be read', {}, error);
    }
  },
});
