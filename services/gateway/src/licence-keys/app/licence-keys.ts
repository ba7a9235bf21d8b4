import { randomBytes, randomUUID } from 'node:crypto';

import type { AccountState, Answer, LedgerQueries } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';
import { AppError, partitionOf } from '@tollgate/kernel';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import type { SeenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { licenceKeyBytes, licenceKeyFrom } from '../domain/licence-key.ts';

/** A key without its balance and owner, which the ledger keeps. */
export type LicenceKey = {
  readonly id: string;
  readonly key: string;
  readonly account: string;
  /** Projection of the ledger's owner, for lists. */
  readonly userId: string | null;
  readonly pricePerToken: bigint | null;
  readonly createdAt: string;
};

/** Port: where keys are kept. A removed key keeps its row for its history. */
export interface LicenceKeyStore {
  /**
   * Reserves the text of a key; null: it is taken. A key whose account was never confirmed by the ledger is reserved
   * again.
   */
  reserve(key: Omit<LicenceKey, 'userId' | 'createdAt'> & { readonly partition: number }): Promise<LicenceKey | null>;
  opened(id: string): Promise<void>;
  setOwner(id: string, userId: string | null): Promise<void>;
  remove(id: string): Promise<void>;
  byId(id: string): Promise<LicenceKey | null>;
  byKey(key: string): Promise<LicenceKey | null>;
  byUser(userId: string): Promise<readonly LicenceKey[]>;
  page(page: {
    offset: number;
    limit: number;
  }): Promise<{ readonly items: readonly LicenceKey[]; readonly total: number }>;
}

export type KeyWithState = { readonly licence: LicenceKey; readonly state: AccountState | null };
export type NewKey = {
  readonly key?: string | undefined;
  readonly tokens: bigint;
  readonly pricePerToken?: bigint | undefined;
};

export const licenceAccount = (key: string): string => surfaceAccount('licence', key);

const emptied = { owner: null, status: 'inactive', balance: '0' } as const;
const dayMs = 86_400_000;
/** The last moment that both JavaScript and PostgreSQL write with a four-digit year. */
const latestMs = Date.UTC(9999, 11, 31);

/**
 * Licence keys, whose balances the ledger keeps. Each change is one decision of the ledger. The rows here follow it;
 * after a crash between the two the next call repairs the row.
 */
export class LicenceKeys {
  readonly #store: LicenceKeyStore;
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;

  constructor(options: { store: LicenceKeyStore; ledgerClient: LedgerClient; ledger: LedgerQueries }) {
    this.#store = options.store;
    this.#ledgerClient = options.ledgerClient;
    this.#ledger = options.ledger;
  }

  /** Uses one unit of `key`. Makes no query: the ledger decides about ownership and existence. */
  useOne(
    use: { key: string; userId: string; purpose?: string | undefined; metadata?: Record<string, unknown> | undefined },
    caller: Caller,
  ): Promise<Answer> {
    const { key, userId, purpose, metadata } = use;
    return this.#ledgerClient.ask(
      requestOf(
        {
          type: 'spend',
          operation: 'use-token',
          account: licenceAccount(key),
          data: { amount: '1', actor: userId },
          content: { userId, purpose, metadata },
          words: { actor: userId, purpose, metadata },
        },
        caller,
      ),
    );
  }

  byId(id: string): Promise<LicenceKey | null> {
    return this.#store.byId(id);
  }

  byKey(key: string): Promise<LicenceKey | null> {
    return this.#store.byKey(key);
  }

  /** Newest first, with the total number. */
  async page(of: {
    offset: number;
    limit: number;
  }): Promise<{ readonly items: readonly KeyWithState[]; readonly total: number }> {
    const { items, total } = await this.#store.page(of);
    return { items: await this.withStates(items), total };
  }

  /** The keys of a user. The ledger decides who owns a key: the rows may lag behind it. */
  async ownedBy(userId: string): Promise<readonly KeyWithState[]> {
    const keys = await this.withStates(await this.#store.byUser(userId));
    return keys.filter(({ state }) => state?.owner === userId);
  }

  /** Creates a key with its units; null: the key exists. */
  async create(wanted: NewKey, caller: Caller): Promise<KeyWithState | null> {
    const key = wanted.key ?? licenceKeyFrom(randomBytes(licenceKeyBytes));
    const account = licenceAccount(key);
    const partition = partitionOf(account, this.#ledgerClient.partitions);
    const licence = await this.#store.reserve({
      id: randomUUID(),
      key,
      account,
      partition,
      pricePerToken: wanted.pricePerToken ?? null,
    });
    if (licence === null) return null;
    const { tokens } = wanted;
    const data = {
      kind: 'licence' as const,
      unit: 'tokens',
      status: tokens > 0n ? ('active' as const) : ('inactive' as const),
      ...(tokens > 0n ? { grant: tokens.toString() } : {}),
    };
    const answer = await this.#ledgerClient.ask(
      // Keyed by the row, so that a repeat after a crash finds the same opening.
      requestOf(
        { type: 'open', operation: 'licence-create', account: licence.account, data, content: null },
        { correlation: caller.correlation, actor: caller.actor, address: caller.address, key: licence.id },
      ),
    );
    if (answer.outcome === 'refused') return null;
    await this.#store.opened(licence.id);
    return this.withState(licence, answer.state);
  }

  /** Assigns an unowned key to a user. `taken`: it has an owner. */
  async assign(key: string, userId: string, caller: Caller): Promise<KeyWithState | 'unknown' | 'taken'> {
    const licence = await this.#store.byKey(key);
    if (licence === null) return 'unknown';
    const answer = await this.#change(
      licence,
      'licence-assign',
      { owner: userId, status: 'active', if_owner: null },
      caller,
    );
    if (answer.outcome === 'refused') {
      const state = await this.#ledger.account({ id: licence.account });
      // The row may have missed an earlier assignment.
      if (state !== null && state.owner !== licence.userId) await this.#store.setOwner(licence.id, state.owner);
      return 'taken';
    }
    await this.#store.setOwner(licence.id, userId);
    return this.withState({ ...licence, userId }, answer.state);
  }

  /** Sets a trial: `tokens` is the balance afterwards. */
  async startTrial(
    licence: LicenceKey,
    trial: { days: number; tokens: bigint; nowMs: number },
    caller: Caller,
  ): Promise<KeyWithState> {
    const endMs = Math.min(trial.nowMs + trial.days * dayMs, latestMs);
    const change = {
      status: 'trial' as const,
      balance: trial.tokens.toString(),
      settings: { trial_end: new Date(endMs).toISOString() },
    };
    const content = { days: trial.days, tokens: change.balance };
    const answer = accepted(await this.#change(licence, 'licence-trial', change, caller, content));
    return this.withState(licence, answer.state);
  }

  /** Adds units. An inactive key becomes active; a running trial stays a trial. */
  grant(licence: LicenceKey, amount: { tokens: bigint; notes?: string | undefined }, caller: Caller): Promise<Answer> {
    return this.#ledgerClient.ask(
      requestOf(
        {
          type: 'grant',
          operation: 'licence-grant',
          account: licence.account,
          data: { amount: amount.tokens.toString(), activate: true },
          content: { tokens: amount.tokens.toString(), notes: amount.notes },
          words: { reason: amount.notes },
        },
        caller,
      ),
    );
  }

  async unassign(licence: LicenceKey, caller: Caller): Promise<KeyWithState> {
    const answer = accepted(await this.#change(licence, 'licence-unassign', emptied, caller));
    await this.#store.setOwner(licence.id, null);
    return this.withState({ ...licence, userId: null }, answer.state);
  }

  /** Empties the key first, so that nothing can be spent after its removal. */
  async remove(licence: LicenceKey, caller: Caller): Promise<void> {
    accepted(await this.#change(licence, 'licence-delete', emptied, caller));
    await this.#store.remove(licence.id);
  }

  async withState(licence: LicenceKey, state?: AccountState): Promise<KeyWithState> {
    return { licence, state: state ?? (await this.#ledger.account({ id: licence.account })) };
  }

  /**
   * A key and the time since which its owner has had it.
   * @throws AppError('not_found', KEY_UNKNOWN); AppError('refused', NOT_OWNER) for other users.
   */
  async ofOwner(
    key: string,
    userId: string,
  ): Promise<{ readonly licence: LicenceKey; readonly state: AccountState; readonly since: SeenFrom }> {
    const licence = await this.#store.byKey(key);
    const state = licence === null ? null : await this.#ledger.account({ id: licence.account });
    if (licence === null || state === null) throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
    const since =
      state.owner === userId ? await this.#ledger.ownedSince({ account: licence.account, owner: userId }) : null;
    if (since === null)
      throw new AppError('refused', 'NOT_OWNER', 'You do not have permission to use this license key');
    return { licence, state, since };
  }

  withStates(licences: readonly LicenceKey[]): Promise<readonly KeyWithState[]> {
    return Promise.all(licences.map((licence) => this.withState(licence)));
  }

  #change(
    licence: LicenceKey,
    operation: string,
    data: Parameters<typeof requestOf<'change'>>[0]['data'],
    caller: Caller,
    content: unknown = data,
  ): Promise<Answer> {
    return this.#ledgerClient.ask(
      requestOf({ type: 'change', operation, account: licence.account, data, content }, caller),
    );
  }
}

/** @throws AppError('conflict') with the ledger's code when it refused what an admin asked. */
function accepted(answer: Answer): Answer {
  const { outcome, problem } = answer;
  if (outcome !== 'refused') return answer;
  throw new AppError(
    'conflict',
    (problem?.code ?? 'INVARIANT_BROKEN') as ErrorCode,
    problem?.detail ?? 'the ledger refused without a reason',
  );
}
