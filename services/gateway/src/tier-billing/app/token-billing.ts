import { setTimeout as delay } from 'node:timers/promises';

import type {
  Answer,
  BillingQueries,
  ChargeStatusView,
  LedgerQueries,
  LedgerRequest,
  PeriodMoneyView,
  UsagePeriodView,
} from '@tollgate/contracts';
import { calendarMonth } from '@tollgate/pricing';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { planDefault } from '../../shared/domain/surface-account.ts';

export type ReportedUsage = {
  readonly userId: string;
  /** Model tokens, ≥ 0. */
  readonly used: bigint;
  readonly operationType: string;
  readonly clientId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
};

export const meteredAccount = (userId: string): string => surfaceAccount('metered', userId);

/** Most charges that one report of a user may make; servers' have the ledger's own bound. */
const userBlocksMax = 100;

/** The opening of a user's metered account; repeating it changes nothing. */
export const meteredOpening = (account: string): LedgerRequest =>
  requestOf(
    {
      type: 'open',
      operation: 'metered-open',
      account,
      data: { kind: 'metered', unit: 'tokens', settings: { plan: planDefault } },
      content: null,
    },
    {},
  );

/** The booking of reported usage. Nothing is refused for being too much: beyond what is included it is charged. */
export function usageRequest(usage: ReportedUsage, caller: Caller, operation = 'process-usage'): LedgerRequest {
  const { userId, used, operationType, clientId, metadata } = usage;
  const amount = String(used);
  return requestOf(
    {
      type: 'spend',
      operation,
      account: meteredAccount(userId),
      data: { amount, ...(caller.user === true ? { blocks_max: userBlocksMax } : {}) },
      content: { amount, operationType, clientId, metadata },
      words: {
        purpose: operationType,
        metadata: {
          ...(clientId === undefined ? {} : { client_id: clientId }),
          ...(metadata === undefined ? {} : { metadata }),
        },
      },
    },
    caller,
  );
}

/** Usage that is billed by tiers, over the ledger's metered accounts (surfaces §5). */
export class TokenBilling {
  private readonly ledgerClient: LedgerClient;
  private readonly ledger: LedgerQueries;
  private readonly billing: Pick<BillingQueries, 'chargeStatuses' | 'periodMoney'>;
  private readonly onTrouble: (error: unknown) => void;

  constructor(options: {
    ledgerClient: LedgerClient;
    ledger: LedgerQueries;
    billing: Pick<BillingQueries, 'chargeStatuses' | 'periodMoney'>;
    /** Told of what billing fails at while charges are waited for; the usage is answered all the same. */
    onTrouble: (error: unknown) => void;
  }) {
    this.onTrouble = options.onTrouble;
    this.ledgerClient = options.ledgerClient;
    this.ledger = options.ledger;
    this.billing = options.billing;
  }

  /** Counts usage and enters tier blocks in one decision; the first report opens the account. */
  async report(usage: ReportedUsage, caller: Caller): Promise<Answer> {
    const answer = await this.ledgerClient.ask(usageRequest(usage, caller));
    if (answer.problem?.code !== 'ACCOUNT_UNKNOWN') return answer;
    await this.ledgerClient.ask(meteredOpening(meteredAccount(usage.userId)));
    return this.ledgerClient.ask(usageRequest(usage, caller));
  }

  /**
   * Where the charges of an answer stand: waits at most 2 s for Stripe. Usage does not depend on it: without an answer
   * of billing they are pending. A keyed call is answered as the first one under its key was.
   */
  async charges(
    answer: Answer,
    { keyed }: { readonly keyed: boolean },
  ): Promise<ReadonlyMap<string, ChargeStatusView>> {
    const ids = (answer.crossings ?? []).map((crossing) => crossing.charge_id);
    if (ids.length === 0) return new Map();
    const asked = this.billing
      .chargeStatuses({ ids, wait_ms: stripeWaitMs, remember: keyed })
      .catch((error: unknown) => {
        this.onTrouble(error);
        return [];
      });
    const statuses = await Promise.race([asked, delay(stripeWaitMs + graceMs, [] as const, { ref: false })]);
    return new Map(statuses.map((status) => [status.id, status]));
  }

  /**
   * What a month cost so far besides usage: of the plan's period where there is one, else of the calendar month in UTC.
   */
  money(userId: string, usage: UsagePeriodView | null, atMs: number): Promise<PeriodMoneyView> {
    const month = calendarMonth(atMs, 'UTC');
    const from = usage?.period.start ?? new Date(month.startMs).toISOString();
    return this.billing.periodMoney({
      user_id: userId,
      from,
      to: usage?.period.end ?? new Date(month.endMs).toISOString(),
    });
  }

  /** What was used in the month that holds `atMs`; null: nobody reported anything of this user. */
  usage(userId: string, atMs: number): Promise<UsagePeriodView | null> {
    return this.ledger.usage({ account: meteredAccount(userId), at: new Date(atMs).toISOString() });
  }
}

/** How long Stripe is waited for after the booking (surfaces §5), and how much longer for billing to say so. */
const stripeWaitMs = 2_000;
const graceMs = 500;
