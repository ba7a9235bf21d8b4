import type { ServiceSchema } from '@tollgate/persistence';

import { allowErasing } from './migrations/allow-erasing.sql.ts';
import { createConsumptionQueue } from './migrations/create-consumption-queue.sql.ts';
import { createLicenseQuotas } from './migrations/create-license-quotas.sql.ts';
import { createOperations } from './migrations/create-operations.sql.ts';
import { createOptimizeSubmits } from './migrations/create-optimize-submits.sql.ts';
import { createPlanFunctions } from './migrations/create-plan-functions.sql.ts';
import { createTierBillingViews } from './migrations/create-tier-billing-views.sql.ts';
import { createTokenUsage } from './migrations/create-token-usage.sql.ts';
import { createUsers } from './migrations/create-users.sql.ts';
import { createViewPolicies } from './migrations/create-view-policies.sql.ts';
import { guardConsumptionQueue } from './migrations/guard-consumption-queue.sql.ts';
import { renewCredentials } from './migrations/renew-credentials.sql.ts';
import { throttleByAddress } from './migrations/throttle-by-address.sql.ts';

/** The gateway's own tables. */
export const gatewaySchema: ServiceSchema = {
  schema: 'gateway',
  role: 'tollgate_gateway',
  migrations: [
    createUsers,
    createOperations,
    createConsumptionQueue,
    createOptimizeSubmits,
    renewCredentials,
    throttleByAddress,
    guardConsumptionQueue,
    allowErasing,
  ],
};

/**
 * Views in `public` under the names of the documents. Migrated after every service's schema, because they read several;
 * the schema `views` keeps only the list of what ran.
 */
export const publicViews: ServiceSchema = {
  schema: 'views',
  role: 'tollgate_reader',
  otherRoles: ['tollgate_producer'],
  migrations: [createTokenUsage, createViewPolicies, createPlanFunctions, createTierBillingViews, createLicenseQuotas],
};
