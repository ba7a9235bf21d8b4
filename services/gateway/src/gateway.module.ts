import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { BillingQueries, LedgerQueries, Optimizer, QuotaQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { HealthReport, Metrics } from '@tollgate/service-kit';

import { Closing } from './app/closing.ts';
import { CreditWork } from './app/credit-work.ts';
import { Credits } from './app/credits.ts';
import { CustomerLookUp } from './app/customer-look-up.ts';
import type { Erase } from './app/erasures.ts';
import { FinanceExports } from './app/finance-exports.ts';
import { GuessLimit } from './app/guess-limit.ts';
import { ImageSubmits } from './app/image-submits.ts';
import { LicenceKeys } from './app/licence-keys.ts';
import { Logins } from './app/logins.ts';
import { Operations } from './app/operations.ts';
import { RequestLine } from './app/request-line.ts';
import { ServerKeys } from './app/server-keys.ts';
import type { TestClock } from './app/test-clock.ts';
import { TokenBilling } from './app/token-billing.ts';
import { TokenCatalogCopy } from './app/token-catalog.ts';
import { TokenProcess } from './app/token-process.ts';
import { UserAccess } from './app/user-access.ts';
import { Wallets } from './app/wallets.ts';
import { CreditsAdminController } from './http/credits/admin.controller.ts';
import { CreditsController } from './http/credits/usage.controller.ts';
import { LicenceKeysAdminController } from './http/licence-keys/admin.controller.ts';
import { AuthController } from './http/licence-keys/auth.controller.ts';
import { LicenceController, LicenceUsageController } from './http/licence-keys/licence.controller.ts';
import { LicenceReportController } from './http/licence-keys/report.controller.ts';
import { UseTokenController } from './http/licence-keys/use-token.controller.ts';
import { UserController } from './http/licence-keys/user.controller.ts';
import { AccountTermsController } from './http/native/account-terms.controller.ts';
import { AccountsController } from './http/native/accounts.controller.ts';
import { ApiKeysController } from './http/native/api-keys.controller.ts';
import { CustomersController } from './http/native/customers.controller.ts';
import { DeadLettersController } from './http/native/dead-letters.controller.ts';
import { EntriesController } from './http/native/entries.controller.ts';
import { ErasuresController } from './http/native/erasures.controller.ts';
import { EventsController } from './http/native/events.controller.ts';
import { FindAccountsController } from './http/native/find-accounts.controller.ts';
import { HoldsController } from './http/native/holds.controller.ts';
import { PricePlansController } from './http/native/price-plans.controller.ts';
import { RateCardsController } from './http/native/rate-cards.controller.ts';
import { RefusalsController } from './http/native/refusals.controller.ts';
import { StatementsController } from './http/native/statements.controller.ts';
import { TestClockController } from './http/native/test-clock.controller.ts';
import { UsageReportController } from './http/native/usage-report.controller.ts';
import { WebhookEndpointsController } from './http/native/webhook-endpoints.controller.ts';
import { HealthController, MetricsController } from './http/operations/health.controller.ts';
import { QuotaController } from './http/optimize/quota.controller.ts';
import { SubmitController } from './http/optimize/submit.controller.ts';
import { TasksController } from './http/optimize/tasks.controller.ts';
import { DifferencesController } from './http/tier-billing/differences.controller.ts';
import { FeesController } from './http/tier-billing/fees.controller.ts';
import { FinanceController } from './http/tier-billing/finance.controller.ts';
import { MoneyAdminController, SubscriptionController } from './http/tier-billing/money.controller.ts';
import { PeriodsController } from './http/tier-billing/periods.controller.ts';
import { ReconcileController } from './http/tier-billing/reconcile.controller.ts';
import { RefundsController } from './http/tier-billing/refunds.controller.ts';
import { TierBillingController } from './http/tier-billing/usage.controller.ts';
import { WebhooksController } from './http/tier-billing/webhooks.controller.ts';
import { tokenProcessControllers } from './http/token-process/controllers.ts';
import { tokens } from './http/tokens.ts';

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
