export type { BillingQueries, CatalogVersionView } from './billing-queries.ts';
export { billingQueryNames, billingQueryPattern } from './billing-queries.ts';
export { chargeIdOf } from './charge-id.ts';
export type { ClosingQueries, ClosingView } from './closing-queries.ts';
export { closingQueryNames } from './closing-queries.ts';
export type { ErasedDetails, EraseDetails } from './erasure.ts';
export type { FinanceView } from './finance.ts';
export { financeAsOf, financeOrder, financeRole, financeSchemaName, financeViews } from './finance.ts';
export type { AccountFound, AccountsFound, FindAccounts } from './find-accounts.ts';
export type {
  AccountState,
  AccountView,
  Answer,
  AnswerBatch,
  AnswerProblem,
  CrossingView,
  EntryView,
  HoldStatus,
  HoldView,
  LimitRefusal,
  LimitView,
  LotView,
  RateView,
} from './ledger-answers.ts';
export { answersPattern } from './ledger-answers.ts';
export type {
  BookedEntry,
  CatalogBooked,
  CrossingEntered,
  DeadLetterView,
  Explanation,
  ExplanationStep,
  KnownEvent,
  LedgerQueries,
  PartitionView,
  ProofView,
  RefusalView,
  RefusedView,
  RequestOutcome,
  TakenView,
  UsagePeriodView,
} from './ledger-queries.ts';
export { ledgerQueryNames, ledgerQueryPattern } from './ledger-queries.ts';
export type {
  AccountKind,
  AccountLimit,
  AccountSettings,
  AccountStatus,
  CatalogItem,
  Details,
  GivenSettings,
  LedgerRequest,
  Opening,
  PackageTerms,
  RatedInputs,
  RequestData,
  RequestType,
  SettingsChange,
  TierChange,
} from './ledger-requests.ts';
export { accountKinds, accountStatuses, recordHeaders } from './ledger-requests.ts';
export type {
  ChargeStatusView,
  ChargeView,
  CustomerView,
  FeeView,
  MoneyQueries,
  PeriodMoneyView,
  PeriodTotal,
  RefundDecided,
  RefundStatusView,
  RefundView,
  ShownChargeStatus,
  SubscriptionView,
} from './money-queries.ts';
export { moneyQueryNames } from './money-queries.ts';
export type {
  FailedTask,
  ImageFile,
  ImageFormat,
  Optimizer,
  OptimizeTask,
  OptimizeTaskView,
  SpooledFile,
  StagedImage,
} from './optimizer.ts';
export { imageBytesMax, imageFormats } from './optimizer.ts';
export type { QuotaCheck, QuotaQueries, QuotaView } from './quota-queries.ts';
export { quotaQueryNames, quotaQueryPattern } from './quota-queries.ts';
export type { AssignedPaymentView, DifferenceView, ReconcileQueries, ReconciliationView } from './reconcile-queries.ts';
export { reconcileQueryNames } from './reconcile-queries.ts';
export type {
  CatalogResource,
  ResourceFields,
  ResourceView,
  ResourceViews,
  TokenCatalog,
  TokenCatalogQueries,
} from './token-catalog.ts';
export { catalogResources, tokenCatalogQueryNames } from './token-catalog.ts';
export type { AutoTopUpTerms, AutoTopUpView, TopUpQueries, TopUpStatus, TopUpView } from './top-up-queries.ts';
export { topUpQueryNames, topUpStatuses } from './top-up-queries.ts';
export type { Topic } from './topics.ts';
export { deadLetterTopic, groups, partitionsDefault, topics } from './topics.ts';
export type {
  DeliveryView,
  EndpointFields,
  EndpointView,
  WebhookEventType,
  WebhookQueries,
} from './webhook-queries.ts';
export { webhookEventTypes, webhookQueryNames, webhookTestType } from './webhook-queries.ts';
