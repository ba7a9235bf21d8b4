import type { ServiceSchema } from '@tollgate/persistence';

import { createBooks } from './0001-create-books.sql.ts';
import { forbidChanges } from './0002-forbid-changes.sql.ts';
import { allowAnalyze } from './0003-allow-analyze.sql.ts';
import { moveLog } from './0004-move-log.sql.ts';
import { addUsedBefore } from './0005-add-used-before.sql.ts';
import { addChargeId } from './0006-add-charge-id.sql.ts';
import { addPlanVersion } from './0007-add-plan-version.sql.ts';
import { addBlockChanges } from './0008-add-block-changes.sql.ts';
import { addPurchasedLots } from './0009-add-purchased-lots.sql.ts';
import { addLimitCounts } from './0010-add-limit-counts.sql.ts';
import { keepAnsweredRefusals } from './0011-keep-answered-refusals.sql.ts';
import { findAccounts } from './0012-find-accounts.sql.ts';
import { findTopUps } from './0013-find-top-ups.sql.ts';

/**
 * What `migrate` creates for the ledger. The role gets select and insert; nothing it may not change is granted to it.
 */
export const ledgerSchema: ServiceSchema = {
  schema: 'ledger',
  role: 'tollgate_ledger',
  migrations: [
    { name: '20261121000100-create-books', sql: createBooks },
    { name: '20261121000200-forbid-changes', sql: forbidChanges },
    { name: '20261121000300-allow-analyze', sql: allowAnalyze },
    { name: '20261121000400-move-log', sql: moveLog },
    { name: '20261121000500-add-used-before', sql: addUsedBefore },
    { name: '20261121000600-add-charge-id', sql: addChargeId },
    { name: '20261121000700-add-plan-version', sql: addPlanVersion },
    { name: '20261121000800-add-block-changes', sql: addBlockChanges },
    { name: '20261121000900-add-purchased-lots', sql: addPurchasedLots },
    { name: '20261121001000-add-limit-counts', sql: addLimitCounts },
    { name: '20261121001100-keep-answered-refusals', sql: keepAnsweredRefusals },
    { name: '20261121001200-find-accounts', sql: findAccounts },
    { name: '20261121001300-find-top-ups', sql: findTopUps },
  ],
};
