export type {
  Account,
  AccountChange,
  Amount,
  Booked,
  EndedHold,
  Entry,
  EntryPage,
  EntryQuery,
  Hold,
  Opening,
  PeriodLimit,
  Settings,
  Spending,
  SpendItem,
  SpendResult,
  Usage,
} from './accounts.ts';
export { Accounts } from './accounts.ts';
export type {
  CreditCheck,
  CreditConsumed,
  CreditRefusal,
  CreditUsage,
  CreditValidation,
  SubscriptionStatus,
} from './credits.ts';
export {
  Credits,
  FREE_USER_CREDITS,
  PRO_USER_CREDITS,
  runAsUser,
  TOKENS_PER_CREDIT,
  TOKENS_PER_REQUEST,
} from './credits.ts';
export type { Limits } from './errors.ts';
export {
  AllowanceExhaustedError,
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  isTollgateError,
  NotFoundError,
  PermissionError,
  RateLimitedError,
  TollgateError,
  UnavailableError,
} from './errors.ts';
export type { EventResult, EventsAccepted, MeterOptions, Receipt, RejectedEvent, UsageEvent } from './events.ts';
export { Events, Meter } from './events.ts';
export {
  checkSubscriptionExpiry,
  checkUserCredits,
  consumeCredits,
  downgradeUserToFree,
  getCreditStatus,
  getSubscriptionStatus,
  getUsageStatus,
  getUserCredits,
  getUserTokenSummary,
  grantBonusCredits,
  initializeUserCredits,
  initializeUserOnSignup,
  processTokenUsage,
  renewSubscription,
  resetMonthlyTokens,
  tokenProcessEnd,
  tokenProcessStart,
  TokenUsageTracker,
  tollgate,
  upgradeUserToPro,
  useTollgate,
  validateAndConsumeCredits,
  validateCredits,
  withTokenProcess,
} from './functions.ts';
export type { CallOptions, ClientOptions, Health } from './http.ts';
export type { OutboxOptions, Trouble } from './outbox.ts';
export { Outbox } from './outbox.ts';
export type { TierCharge, TokenFigures, TokenSummary, TokenUsage, TokenUsageResult } from './tier-billing.ts';
export { TierBilling } from './tier-billing.ts';
export type {
  ServiceResult,
  TokenEnd,
  TokenEnded,
  TokenProcessOptions,
  TokenStart,
  TokenStarted,
} from './token-process.ts';
export { NotAccessibleError, TokenProcess } from './token-process.ts';
export type { TollgateOptions } from './tollgate.ts';
export { Tollgate } from './tollgate.ts';
