import type { AccountState, Answer, LedgerQueries, RequestData } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import type { Package, WalletState } from '../domain/token-process.ts';

const dayMs = 86_400_000;
/** The last moment with a four-digit year. */
const latestMs = Date.UTC(9999, 11, 31);

/** Content of a wallet request, kept as details of its entry. */
type Gift = { readonly userId: string; readonly tokens: bigint };

export const walletAccount = (userId: string): string => surfaceAccount('wallet', userId);

/** A wallet's state in the ledger, read for a start. */
export const walletState = (view: AccountState): WalletState => ({
  balance: BigInt(view.balance),
  free: BigInt(view.balance) - BigInt(view.held),
  package: view.settings.package ?? null,
  packageExpiresMs: view.settings.package_expires === undefined ? null : Date.parse(view.settings.package_expires),
  status: view.status,
});

/**
 * The wallets of users: opened by the first start or gift, filled by gifts and packages. Each change is one decision of
 * the ledger.
 */
export class Wallets {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;

  constructor(options: { ledgerClient: LedgerClient; ledger: LedgerQueries }) {
    this.#ledgerClient = options.ledgerClient;
    this.#ledger = options.ledger;
  }

  find(userId: string): Promise<AccountState | null> {
    return this.#ledger.account({ id: walletAccount(userId) });
  }

  async findOrOpen(userId: string): Promise<AccountState> {
    const found = await this.find(userId);
    if (found !== null) return found;
    const { state } = await this.open(userId);
    const view = state ?? (await this.find(userId));
    if (view === null)
      throw new AppError(
        'unavailable',
        'LEDGER_UNAVAILABLE',
        'the wallet was opened but cannot be read yet; try again',
      );
    return view;
  }

  /**
   * Opens the wallet with 0 units and the user as owner, if necessary.
   * @throws AppError('conflict') for an account of another kind.
   */
  async open(userId: string): Promise<Answer> {
    const data = { kind: 'wallet', unit: 'token', owner: userId } as const;
    const account = walletAccount(userId);
    const answer = await this.#ledgerClient.ask(
      requestOf({ type: 'open', operation: 'wallet-open', account, data, content: null }, { key: 'open' }),
    );
    if (answer.outcome === 'refused' && (await this.find(userId)) === null) {
      throw new AppError('conflict', 'ACCOUNT_KIND_CONFLICT', answer.problem?.detail ?? 'the wallet cannot be opened');
    }
    return answer;
  }

  /** Sends a request about a wallet, which is opened if it does not exist. */
  async ask(userId: string, send: () => Promise<Answer>): Promise<Answer> {
    const answer = await send();
    if (answer.problem?.code !== 'ACCOUNT_UNKNOWN') return answer;
    await this.open(userId);
    return send();
  }

  /** Once per user, also with concurrent requests. Refused with GIFT_GIVEN afterwards. */
  giveInitial({ userId, tokens }: Gift, caller: Caller): Promise<Answer> {
    return this.#grant(
      userId,
      'give-initial-token',
      { data: { amount: String(tokens), initial_gift: true }, content: { userId, tokens: String(tokens) } },
      caller,
    );
  }

  giveBonus({ userId, tokens }: Gift, caller: Caller): Promise<Answer> {
    return this.#grant(
      userId,
      'give-bonus-token',
      { data: { amount: String(tokens) }, content: { userId, tokens: String(tokens) } },
      caller,
    );
  }

  /**
   * Sets package and expiry and grants the package's units, in one decision. The units stay when the package expires.
   */
  givePackage(
    sold: { readonly userId: string; readonly package: Package; readonly nowMs: number },
    caller: Caller,
  ): Promise<Answer> {
    const {
      userId,
      package: { id, token, duration_days: days },
      nowMs,
    } = sold;
    const expires = days === null ? null : new Date(Math.min(nowMs + days * dayMs, latestMs)).toISOString();
    const settings = { package: id, package_expires: expires };
    const content = { package: id };
    // Kept in the entry's details, so that a repeat shows the first expiry.
    const words = { metadata: settings };
    if (token > 0)
      return this.#grant(
        userId,
        'wallet-package',
        { data: { amount: String(token), settings }, content, words },
        caller,
      );
    const account = walletAccount(userId);
    const operation = 'wallet-package';
    return this.ask(userId, () =>
      this.#ledgerClient.ask(
        requestOf({ type: 'change', operation, account, data: { settings }, content, words }, caller),
      ),
    );
  }

  /**
   * For a package that is no longer sold: a repeat of a sale gets its answer, anything else is refused with
   * TERMS_REFUSED.
   */
  refusePackage(
    refused: { readonly userId: string; readonly id: string; readonly reason: string },
    caller: Caller,
  ): Promise<Answer> {
    const { userId, id, reason } = refused;
    const data = { amount: '1', terms: { refused: reason } };
    const asked = {
      type: 'grant' as const,
      operation: 'wallet-package',
      account: walletAccount(userId),
      data,
      content: { package: id },
    };
    return this.#ledgerClient.ask(requestOf(asked, caller));
  }

  #grant(
    userId: string,
    operation: string,
    asked: {
      readonly data: RequestData['grant'];
      readonly content: unknown;
      readonly words?: { readonly metadata: Record<string, unknown> };
    },
    caller: Caller,
  ): Promise<Answer> {
    const account = walletAccount(userId);
    const { data, content, words = { reason: operation } } = asked;
    return this.ask(userId, () =>
      this.#ledgerClient.ask(requestOf({ type: 'grant', operation, account, data, content, words }, caller)),
    );
  }
}
