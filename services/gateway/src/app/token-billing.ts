import type { Answer, LedgerQueries, LedgerRequest, UsagePeriodView } from '@tollgate/contracts';
import { surfaceAccount } from '../domain/account-id.ts';
import type { RequestLine } from './request-line.ts';
import { requestOf } from './requests.ts';
import type { Caller } from './requests.ts';

export type ReportedUsage = {
  readonly userId: string;
  /** Model tokens, ≥ 0. */
  readonly used: bigint;
  readonly operationType: string;
  readonly clientId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
};

export const meteredAccount = (userId: string): string => surfaceAccount('metered', userId);

/** Name of the price plan that accounts of this surface open with. */
const planDefault = 'default';

/** The opening of a user's metered account; repeating it changes nothing. */
export const meteredOpening = (account: string): LedgerRequest =>
  requestOf({ type: 'open', operation: 'metered-open', account, data: { kind: 'metered', unit: 'tokens', settings: { plan: planDefault } }, content: null }, {});

/** The booking of reported usage. Nothing is refused for being too much: beyond what is included it is charged. */
export function usageRequest(usage: ReportedUsage, caller: Caller, operation = 'process-usage'): LedgerRequest {
  const { userId, used, operationType, clientId, metadata } = usage;
  const amount = String(used);
  return requestOf(
    {
      type: 'spend', operation, account: meteredAccount(userId),
      // Under terms, empty ones here, a use of 0 is recorded too: the document keeps every operation.
      data: { amount, terms: {} },
      content: { amount, operationType, clientId, metadata },
      words: { purpose: operationType, metadata: { ...(clientId === undefined ? {} : { client_id: clientId }), ...(metadata === undefined ? {} : { metadata }) } },
    },
    caller,
  );
}

/** Usage that is billed by tiers, over the ledger's metered accounts (surfaces §5). */
export class TokenBilling {
  private readonly line: RequestLine;
  private readonly ledger: LedgerQueries;

  constructor(options: { line: RequestLine; ledger: LedgerQueries }) {
    this.line = options.line;
    this.ledger = options.ledger;
  }

  /** Counts usage and enters tier blocks in one decision; the first report opens the account. */
  async report(usage: ReportedUsage, caller: Caller): Promise<Answer> {
    const answer = await this.line.ask(usageRequest(usage, caller));
    if (answer.problem?.code !== 'ACCOUNT_UNKNOWN') return answer;
    await this.line.ask(meteredOpening(meteredAccount(usage.userId)));
    return this.line.ask(usageRequest(usage, caller));
  }

  /** What was used in the month that holds `atMs`; null: nobody reported anything of this user. */
  usage(userId: string, atMs: number): Promise<UsagePeriodView | null> {
    return this.ledger.usage({ account: meteredAccount(userId), at: new Date(atMs).toISOString() });
  }
}
