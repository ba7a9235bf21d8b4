import { financeRole, financeSchemaName } from '@tollgate/contracts';
import type { ServiceSchema } from '@tollgate/persistence';

import { financeCash } from './migrations/finance-cash.sql.ts';
import { financeCharges } from './migrations/finance-charges.sql.ts';
import { financeChecks } from './migrations/finance-checks.sql.ts';
import { financeCredits } from './migrations/finance-credits.sql.ts';
import { financeFees } from './migrations/finance-fees.sql.ts';
import { financeMonths } from './migrations/finance-months.sql.ts';
import { financeReceivables } from './migrations/finance-receivables.sql.ts';
import { financeRevenue } from './migrations/finance-revenue.sql.ts';
import { financeTopUps } from './migrations/finance-top-ups.sql.ts';
import { financeUsage } from './migrations/finance-usage.sql.ts';

/**
 * What finance reads: views over the books and the charges, owned by the migration role, so that no service reads
 * another's schema at run time. Migrated after ledger and billing. `finance` and `tollgate_finance` may read them and
 * nothing else here. docs/finance.md says the formula of each figure.
 */
export const financeSchema: ServiceSchema = {
  schema: financeSchemaName,
  role: financeRole,
  migrations: [
    financeMonths,
    financeCharges,
    financeFees,
    financeCredits,
    financeUsage,
    financeRevenue,
    financeTopUps,
    financeCash,
    financeReceivables,
    financeChecks,
  ],
};
