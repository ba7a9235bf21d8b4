import type { ServiceSchema } from '@tollgate/persistence';

import { createCatalog } from './migrations/create-catalog.sql.ts';
import { createCharges } from './migrations/create-charges.sql.ts';
import { createClosings } from './migrations/create-closings.sql.ts';
import { createCustomers } from './migrations/create-customers.sql.ts';
import { createReconciliations } from './migrations/create-reconciliations.sql.ts';
import { createRefunds } from './migrations/create-refunds.sql.ts';
import { createStripeInbox } from './migrations/create-stripe-inbox.sql.ts';
import { createSubscriptions } from './migrations/create-subscriptions.sql.ts';
import { createTokenCatalog } from './migrations/create-token-catalog.sql.ts';
import { createTopUps } from './migrations/create-topups.sql.ts';
import { createWebhooks } from './migrations/create-webhooks.sql.ts';

/**
 * Billing's schema, a migration a capability. The service may read and add, and change what is a row that changes;
 * nothing of the catalog is ever removed: resources are marked.
 */
export const billingSchema: ServiceSchema = {
  schema: 'billing',
  role: 'tollgate_billing',
  migrations: [
    createCatalog,
    createTokenCatalog,
    createCustomers,
    createCharges,
    createStripeInbox,
    createSubscriptions,
    createRefunds,
    createWebhooks,
    createReconciliations,
    createClosings,
    createTopUps,
  ],
};
