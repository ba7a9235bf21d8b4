import type { CreditCheck, CreditConsumed, CreditUsage, CreditValidation, SubscriptionStatus } from './credits.ts';
import type { CallOptions } from './http.ts';
import type { TokenSummary, TokenUsageResult } from './tier-billing.ts';
import type {
  ServiceResult,
  TokenEnd,
  TokenEnded,
  TokenProcessOptions,
  TokenStart,
  TokenStarted,
} from './token-process.ts';
import { Tollgate } from './tollgate.ts';

/**
 * The functions that existing services call, by the names of their documents. They use one client that is made on first
 * use from TOKEN_SERVER_URL and SERVER_API_KEY, or the one given to `useTollgate`.
 */
let shared: Tollgate | undefined;

/** The client that the functions use from now on. */
export function useTollgate(client: Tollgate): void {
  shared = client;
}
export const tollgate = (): Tollgate => (shared ??= new Tollgate());

// Token process

export const tokenProcessStart = (start: TokenStart, options?: CallOptions): Promise<TokenStarted> =>
  tollgate().tokenProcess.start(start, options);
export const tokenProcessEnd = (end: TokenEnd, options?: CallOptions): Promise<TokenEnded> =>
  tollgate().tokenProcess.end(end, options);
export const withTokenProcess =
  <Args extends readonly unknown[], Result extends ServiceResult>(
    options: TokenProcessOptions<Args>,
    service: (...args: Args) => Result | Promise<Result>,
  ): ((...args: Args) => Promise<Result>) =>
  (...args) =>
    tollgate().tokenProcess.wrap(options, service)(...args);

// Credits: the user id first, or within runAsUser(id, fn)

export const checkUserCredits = (userId?: string, options?: CallOptions): Promise<CreditCheck> =>
  tollgate().credits.check(userId, options);
export const consumeCredits = (userId?: string, options?: CallOptions): Promise<CreditConsumed> =>
  tollgate().credits.consume(userId, options);
export const getUsageStatus = (userId?: string, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.usage(userId, options);
export const getUserCredits = (userId?: string, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.usage(userId, options);
export const initializeUserCredits = (
  userId?: string,
  is?: { readonly isPro?: boolean },
  options?: CallOptions,
): Promise<CreditUsage> => tollgate().credits.initialize(userId, is, options);
export const initializeUserOnSignup = initializeUserCredits;
export const resetMonthlyTokens = (userId?: string, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.resetMonthly(userId, options);
export const upgradeUserToPro = (userId?: string, days?: number, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.upgrade(userId, days === undefined ? {} : { days }, options);
export const downgradeUserToFree = (userId?: string, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.downgrade(userId, options);
export const grantBonusCredits = (
  userId: string | undefined,
  amount: number,
  options?: CallOptions,
): Promise<CreditUsage> => tollgate().credits.bonus(userId, amount, options);
export const renewSubscription = (userId?: string, days?: number, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.renew(userId, days, options);
export const checkSubscriptionExpiry = (userId?: string, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.checkExpiry(userId, options);
export const getSubscriptionStatus = (userId?: string, options?: CallOptions): Promise<SubscriptionStatus> =>
  tollgate().credits.subscription(userId, options);
export const validateAndConsumeCredits = (userId?: string, options?: CallOptions): Promise<CreditValidation> =>
  tollgate().credits.validateAndConsume(userId, options);
export const getCreditStatus = (userId?: string, options?: CallOptions): Promise<CreditUsage> =>
  tollgate().credits.usage(userId, options);

/** What a middleware needs of Express's, or an alike framework's, request and response. */
type Response = { status(code: number): { json(body: unknown): unknown } };
type Next = (error?: unknown) => unknown;
type WithUser = {
  readonly user?: { readonly id?: unknown; readonly sub?: unknown } | undefined;
  readonly userId?: unknown;
};

/**
 * Middleware: uses one credit of the request's user (default: `req.user.id`, `req.user.sub` or `req.userId`), or
 * answers 429 with the platform's refusal. Without a user: 401. Put it in front of what a credit pays for.
 */
export function validateCredits<Request extends object = WithUser>(
  options: { readonly userId?: (request: Request) => string | undefined } = {},
): (request: Request, response: Response, next: Next) => Promise<void> {
  const userOf =
    options.userId ??
    ((request: WithUser) => textOf(request.user?.id) ?? textOf(request.user?.sub) ?? textOf(request.userId));
  return async (request, response, next) => {
    try {
      const userId = userOf(request as Request & WithUser);
      if (userId === undefined) return void response.status(401).json({ error: 'Unauthorized' });
      const { allowed, ...rest } = await validateAndConsumeCredits(userId);
      if (!allowed) return void response.status(429).json(rest);
      next();
    } catch (error) {
      next(error);
    }
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

// Tier billing

export const processTokenUsage = (
  userId: string,
  tokensUsed: number,
  operationType = 'chat',
  clientId?: string,
  metadata?: Readonly<Record<string, unknown>>,
  options?: CallOptions,
): Promise<TokenUsageResult> =>
  tollgate().tierBilling.processUsage({ userId, tokensUsed, operationType, clientId, metadata }, options);
export const getUserTokenSummary = (
  userId: string,
  options?: CallOptions & { readonly periodStart?: string },
): Promise<TokenSummary> => tollgate().tierBilling.summary(userId, options);

/** Tracks usage that must not be lost: kept on disk until it is booked. */
export class TokenUsageTracker {
  readonly #client: Tollgate | undefined;
  constructor(client?: Tollgate) {
    this.#client = client;
  }

  /** The platform's result; null when it did not answer in time: then the usage is sent again until it is booked. */
  trackTokenUsage(
    userId: string,
    tokensUsed: number,
    operationType = 'chat',
    metadata?: Readonly<Record<string, unknown>>,
  ): Promise<TokenUsageResult | null> {
    return (this.#client ?? tollgate()).tierBilling.track({
      userId,
      tokensUsed,
      operationType,
      ...(metadata === undefined ? {} : { metadata }),
    });
  }
}
