import { randomUUID } from 'node:crypto';

import type { Answer, AnswerProblem, Optimizer } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { Lease, LeasedRow, LeasedRows } from '../../leases/app/leases.ts';
import { Leases } from '../../leases/app/leases.ts';
import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { contentHash, freshId, requestOf } from '../../ledger-client/app/requests.ts';
import { chargeOf, usage } from '../domain/optimize.ts';

/** A submitted image whose file is staged at the optimizer under the same id. */
export type ImageSubmit = {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly quality: number;
  readonly webp: boolean;
  /** When the quota was fetched, for the answer. */
  readonly quotaFetchedAt: string;
};
export type SubmitAnswer = {
  readonly task_id: string;
  readonly status: 'pending';
  readonly original_file: { readonly name: string; readonly size: number };
  readonly quota_info: {
    readonly used_mb: number;
    readonly remaining_mb: number;
    readonly limit_mb: number;
    readonly last_updated: string;
  };
};
export type SubmitRow = LeasedRow & {
  readonly submit: ImageSubmit;
  readonly key: string | null;
  readonly answer: SubmitAnswer | null;
};

/** Port: submits under way, and the answers of those with a key (rule 24). */
export interface SubmitStore extends LeasedRows<SubmitRow> {
  /** Stores a submit, leased to this process; false: another submit of the account has its key. */
  begin(row: Omit<SubmitRow, 'answer'>, lease: Lease): Promise<boolean>;
  find(account: string, key: string): Promise<SubmitRow | null>;
  /** Stores the answer if there is a key to repeat the request with; otherwise deletes the submit. */
  answered(id: string, answer: SubmitAnswer): Promise<void>;
  drop(id: string): Promise<void>;
}

export type ImageSubmitsOptions = {
  readonly store: SubmitStore;
  readonly ledgerClient: LedgerClient;
  readonly optimizer: Optimizer;
  readonly answerWaitMs: number;
  /** Called when the charge of a failed task was given back. */
  readonly onReturned: (id: string, account: string) => void;
};

export type Submitted =
  | { readonly outcome: 'accepted'; readonly replayed: boolean; readonly answer: SubmitAnswer }
  | { readonly outcome: 'refused'; readonly problem: AnswerProblem };

const operation = 'optimize-submit';
const withdrawSource = 'http:withdraw';
const unexplained: AnswerProblem = {
  code: 'INVARIANT_BROKEN',
  detail: 'the ledger the ledger refused without a reason',
};
const accountPrefix = 'quota:';
/** Added to the wait for the booking. The steps after it take milliseconds or fail. */
const leaseBeyondWaitMs = 20_000;

/**
 * Charges an image and starts its task: two systems, one outcome. The row is written before the charge, the charge
 * carries the row's id, and the start may be repeated. Any process that completes a submit reaches the same result:
 * charged once and started, or neither.
 */
export class ImageSubmits {
  readonly #store: SubmitStore;
  readonly #ledgerClient: LedgerClient;
  readonly #optimizer: Optimizer;
  readonly #waitMs: number;
  readonly #leases: Leases<SubmitRow>;
  readonly #onReturned: (id: string, account: string) => void;

  constructor(options: ImageSubmitsOptions) {
    this.#onReturned = options.onReturned;
    this.#store = options.store;
    this.#ledgerClient = options.ledgerClient;
    this.#optimizer = options.optimizer;
    this.#waitMs = options.answerWaitMs + leaseBeyondWaitMs;
    this.#leases = new Leases(options.store, this.#waitMs + leaseBeyondWaitMs);
  }

  static newId(): string {
    return randomUUID();
  }

  /**
   * The outcome of an earlier request with the key, or null. The caller discards the staged file of the repeat.
   * @throws as `submit`
   */
  async repeated(submit: ImageSubmit, key: string | undefined): Promise<Submitted | null> {
    if (key === undefined) return null;
    const row = await this.#store.find(submit.account, key);
    return row === null ? null : this.#first(row, submit);
  }

  /**
   * @throws AppError('reused', IDEMPOTENCY_KEY_REUSED) for a key that came with other content.
   * @throws AppError('unavailable'): with a key the same request may be sent again; without one nothing stays charged.
   */
  async submit(submit: ImageSubmit, key: string | undefined): Promise<Submitted> {
    const row = { id: submit.id, submit, key: key ?? null, hash: hashOf(submit) };
    if (await this.#store.begin(row, this.#leases.own)) return this.#finish({ ...row, answer: null });
    return (await this.repeated(submit, key)) ?? this.submit(submit, key);
  }

  /**
   * Ends submits that a crash left open. Those with a key are completed, because their caller will repeat them; the
   * others are taken back.
   */
  async sweep(): Promise<void> {
    for (const row of await this.#leases.orphans()) {
      if (row.key === null) await this.#takeBack(row.submit);
      else await this.#finish(row);
    }
  }

  /** The outcome of the first request with a key, once it is there. */
  async #first(first: SubmitRow, submit: ImageSubmit): Promise<Submitted> {
    const followed = await this.#leases.follow<Submitted>(first, {
      hash: hashOf(submit),
      waitMs: this.#waitMs,
      result: ({ answer }) => (answer === null ? null : { outcome: 'accepted', replayed: true, answer }),
      work: (row) => this.#finish(row),
    });
    // A row that is gone was refused, and a refusal is not kept: the repeat is a first request.
    return followed ?? this.submit(submit, first.key ?? undefined);
  }

  /** Repeats stop waiting. */
  close(): void {
    this.#leases.close();
  }

  /**
   * Gives back the charges of images that could not be optimised. Each withdrawal has a permanent identity, so that it
   * counts once, however often it is repeated after a crash.
   */
  async returnCharges(): Promise<void> {
    for (const { id, owner } of await this.#optimizer.failed()) {
      const account = accountOf(owner);
      const data = { source: `http:${operation}`, id };
      const hash = contentHash(data);
      await this.#ledgerClient.post([
        { v: 1, type: 'withdraw', source: withdrawSource, id: `failed:${id}`, keyed: true, hash, account, data },
      ]);
      await this.#optimizer.chargeReturned(id);
      this.#onReturned(id, account);
    }
  }

  async #finish(row: SubmitRow): Promise<Submitted> {
    const { submit } = row;
    try {
      const charge = await this.#charge(submit);
      if (charge.outcome === 'refused') {
        await this.#discard(submit.id);
        return { outcome: 'refused', problem: charge.problem ?? unexplained };
      }
      const { id, account, name, quality, webp } = submit;
      const task = await this.#optimizer.start({ id, owner: ownerOf(account), name, quality, webp });
      if (task === null) {
        await this.#takeBack(submit);
        throw new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', 'the upload was lost; send it again');
      }
      const answer = answerOf(submit, charge);
      await this.#store.answered(id, answer);
      return { outcome: 'accepted', replayed: false, answer };
    } catch (error) {
      await this.#giveUp(row).catch(() => undefined);
      throw error;
    }
  }

  /** Charges the image. Repeated under the same id it gets the first answer. */
  #charge({ id, account, size, sha256 }: ImageSubmit): Promise<Answer> {
    const data = { amount: String(chargeOf(size)) };
    return this.#ledgerClient.ask(
      requestOf({ type: 'spend', operation, account, data, content: { id, size, sha256 } }, { key: id }),
    );
  }

  /** Releases a submit with a key for its repeat; takes back one without a key. */
  async #giveUp(row: SubmitRow): Promise<void> {
    if (row.key === null) await this.#takeBack(row.submit);
    else await this.#store.letGo(row.id);
  }

  /** Undoes a submit at any step: its charge is withdrawn (rule 23), file and task are removed. */
  async #takeBack({ id, account }: ImageSubmit): Promise<void> {
    const data = { source: `http:${operation}`, id };
    await this.#ledgerClient.post([{ v: 1, type: 'withdraw', source: withdrawSource, id: freshId(), account, data }]);
    await this.#discard(id);
  }

  async #discard(id: string): Promise<void> {
    await this.#optimizer.discard(id);
    await this.#store.drop(id);
  }
}

/** Who may see a task: the account's hash of the token. */
export const ownerOf = (account: string): string => account.slice(accountPrefix.length);
const accountOf = (owner: string): string => `${accountPrefix}${owner}`;

const hashOf = ({ sha256, quality, webp }: ImageSubmit): string => contentHash({ sha256, quality, webp });

function answerOf({ id, name, size, quotaFetchedAt }: ImageSubmit, charge: Answer): SubmitAnswer {
  const used = BigInt(charge.entry?.used_after ?? '0');
  const { used_mb, remaining_mb, limit_mb } = usage({ used, limit: used + BigInt(charge.available ?? '0') });
  return {
    task_id: id,
    status: 'pending',
    original_file: { name, size },
    quota_info: { used_mb, remaining_mb, limit_mb, last_updated: quotaFetchedAt },
  };
}
