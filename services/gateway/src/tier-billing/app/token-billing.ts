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

/** Maximum of charges per report of a user. Reports of servers have the ledger's limit. */
const userBlocksMax = 100;

/** The request that opens a user's metered account. It may be repeated. */
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

/**
 * The request that books reported usage. It is never refused for its size: usage beyond the included amount is charged.
 */
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

/** Usage billed by tiers, on the ledger's metered accounts (surfaces §5). */
export class TokenBilling {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #billing: Pick<BillingQueries, 'chargeStatuses' | 'periodMoney'>;
  readonly #onTrouble: (error: unknown) => void;

  constructor(options: {
    ledgerClient: LedgerClient;
    ledger: LedgerQueries;
    billing: Pick<BillingQueries, 'chargeStatuses' | 'periodMoney'>;
    /** Called when billing fails while charges are waited for. The usage is answered nevertheless. */
    onTrouble: (error: unknown) => void;
  }) {
    this.#onTrouble = options.onTrouble;
    this.#ledgerClient = options.ledgerClient;
    this.#ledger = options.ledger;
    this.#billing = options.billing;
  }

  /** Counts usage and enters tier blocks in one decision; the first report opens the account. */
  async report(usage: ReportedUsage, caller: Caller): Promise<Answer> {
    const answer = await this.#ledgerClient.ask(usageRequest(usage, caller));
    if (answer.problem?.code !== 'ACCOUNT_UNKNOWN') return answer;
    await this.#ledgerClient.ask(meteredOpening(meteredAccount(usage.userId)));
    return this.#ledgerClient.ask(usageRequest(usage, caller));
  }

  /**
   * The status of an answer's charges. Waits at most 2 s for Stripe. Usage does not depend on billing: without its
   * answer charges are pending. A repeat under a key gets the statuses of the first answer.
   */
  async charges(
    answer: Answer,
    { keyed }: { readonly keyed: boolean },
  ): Promise<ReadonlyMap<string, ChargeStatusView>> {
    const ids = (answer.crossings ?? []).map((crossing) => crossing.charge_id);
    if (ids.length === 0) return new Map();
    const asked = this.#billing
      .chargeStatuses({ ids, wait_ms: stripeWaitMs, remember: keyed })
      .catch((error: unknown) => {
        this.#onTrouble(error);
        return [];
      });
    const statuses = await Promise.race([asked, delay(stripeWaitMs + graceMs, [] as const, { ref: false })]);
    return new Map(statuses.map((status) => [status.id, status]));
  }

  /** Costs of a month other than usage: of the plan's period if there is one, else of the calendar month in UTC. */
  money(userId: string, usage: UsagePeriodView | null, atMs: number): Promise<PeriodMoneyView> {
    const month = calendarMonth(atMs, 'UTC');
    const from = usage?.period.start ?? new Date(month.startMs).toISOString();
    return this.#billing.periodMoney({
      user_id: userId,
      from,
      to: usage?.period.end ?? new Date(month.endMs).toISOString(),
    });
  }

  /** Usage of the month that contains `atMs`; null: the user has none. */
  usage(userId: string, atMs: number): Promise<UsagePeriodView | null> {
    return this.#ledger.usage({ account: meteredAccount(userId), at: new Date(atMs).toISOString() });
  }
}

/** Time limits after the booking: for Stripe (surfaces §5), and additionally for billing's answer. */
const stripeWaitMs = 2_000;
const graceMs = 500;
