import { financeAsOf, financeOrder, financeSchemaName, type FinanceView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { isDatabaseOutage, UnknownColumn, viewRows } from '@tollgate/persistence';
import pg from 'pg';

import type { FinanceViews } from '../app/finance-exports.ts';

/** PostgreSQL's codes for a missing view or schema. */
const missing: ReadonlySet<string> = new Set(['42P01', '3F000']);

/** `FinanceViews` on PostgreSQL, with a role that may read nothing but these views. */
export const makeFinanceViews = (url: string): FinanceViews => ({
  async *rows({ view, month, user, asOf, signal }) {
    try {
      yield* viewRows(url, {
        schema: financeSchemaName,
        view,
        where: { month, user_id: user },
        order: financeOrder[view as FinanceView],
        settings: { [financeAsOf]: asOf },
        signal,
      });
    } catch (error) {
      if (error instanceof UnknownColumn) throw new AppError('invalid', 'REQUEST_INVALID', error.message);
      if (error instanceof pg.DatabaseError && missing.has(error.code ?? '')) {
        throw new AppError(
          'unavailable',
          'DATABASE_NOT_MIGRATED',
          `the view ${view} is not in the database: run \`tollgate migrate\``,
          {},
          error,
        );
      }
      if (!isDatabaseOutage(error)) throw error;
      throw new AppError(
        'unavailable',
        'GATEWAY_DATABASE_UNAVAILABLE',
        'the view cannot be read: the database does not answer',
        {},
        error,
      );
    }
  },
});
