import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { BillingQueries, LedgerQueries, Optimizer, QuotaQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { HealthReport, Metrics } from '@tollgate/service-kit';

import { CreditWork } from './credits/app/credit-work.ts';
import { Credits } from './credits/app/credits.ts';
import { Operations } from './credits/app/operations.ts';
import { CreditsAdminController } from './credits/routes/admin.controller.ts';
import { CreditsController } from './credits/routes/usage.controller.ts';
import { Closing } from './finance/app/closing.ts';
import { FinanceExports } from './finance/app/finance-exports.ts';
import { FinanceController } from './finance/routes/finance.controller.ts';
import { PeriodsController } from './finance/routes/periods.controller.ts';
import { StatementsController } from './finance/routes/statements.controller.ts';
import { tokens } from './http-kit/tokens.ts';
import { RequestLine } from './ledger-client/app/ledger-client.ts';
import { GuessLimit } from './licence-keys/app/guess-limit.ts';
import { LicenceKeys } from './licence-keys/app/licence-keys.ts';
import { LicenceKeysAdminController } from './licence-keys/routes/admin.controller.ts';
import { LicenceController, LicenceUsageController } from './licence-keys/routes/licence.controller.ts';
import { LicenceReportController } from './licence-keys/routes/report.controller.ts';
import { UseTokenController } from './licence-keys/routes/use-token.controller.ts';
import { UserController } from './licence-keys/routes/user.controller.ts';
import { CustomerLookUp } from './native/app/customer-look-up.ts';
import type { Erase } from './native/app/erasures.ts';
import type { TestClock } from './native/app/test-clock.ts';
import { AccountTermsController } from './native/routes/account-terms.controller.ts';
import { AccountsController } from './native/routes/accounts.controller.ts';
import { CustomersController } from './native/routes/customers.controller.ts';
import { DeadLettersController } from './native/routes/dead-letters.controller.ts';
import { EntriesController } from './native/routes/entries.controller.ts';
import { ErasuresController } from './native/routes/erasures.controller.ts';
import { EventsController } from './native/routes/events.controller.ts';
import { FindAccountsController } from './native/routes/find-accounts.controller.ts';
import { HoldsController } from './native/routes/holds.controller.ts';
import { PricePlansController } from './native/routes/price-plans.controller.ts';
import { RateCardsController } from './native/routes/rate-cards.controller.ts';
import { RefusalsController } from './native/routes/refusals.controller.ts';
import { TestClockController } from './native/routes/test-clock.controller.ts';
import { TopUpsController } from './native/routes/top-ups.controller.ts';
import { WebhookEndpointsController } from './native/routes/webhook-endpoints.controller.ts';
import { HealthController, MetricsController } from './operations/routes/health.controller.ts';
import { ImageSubmits } from './optimize/app/image-submits.ts';
import { QuotaController } from './optimize/routes/quota.controller.ts';
import { SubmitController } from './optimize/routes/submit.controller.ts';
import { TasksController } from './optimize/routes/tasks.controller.ts';
import { Logins } from './people-and-keys/app/logins.ts';
import { ServerKeys } from './people-and-keys/app/server-keys.ts';
import { UserAccess } from './people-and-keys/app/user-access.ts';
import { ApiKeysController } from './people-and-keys/routes/api-keys.controller.ts';
import { AuthController } from './people-and-keys/routes/auth.controller.ts';
import { TokenBilling } from './tier-billing/app/token-billing.ts';
import { DifferencesController } from './tier-billing/routes/differences.controller.ts';
import { FeesController } from './tier-billing/routes/fees.controller.ts';
import { MoneyAdminController, SubscriptionController } from './tier-billing/routes/money.controller.ts';
import { ReconcileController } from './tier-billing/routes/reconcile.controller.ts';
import { RefundsController } from './tier-billing/routes/refunds.controller.ts';
import { TierBillingController } from './tier-billing/routes/usage.controller.ts';
import { WebhooksController } from './tier-billing/routes/webhooks.controller.ts';
import { TokenCatalogCopy } from './token-process/app/token-catalog.ts';
import { TokenProcess } from './token-process/app/token-process.ts';
import { Wallets } from './token-process/app/wallets.ts';
import { tokenProcessControllers } from './token-process/routes/controllers.ts';
import { UsageReportController } from './usage-report/routes/usage-report.controller.ts';

/** What the controllers are given, joined in start.ts. */
export type GatewayParts = {
  readonly line: RequestLine;
  readonly serverKeys: ServerKeys;
  readonly userAccess: UserAccess;
  readonly logins: Logins;
  readonly licenceKeys: LicenceKeys;
  readonly guesses: GuessLimit;
  readonly operations: Operations;
  readonly credits: Credits;
  readonly creditWork: CreditWork;
  readonly tokenCatalog: TokenCatalogCopy;
  readonly tokenProcess: TokenProcess;
  readonly wallets: Wallets;
  readonly tokenBilling: TokenBilling;
  readonly ledger: LedgerQueries;
  readonly billing: BillingQueries;
  readonly customers: CustomerLookUp;
  readonly erase: Erase;
  readonly finance: FinanceExports;
  readonly closing: Closing;
  readonly submits: ImageSubmits;
  readonly quota: QuotaQueries;
  readonly optimizer: Optimizer;
  readonly optimizeAdminToken: string;
  readonly clock: Clock;
  readonly testClock: TestClock | null;
  readonly readiness: () => Promise<HealthReport>;
  readonly publicDetails: boolean;
  readonly metrics: Metrics;
};

@Module({})
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [
        EventsController,
        FindAccountsController,
        CustomersController,
        AccountsController,
        AccountTermsController,
        StatementsController,
        RefusalsController,
        TopUpsController,
        HoldsController,
        EntriesController,
        ApiKeysController,
        ErasuresController,
        TestClockController,
        WebhookEndpointsController,
        DeadLettersController,
        PricePlansController,
        RateCardsController,
        AuthController,
        UserController,
        UseTokenController,
        UsageReportController,
        LicenceReportController,
        LicenceController,
        LicenceUsageController,
        LicenceKeysAdminController,
        HealthController,
        ...(parts.publicDetails ? [MetricsController] : []),
        CreditsController,
        CreditsAdminController,
        TierBillingController,
        SubscriptionController,
        MoneyAdminController,
        ReconcileController,
        RefundsController,
        FeesController,
        FinanceController,
        PeriodsController,
        DifferencesController,
        WebhooksController,
        ...tokenProcessControllers,
        SubmitController,
        QuotaController,
        TasksController,
      ],
      providers: [
        { provide: RequestLine, useValue: parts.line },
        { provide: ServerKeys, useValue: parts.serverKeys },
        { provide: UserAccess, useValue: parts.userAccess },
        { provide: Logins, useValue: parts.logins },
        { provide: LicenceKeys, useValue: parts.licenceKeys },
        { provide: GuessLimit, useValue: parts.guesses },
        { provide: Operations, useValue: parts.operations },
        { provide: Credits, useValue: parts.credits },
        { provide: CreditWork, useValue: parts.creditWork },
        { provide: TokenCatalogCopy, useValue: parts.tokenCatalog },
        { provide: TokenProcess, useValue: parts.tokenProcess },
        { provide: Wallets, useValue: parts.wallets },
        { provide: CustomerLookUp, useValue: parts.customers },
        { provide: FinanceExports, useValue: parts.finance },
        { provide: Closing, useValue: parts.closing },
        { provide: TokenBilling, useValue: parts.tokenBilling },
        { provide: tokens.ledger, useValue: parts.ledger },
        { provide: tokens.billing, useValue: parts.billing },
        { provide: ImageSubmits, useValue: parts.submits },
        { provide: tokens.quota, useValue: parts.quota },
        { provide: tokens.optimizer, useValue: parts.optimizer },
        { provide: tokens.optimizeAdminToken, useValue: parts.optimizeAdminToken },
        { provide: tokens.erase, useValue: parts.erase },
        { provide: tokens.clock, useValue: parts.clock },
        { provide: tokens.testClock, useValue: parts.testClock },
        { provide: tokens.readiness, useValue: parts.readiness },
        { provide: tokens.publicDetails, useValue: parts.publicDetails },
        { provide: tokens.metrics, useValue: parts.metrics },
      ],
    };
  }
}
