import {
  billingContract,
  type BillingQueries,
  billingQueryPattern,
  ledgerContract,
  type LedgerQueries,
  ledgerQueryPattern,
  quotaContract,
  type QuotaQueries,
  quotaQueryPattern,
} from '@tollgate/contracts';
import type { QueryClient, Shutdown } from '@tollgate/service-kit';
import { createQueryClient } from '@tollgate/service-kit';

import type { readConfig } from './config.ts';

/** Publishing waits for every partition, so the query must take longer. */
const publishTimeoutMs = 15_000;
const stripeTimeoutMs = 60_000;
/** The provider has 10 s, and a refresh may wait for an earlier one. */
const quotaTimeoutMs = 22_000;

type Clients = {
  readonly ledger: QueryClient<LedgerQueries>;
  readonly billing: QueryClient<BillingQueries>;
  readonly quota: QueryClient<QuotaQueries>;
};

/** Clients of the other services' queries. `shutdown` closes them. */
export function openServiceClients(config: ReturnType<typeof readConfig>, shutdown: Shutdown): Clients {
  const ledger = createQueryClient<LedgerQueries>({
    addresses: config.LEDGER_ADDRESS,
    secret: config.SERVICE_SECRET,
    contract: ledgerContract,
    pattern: ledgerQueryPattern,
    unavailable: 'LEDGER_UNAVAILABLE',
    // A page of details is erased and its seals are recomputed.
    timeoutsMs: { eraseDetails: 60_000 },
  });
  shutdown.onStop('the connection to the ledger', () => ledger.close());
  const billing = createQueryClient<BillingQueries>({
    addresses: config.BILLING_ADDRESS,
    secret: config.SERVICE_SECRET,
    contract: billingContract,
    pattern: billingQueryPattern,
    unavailable: 'BILLING_UNAVAILABLE',
    timeoutsMs: {
      publishCatalog: publishTimeoutMs,
      createResource: publishTimeoutMs,
      changeResource: publishTimeoutMs,
      removeResource: publishTimeoutMs,
      // Longer than their own waits: for the outcome of a charge, or for several calls of Stripe.
      chargeStatuses: 4_000,
      retryCharge: 5_000,
      startReconciliation: 8_000,
      putCustomer: stripeTimeoutMs,
      createSubscription: stripeTimeoutMs,
      stripeWebhook: stripeTimeoutMs,
    },
  });
  shutdown.onStop('the connection to billing', () => billing.close());

  const quota = createQueryClient<QuotaQueries>({
    addresses: config.QUOTA_ADDRESS,
    secret: config.SERVICE_SECRET,
    contract: quotaContract,
    pattern: quotaQueryPattern,
    unavailable: 'QUOTA_SERVICE_UNAVAILABLE',
    timeoutsMs: { check: quotaTimeoutMs },
  });
  shutdown.onStop('the connection to quota', () => quota.close());
  return { ledger, billing, quota };
}
