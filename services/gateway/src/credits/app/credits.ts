import type { AccountState, Answer, AnswerProblem, LedgerQueries, TierChange } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import { baseTier, proCredits } from '@tollgate/pricing';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import { requestOf, scopedKey } from '../../ledger-client/app/requests.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { creditsSettings } from '../../shared/domain/surface-account.ts';
import type { Operations, Ran } from './operations.ts';

/** Metrics required by the seed document: consumption by tier and feature, refusals, and changes of tier. */
export interface CreditMeter {
  consumed(of: { readonly tier: string; readonly feature: string; readonly credits: number }): void;
  refused(feature: string): void;
  opened(): void;
  changed(change: string, tier: string): void;
}

export type CreditsResult =
  | { readonly outcome: 'done'; readonly state: AccountState }
  /** Nothing left: `available` credits. */
  | { readonly outcome: 'insufficient'; readonly available: string };

export const creditsAccount = (userId: string): string => surfaceAccount('credits', userId);

const daysDefault = 30;
const pro = { tier: 'pro', allowance: String(proCredits) } as const;

export type AdminAction =
  | { readonly action: 'initialize'; readonly pro: boolean }
  | {
      readonly action: 'upgrade';
      readonly days: number | undefined;
      readonly tier: string | undefined;
      readonly credits: bigint | undefined;
    }
  | { readonly action: 'renew'; readonly days: number | undefined }
  | {
      readonly action: 'bonus';
      readonly amount: bigint;
      readonly expiresAt?: string | undefined;
      readonly reason?: string | undefined;
    }
  | { readonly action: 'consume'; readonly reason?: string | undefined }
  | { readonly action: 'downgrade' | 'reset-monthly' | 'check-expiry' | 'check' };

/**
 * Credits, kept by the ledger. An account opens with the free allowance on the first request for it. Each change is one
 * decision of the ledger, which also books resets and the ends of tiers (rule 16).
 */
export class Credits {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #operations: Operations;
  readonly #meter: CreditMeter;

  constructor(options: {
    ledgerClient: LedgerClient;
    ledger: LedgerQueries;
    operations: Operations;
    meter: CreditMeter;
  }) {
    this.#ledgerClient = options.ledgerClient;
    this.#ledger = options.ledger;
    this.#operations = options.operations;
    this.#meter = options.meter;
  }

  /** The state of the user's account, which is opened on the first call. */
  async status(userId: string): Promise<AccountState> {
    const account = creditsAccount(userId);
    return (await this.#ledger.account({ id: account })) ?? this.touch(account);
  }

  /**
   * One of the admin functions; with a key, once.
   * @throws AppError as `Operations.run`, and 'conflict' when the ledger refuses for another reason than too few
   * credits.
   */
  async act(userId: string, action: AdminAction, caller: Caller): Promise<Ran<CreditsResult>> {
    const account = creditsAccount(userId);
    const { actor, address } = caller;
    if (caller.key === undefined)
      return { result: await this.#decide(account, action, { actor, address }), replayed: false };
    const content = JSON.parse(
      JSON.stringify(action, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ) as unknown;
    const asked = { account, operation: `credits-${action.action}`, key: scopedKey(caller), content };
    return this.#operations.run<CreditsResult>(asked, async ({ id }) => {
      const result = await this.#decide(account, action, { key: id, actor, address });
      return { result, kept: result.outcome === 'done' };
    });
  }

  /** Opens the account. If it exists, the ledger books what is due on it. */
  async touch(account: string): Promise<AccountState> {
    const answer = await this.#ledgerClient.ask(
      requestOf(
        {
          type: 'open',
          operation: 'credits-open',
          account,
          data: { kind: 'credits', unit: 'credits', settings: creditsSettings },
          content: null,
        },
        {},
      ),
    );
    if (answer.outcome === 'booked') this.#meter.opened();
    return answer.state ?? this.#stateOf(account, answer);
  }

  /**
   * `as`: carries the key of the operation's row. Without a key, a request whose answer is late is withdrawn (rule 23).
   */
  async #decide(account: string, action: AdminAction, as: Caller): Promise<CreditsResult> {
    // The most frequent action. It detects by itself whether the account exists.
    if (action.action === 'consume') return this.#consume(account, action.reason, as);
    const state = await this.touch(account);
    switch (action.action) {
      case 'check':
      case 'check-expiry':
        return { outcome: 'done', state };
      case 'initialize':
        if (!action.pro) return { outcome: 'done', state };
        return this.#change(account, { change: 'raise', ...pro, days: daysDefault, only_from_base: true }, as);
      case 'upgrade': {
        const allowance = String(
          action.credits === undefined || action.credits < proCredits ? proCredits : action.credits,
        );
        return this.#change(
          account,
          { change: 'raise', tier: action.tier ?? pro.tier, allowance, days: action.days ?? daysDefault },
          as,
        );
      }
      case 'renew':
        return this.#change(account, { change: 'renew', ...pro, days: action.days ?? daysDefault }, as);
      case 'downgrade':
        return this.#change(account, { change: 'lower' }, as);
      case 'reset-monthly':
        return this.#change(account, { change: 'reset' }, as);
      case 'bonus':
        return this.#grant(account, action, as);
    }
  }

  async #change(account: string, data: TierChange, as: Caller): Promise<CreditsResult> {
    const operation = `credits-${data.change}`;
    const answer = await this.#ledgerClient.ask(
      requestOf({ type: 'tier', operation, account, data, content: data }, as),
    );
    const state = await this.#stateOf(account, answer);
    if (answer.outcome === 'booked' && !answer.replayed)
      this.#meter.changed(data.change, state.settings.tier ?? baseTier);
    return { outcome: 'done', state };
  }

  async #grant(account: string, bonus: Extract<AdminAction, { action: 'bonus' }>, as: Caller): Promise<CreditsResult> {
    const { amount, expiresAt, reason } = bonus;
    const data = { amount: String(amount), ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) };
    const content = { ...data, ...(reason === undefined ? {} : { reason }) };
    const answer = await this.#ledgerClient.ask(
      requestOf(
        {
          type: 'grant',
          operation: 'credits-bonus',
          account,
          data,
          content,
          words: { reason: reason ?? 'bonus credits' },
        },
        as,
      ),
    );
    return { outcome: 'done', state: await this.#stateOf(account, answer) };
  }

  async #consume(account: string, reason: string | undefined, as: Caller): Promise<CreditsResult> {
    const data = { amount: '1' };
    const spend = (): Promise<Answer> =>
      this.#ledgerClient.ask(
        requestOf(
          {
            type: 'spend',
            operation: 'credits-consume',
            account,
            data,
            content: reason === undefined ? data : { ...data, reason },
            words: { reason },
          },
          as,
        ),
      );
    let answer = await spend();
    if (answer.problem?.code === 'ACCOUNT_UNKNOWN') {
      await this.touch(account);
      answer = await spend();
    }
    if (answer.problem?.code === 'ALLOWANCE_EXHAUSTED') {
      this.#meter.refused('consume');
      return { outcome: 'insufficient', available: answer.problem.refusal?.available ?? '0' };
    }
    const state = await this.#stateOf(account, answer);
    if (!answer.replayed)
      this.#meter.consumed({ tier: state.settings.tier ?? baseTier, feature: 'consume', credits: 1 });
    return { outcome: 'done', state };
  }

  /** The account's state from the answer. A repeated answer carries none, so the current state is read. */
  async #stateOf(account: string, answer: Answer): Promise<AccountState> {
    if (answer.outcome === 'refused') throw refusedBy(answer.problem);
    const state = answer.state ?? (await this.#ledger.account({ id: account }));
    if (state === null)
      throw new AppError('bug', 'INVARIANT_BROKEN', 'an account that was just changed does not exist');
    return state;
  }
}

/** Error for a refusal that this surface has no text for. */
export function refusedBy(problem: AnswerProblem | undefined): AppError {
  return new AppError(
    'conflict',
    (problem?.code ?? 'INVARIANT_BROKEN') as ErrorCode,
    problem?.detail ?? 'the ledger refused without a reason',
  );
}
