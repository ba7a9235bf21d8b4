import type { AccountState, Answer, AnswerProblem, HoldView, LedgerRequest, PackageTerms } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { partitionOf } from '@tollgate/kernel';
import { modelMeter } from '@tollgate/pricing';
import { LRUCache } from 'lru-cache';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import { partitionOfHold } from '../../shared/domain/account-id.ts';
import type { Endpoint } from '../domain/token-process.ts';
import { closedBy, faults, insufficient, lackedBy, noAccess, startFault } from '../domain/token-process.ts';
import type { KnownCatalog, TokenCatalogCopy } from './token-catalog.ts';
import { costOf } from './token-catalog.ts';
import type { Wallets } from './wallets.ts';
import { walletAccount, walletState } from './wallets.ts';

export type Start = {
  readonly userId: string;
  readonly endpointId: string;
  /** Units to reserve; 0: none. */
  readonly estimate: number;
  readonly expiresInMs: number;
};
export type End = {
  readonly userId: string;
  readonly endpointId: string;
  readonly input: number;
  readonly output: number;
  readonly model?: string | undefined;
  readonly holdId?: string | undefined;
};

/** `message`: why the endpoint is not accessible; absent if it is. */
export type Started = {
  readonly token: string;
  readonly message?: string;
  readonly hold?: HoldView;
  readonly replayed?: boolean;
};
/** `message`: why nothing was booked; absent if the cost was booked. */
export type Ended = {
  readonly token: string;
  readonly cost: string;
  readonly message?: string;
  readonly replayed?: boolean;
};
export type Refused = { readonly problem: AnswerProblem };

/** Number of wallets whose package is cached. The ledger checks the cached value. */
const believedMax = 50_000;
/** Attempts with changed terms, before the caller is asked to retry. */
const triesMax = 5;

const unknownWallet: Refused = { problem: { code: 'ACCOUNT_UNKNOWN', detail: faults.walletUnknown } };
const unknownHold: Refused = { problem: { code: 'HOLD_UNKNOWN', detail: 'Hold not found' } };

/**
 * Start and end of a token process (surfaces §2). The catalog is this gateway's copy. Whether a wallet may start, has
 * enough and pays is one decision of the ledger, under the terms of the package that the gateway believes the wallet to
 * have.
 */
export class TokenProcess {
  readonly #ledgerClient: LedgerClient;
  readonly #wallets: Wallets;
  readonly #catalog: TokenCatalogCopy;
  readonly #clock: Clock;
  readonly #believed = new LRUCache<string, { readonly package: string | null }>({ max: believedMax });

  constructor(options: { ledgerClient: LedgerClient; wallets: Wallets; catalog: TokenCatalogCopy; clock: Clock }) {
    this.#ledgerClient = options.ledgerClient;
    this.#wallets = options.wallets;
    this.#catalog = options.catalog;
    this.#clock = options.clock;
  }

  /** Without an estimate nothing is reserved; only a missing wallet is opened. */
  async start(start: Start, caller: Caller): Promise<Started | Refused> {
    const catalog = await this.#catalog.current();
    const endpoint = catalog.endpoints.get(start.endpointId);
    const closed = closedBy(endpoint);
    // A repeat under a key is answered by the ledger even if the endpoint has been closed since.
    if (start.estimate > 0 && (closed === null || caller.key !== undefined))
      return this.#reserve(start, { catalog, endpoint, closed }, caller);
    if (endpoint === undefined || closed !== null) return { token: '0', message: closed ?? faults.endpointUnknown };
    const wallet = walletState(await this.#wallets.findOrOpen(start.userId));
    const terms = wallet.package === null ? undefined : catalog.packages.get(wallet.package);
    const message = startFault(wallet, { endpoint, terms, nowMs: this.#clock.nowMs() });
    return { token: String(wallet.balance), ...(message === null ? {} : { message }) };
  }

  async end(end: End, caller: Caller): Promise<Ended | Refused> {
    const catalog = await this.#catalog.current();
    const closed = catalog.endpoints.has(end.endpointId) ? null : faults.endpointUnknown;
    const nothing = end.input === 0 && end.output === 0 && end.holdId === undefined;
    if (nothing || (closed !== null && caller.key === undefined)) return this.#unbooked(end, catalog, closed);
    const account = walletAccount(end.userId);
    const partition = partitionOf(account, this.#ledgerClient.partitions);
    if (end.holdId !== undefined && partitionOfHold(end.holdId, this.#ledgerClient.partitions) !== partition)
      return unknownHold;
    const answer = await this.#underTerms(account, (believed) => {
      const forbids = believed !== null && catalog.packages.get(believed)?.overdraft === 'forbid';
      const terms = closed === null ? { package: believed, overdraft: !forbids } : { refused: closed };
      return this.#ledgerClient.ask(usageOf(end, { account, terms }, caller), partition);
    });
    const { entry, problem, state } = answer;
    if (entry !== undefined)
      return { token: entry.balance_after, cost: String(-BigInt(entry.amount)), replayed: answer.replayed };
    if (problem?.code === 'TERMS_REFUSED') return this.#unbooked(end, catalog, problem.detail);
    const closedTo = problem === undefined ? null : noAccess(problem.code);
    if (closedTo !== null) return this.#unbooked(end, catalog, closedTo);
    if (problem?.code === 'ALLOWANCE_EXHAUSTED' && state !== undefined) {
      return { token: state.balance, cost: problem.refusal?.asked ?? '0', message: tooLittle(problem, state) };
    }
    if (problem?.code === 'EVENT_TYPE_UNKNOWN' && state !== undefined)
      return { token: state.balance, cost: '0', message: problem.detail };
    if (problem?.code === 'ACCOUNT_UNKNOWN') return unknownWallet;
    if (problem?.code === 'HOLD_UNKNOWN') return unknownHold;
    return { problem: problem ?? { code: 'INVARIANT_BROKEN', detail: 'the ledger answered without an entry' } };
  }

  async #reserve(
    start: Start,
    on: { readonly catalog: KnownCatalog; readonly endpoint: Endpoint | undefined; readonly closed: string | null },
    caller: Caller,
  ): Promise<Started | Refused> {
    const account = walletAccount(start.userId);
    const content = { ...start };
    const data = { amount: String(start.estimate), expires_in_ms: start.expiresInMs };
    const send = (terms: PackageTerms): Promise<Answer> =>
      this.#ledgerClient.ask(
        requestOf({ type: 'hold', operation: 'token-start', account, data: { ...data, terms }, content }, caller),
      );
    const ask = (): Promise<Answer> => this.#underTerms(account, (believed) => send(startTerms(on, believed)));
    const answer = on.closed === null ? await this.#wallets.ask(start.userId, ask) : await ask();
    const { entry, hold, problem, state } = answer;
    if (entry !== undefined && hold !== undefined)
      return { token: entry.balance_after, hold, replayed: answer.replayed };
    if (on.closed !== null && problem?.code !== 'IDEMPOTENCY_KEY_REUSED') return { token: '0', message: on.closed };
    const message = problem === undefined || state === undefined ? null : startRefusal(problem, state);
    if (message !== null && state !== undefined) return { token: state.balance, message };
    return { problem: problem ?? { code: 'INVARIANT_BROKEN', detail: 'the ledger answered without a hold' } };
  }

  /**
   * Sends a request under the terms of the believed package, and again with the right ones if the wallet has another.
   */
  async #underTerms(account: string, send: (believed: string | null) => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const answer = await send(this.#believed.get(account)?.package ?? null);
      if (answer.problem?.code !== 'PACKAGE_CHANGED' || answer.state === undefined || tries >= triesMax) return answer;
      this.#believed.set(account, { package: answer.state.settings.package ?? null });
    }
  }

  /** Nothing is booked: answers the wallet's balance and the would-be cost. */
  async #unbooked(end: End, catalog: KnownCatalog, message: string | null): Promise<Ended | Refused> {
    const wallet = await this.#wallets.find(end.userId);
    if (wallet === null) return unknownWallet;
    return { token: wallet.balance, cost: String(costOf(catalog, end)), ...(message === null ? {} : { message }) };
  }
}

function startTerms(
  {
    catalog,
    endpoint,
    closed,
  }: { readonly catalog: KnownCatalog; readonly endpoint: Endpoint | undefined; readonly closed: string | null },
  believed: string | null,
): PackageTerms {
  if (endpoint === undefined || closed !== null) return { refused: closed ?? faults.endpointUnknown };
  const lacked = lackedBy(
    { id: believed, terms: believed === null ? undefined : catalog.packages.get(believed) },
    endpoint,
  );
  return {
    package: believed,
    unexpired: true,
    minimum: String(endpoint.minimum_token),
    ...(lacked === null ? {} : { refused: lacked }),
  };
}

/** The requested amount, and what is available: in the wallet, or below the limit that refused. */
function tooLittle({ refusal }: AnswerProblem, { balance, held }: Pick<AccountState, 'balance' | 'held'>): string {
  const available = refusal?.limit === undefined ? BigInt(balance) - BigInt(held) : (refusal.available ?? '0');
  return insufficient(refusal?.asked ?? '0', available);
}

function startRefusal(problem: AnswerProblem, state: Pick<AccountState, 'balance' | 'held'>): string | null {
  const { code, detail } = problem;
  if (code === 'TERMS_REFUSED') return detail;
  if (code === 'PACKAGE_EXPIRED') return faults.packageExpired;
  if (noAccess(code) !== null) return noAccess(code);
  return code === 'ALLOWANCE_EXHAUSTED' ? tooLittle(problem, state) : null;
}

/**
 * The request for an end: a spend, or the settling of its hold. A hold is settled once, so without a key the hold's id
 * is the key and a repeat gets the first answer.
 */
function usageOf(
  end: End,
  under: { readonly account: string; readonly terms: PackageTerms },
  caller: Caller,
): LedgerRequest {
  const { endpointId, input, output, model, holdId } = end;
  const { account, terms } = under;
  const inputs = {
    ...(model === undefined ? {} : { model }),
    feature_endpoint_id: endpointId,
    input_tokens: input,
    output_tokens: output,
  };
  const asked = { operation: 'token-end', account, content: { endpointId, input, output, model, holdId } };
  const usage = { meter: modelMeter, inputs, terms };
  if (holdId === undefined) return requestOf({ ...asked, type: 'spend', data: usage }, caller);
  const data = { hold: holdId, ...usage, of: account, if_over: 'spend' as const };
  return requestOf({ ...asked, type: 'settle', data }, { ...caller, key: caller.key ?? `hold:${holdId}` });
}
