import { AsyncLocalStorage } from 'node:async_hooks';

import { AllowanceExhaustedError } from './errors.ts';
import type { CallOptions, Http } from './http.ts';

export const TOKENS_PER_CREDIT = 2000;
export const FREE_USER_CREDITS = 5;
export const PRO_USER_CREDITS = 100;
export const TOKENS_PER_REQUEST = 2000;

/** As `GET /api/user/usage` shows it (surfaces §4). */
export type CreditUsage = {
  readonly credits: number;
  readonly totalTokens: number;
  readonly availableTokens: number;
  readonly tokensPerCredit: number;
  readonly isSubscribed: boolean;
  readonly subscriptionTier: string;
  readonly subscriptionEndsAt: string | null;
  readonly totalTokensUsed: number;
  readonly monthlyTokensUsed: number;
  readonly monthlyResetDate: string;
};
export type CreditCheck = {
  readonly hasCredits: boolean;
  readonly creditsRemaining: number;
  readonly availableTokens: number;
};
export type CreditConsumed = {
  readonly success: true;
  readonly tokensUsed: number;
  readonly creditsRemaining: number;
  readonly totalTokensUsed: number;
};
export type CreditRefusal = {
  readonly error: string;
  readonly detail: string;
  readonly status: 429;
  readonly remainingCredits: number;
  readonly maxTokens: number;
};
export type CreditValidation =
  ({ readonly allowed: true } & CreditConsumed) | ({ readonly allowed: false } & CreditRefusal);
export type SubscriptionStatus = Pick<
  CreditUsage,
  'isSubscribed' | 'subscriptionTier' | 'subscriptionEndsAt' | 'credits'
> & {
  /** Whole days until the end, rounded up; null without one. */
  readonly daysRemaining: number | null;
};

const currentUser = new AsyncLocalStorage<string>();

/** Functions called within `fn` need no user id: they mean this user, also behind awaits and timers. */
export const runAsUser = <Result>(userId: string, fn: () => Result): Result => currentUser.run(userId, fn);

/** @throws TypeError without a user id, outside of `runAsUser`. */
export function userOr(userId: string | undefined): string {
  const user = userId ?? currentUser.getStore();
  if (user === undefined || user === '')
    throw new TypeError('whose credits? Give the user id first, or call within runAsUser(id, fn)');
  return user;
}

const dayMs = 86_400_000;

/** Credits of users, by the server's key (scope `admin`). Every change is booked once per Idempotency-Key. */
export class Credits {
  readonly #http: Http;
  constructor(http: Http) {
    this.#http = http;
  }

  /** A user met for the first time is opened with 5 credits. */
  async usage(userId?: string, options: CallOptions = {}): Promise<CreditUsage> {
    const path = `/api/admin/credits/${encodeURIComponent(userOr(userId))}`;
    return (await this.#http.send<{ readonly data: CreditUsage }>({ ...options, method: 'GET', path })).body.data;
  }

  async check(userId?: string, options: CallOptions = {}): Promise<CreditCheck> {
    const { credits, availableTokens } = await this.#act(userId, 'check', {}, options);
    return { hasCredits: credits > 0, creditsRemaining: credits, availableTokens };
  }

  /** Uses one credit, in one decision. @throws AllowanceExhaustedError when there is none. */
  async consume(userId?: string, options: CallOptions = {}): Promise<CreditConsumed> {
    const { credits, totalTokensUsed } = await this.#act(userId, 'consume', {}, options);
    return { success: true, tokensUsed: TOKENS_PER_REQUEST, creditsRemaining: credits, totalTokensUsed };
  }

  /** As `consume`, with the refusal as a value. */
  async validateAndConsume(userId?: string, options: CallOptions = {}): Promise<CreditValidation> {
    try {
      return { allowed: true, ...(await this.consume(userId, options)) };
    } catch (error) {
      if (error instanceof AllowanceExhaustedError) return { ...(error.body as CreditRefusal), allowed: false };
      throw error;
    }
  }

  initialize(
    userId?: string,
    { isPro = false }: { readonly isPro?: boolean } = {},
    options: CallOptions = {},
  ): Promise<CreditUsage> {
    return this.#act(userId, 'initialize', { is_pro: isPro }, options);
  }
  upgrade(
    userId?: string,
    to: { readonly days?: number; readonly tier?: 'pro' | 'enterprise'; readonly credits?: number } = {},
    options: CallOptions = {},
  ): Promise<CreditUsage> {
    return this.#act(userId, 'upgrade', to, options);
  }
  downgrade(userId?: string, options: CallOptions = {}): Promise<CreditUsage> {
    return this.#act(userId, 'downgrade', {}, options);
  }
  renew(userId?: string, days?: number, options: CallOptions = {}): Promise<CreditUsage> {
    return this.#act(userId, 'renew', days === undefined ? {} : { days }, options);
  }
  bonus(userId: string | undefined, amount: number, options: CallOptions = {}): Promise<CreditUsage> {
    return this.#act(userId, 'bonus', { amount }, options);
  }
  resetMonthly(userId?: string, options: CallOptions = {}): Promise<CreditUsage> {
    return this.#act(userId, 'reset-monthly', {}, options);
  }
  checkExpiry(userId?: string, options: CallOptions = {}): Promise<CreditUsage> {
    return this.#act(userId, 'check-expiry', {}, options);
  }

  async subscription(userId?: string, options: CallOptions = {}): Promise<SubscriptionStatus> {
    const { isSubscribed, subscriptionTier, subscriptionEndsAt, credits } = await this.usage(userId, options);
    const leftMs = subscriptionEndsAt === null ? null : Date.parse(subscriptionEndsAt) - Date.now();
    return {
      isSubscribed,
      subscriptionTier,
      subscriptionEndsAt,
      credits,
      daysRemaining: leftMs === null ? null : Math.max(0, Math.ceil(leftMs / dayMs)),
    };
  }

  async #act(userId: string | undefined, action: string, body: object, options: CallOptions): Promise<CreditUsage> {
    const path = `/api/admin/credits/${encodeURIComponent(userOr(userId))}/${action}`;
    return (await this.#http.send<{ readonly data: CreditUsage }>({ ...options, method: 'POST', path, body })).body
      .data;
  }
}
