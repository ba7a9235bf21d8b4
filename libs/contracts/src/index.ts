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
} from './answers/ledger-answers.ts';
export { answersPattern } from './answers/ledger-answers.ts';
export { chargeIdOf } from './charge-id.ts';
export { asyncApi } from './events/async-api.ts';
export {
  type ChangedCharge,
  type ChargeChanged,
  fromWireChargeChanged,
  toWireChargeChanged,
} from './events/charge-changed.ts';
export { type EntryBooked, fromWireEntryBooked, toWireEntryBooked } from './events/entry-booked.ts';
export {
  fromWirePartitionSealed,
  PartitionSealed,
  type Sealed,
  toWirePartitionSealed,
} from './events/partition-sealed.ts';
export {
  type BlockChange,
  blockChanges,
  fromWireTierCrossed,
  type TierCrossed,
  toWireTierCrossed,
} from './events/tier-crossed.ts';
export type { FinanceView } from './finance.ts';
export { financeAsOf, financeOrder, financeRole, financeSchemaName, financeViews } from './finance.ts';
export { billingContract } from './queries/billing-contract.ts';
export type { BillingQueries, CatalogVersionView } from './queries/billing-queries.ts';
export { billingQueryPattern } from './queries/billing-queries.ts';
export type { ClosingQueries, ClosingView } from './queries/closing-queries.ts';
export { checkedQuery, namesOf, type QueryContract } from './queries/contract.ts';
export type { ErasedDetails, EraseDetails } from './queries/erasure.ts';
export type { AccountFound, AccountsFound, FindAccounts } from './queries/find-accounts.ts';
export { ledgerContract } from './queries/ledger-contract.ts';
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
} from './queries/ledger-queries.ts';
export { ledgerQueryPattern } from './queries/ledger-queries.ts';
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
} from './queries/money-queries.ts';
export type {
  FailedTask,
  ImageFile,
  ImageFormat,
  Optimizer,
  OptimizeTask,
  OptimizeTaskView,
  SpooledFile,
  StagedImage,
} from './queries/optimizer.ts';
export { imageBytesMax, imageFormats } from './queries/optimizer.ts';
export { quotaContract } from './queries/quota-contract.ts';
export type { QuotaCheck, QuotaQueries, QuotaView } from './queries/quota-queries.ts';
export { quotaQueryPattern } from './queries/quota-queries.ts';
export type {
  AssignedPaymentView,
  DifferenceView,
  ReconcileQueries,
  ReconciliationView,
} from './queries/reconcile-queries.ts';
export type {
  CatalogResource,
  ResourceFields,
  ResourceView,
  ResourceViews,
  TokenCatalog,
  TokenCatalogQueries,
} from './queries/token-catalog.ts';
export { catalogResources } from './queries/token-catalog.ts';
export type { AutoTopUpTerms, AutoTopUpView, TopUpQueries, TopUpStatus, TopUpView } from './queries/top-up-queries.ts';
export { topUpStatuses } from './queries/top-up-queries.ts';
export type {
  DeliveryView,
  EndpointFields,
  EndpointView,
  WebhookEventType,
  WebhookQueries,
} from './queries/webhook-queries.ts';
export { webhookEventTypes, webhookTestType } from './queries/webhook-queries.ts';
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
} from './requests/ledger-requests.ts';
export { accountKinds, accountStatuses, recordHeaders } from './requests/ledger-requests.ts';
export { fromWireRequest, requestIdMax, requestSourceMax, toWireRequest } from './requests/wire-request.ts';
export type { Topic } from './topics.ts';
export { deadLetterTopic, groups, partitionsDefault, topics } from './topics.ts';
