import { financeRole, financeSchemaName } from '@tollgate/contracts';
import type { ServiceSchema } from '@tollgate/persistence';

import { addUsageView } from './migrations/add-usage-view.sql.ts';
import { billWhatHasAPlan } from './migrations/bill-what-has-a-plan.sql.ts';
import { closeMonths } from './migrations/close-months.sql.ts';
import { countAriaryWhole } from './migrations/count-ariary-whole.sql.ts';
import { createFinanceViews } from './migrations/create-finance-views.sql.ts';
import { keepReceivablesLedger } from './migrations/keep-receivables-ledger.sql.ts';
import { nameCorrections } from './migrations/name-corrections.sql.ts';
import { orderComparisons } from './migrations/order-comparisons.sql.ts';
import { sayTheMonth } from './migrations/say-the-month.sql.ts';
import { showAcknowledged } from './migrations/show-acknowledged.sql.ts';
import { showApplied } from './migrations/show-applied.sql.ts';
import { showCash } from './migrations/show-cash.sql.ts';
import { showRefunds } from './migrations/show-refunds.sql.ts';
import { showTopUps } from './migrations/show-topups.sql.ts';
import { usageAsOf } from './migrations/usage-as-of.sql.ts';

/**
 * What finance reads: views over the books and the charges, owned by the migration role, so that no service reads
 * another's schema at run time. Migrated after ledger and billing. `finance` and `tollgate_finance` may read them and
 * nothing else here.
 */
export const financeSchema: ServiceSchema = {
  schema: financeSchemaName,
  role: financeRole,
  migrations: [
    createFinanceViews,
    showRefunds,
    addUsageView,
    countAriaryWhole,
    billWhatHasAPlan,
    sayTheMonth,
    showCash,
    usageAsOf,
    nameCorrections,
    closeMonths,
    keepReceivablesLedger,
    showApplied,
    showAcknowledged,
    orderComparisons,
    showTopUps,
  ],
};
