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
  /** Notes a submit and leases it to this process; false: its key is taken in this account. */
  begin(row: Omit<SubmitRow, 'answer'>, lease: Lease): Promise<boolean>;
  find(account: string, key: string): Promise<SubmitRow | null>;
  /** Keeps the answer where there is a key to ask for it again; else forgets the submit. */
  answered(id: string, answer: SubmitAnswer): Promise<void>;
  drop(id: string): Promise<void>;
}

export type ImageSubmitsOptions = {
  readonly store: SubmitStore;
  readonly ledgerClient: LedgerClient;
  readonly optimizer: Optimizer;
  readonly answerWaitMs: number;
  /** What was charged for a task that failed was given back. */
  readonly onReturned: (id: string, account: string) => void;
};

export type Submitted =
  | { readonly outcome: 'accepted'; readonly replayed: boolean; readonly answer: SubmitAnswer }
  | { readonly outcome: 'refused'; readonly problem: AnswerProblem };

const operation = 'optimize-submit';
const withdrawSource = 'http:withdraw';
const unexplained: AnswerProblem = { code: 'INVARIANT_BROKEN', detail: 'the ledger refused without a reason' };
const accountPrefix = 'quota:';
/** Beyond the wait for the booking: what follows it takes milliseconds, or is given up on. */
const leaseBeyondWaitMs = 20_000;

/**
 * Charge and start of an image: two systems, one outcome. The row is there before the charge, the charge carries the
 * row's id, and starting may be repeated, so that whoever finishes a submit gets to the same end: charged once and
 * worked on, or neither.
 */
export class ImageSubmits {
  private readonly store: SubmitStore;
  private readonly ledgerClient: LedgerClient;
  private readonly optimizer: Optimizer;
  private readonly waitMs: number;
  private readonly leases: Leases<SubmitRow>;
  private readonly onReturned: (id: string, account: string) => void;

  constructor(options: ImageSubmitsOptions) {
    this.onReturned = options.onReturned;
    this.store = options.store;
    this.ledgerClient = options.ledgerClient;
    this.optimizer = options.optimizer;
    this.waitMs = options.answerWaitMs + leaseBeyondWaitMs;
    this.leases = new Leases(options.store, this.waitMs + leaseBeyondWaitMs);
  }

  static newId(): string {
    return randomUUID();
  }

  /**
   * The answer that a key got, or null. The staged file of the repeat is the caller's to discard. @throws as `submit`
   */
  async repeated(submit: ImageSubmit, key: string | undefined): Promise<Submitted | null> {
    if (key === undefined) return null;
    const row = await this.store.find(submit.account, key);
    return row === null ? null : this.first(row, submit);
  }

  /**
   * @throws AppError('reused', IDEMPOTENCY_KEY_REUSED) for a key that came with other content.
   * @throws AppError('unavailable'): with a key the same request may be sent again; without one nothing stays charged.
   */
  async submit(submit: ImageSubmit, key: string | undefined): Promise<Submitted> {
    const row = { id: submit.id, submit, key: key ?? null, hash: hashOf(submit) };
    if (await this.store.begin(row, this.leases.own)) return this.finish({ ...row, answer: null });
    return (await this.repeated(submit, key)) ?? this.submit(submit, key);
  }

  /**
   * Submits that a crash left: those with a key are finished, because their caller comes back; others are taken back.
   */
  async sweep(): Promise<void> {
    for (const row of await this.leases.orphans()) {
      if (row.key === null) await this.takeBack(row.submit);
      else await this.finish(row);
    }
  }

  /** The outcome of the first request with a key, once it is there. */
  private async first(first: SubmitRow, submit: ImageSubmit): Promise<Submitted> {
    const followed = await this.leases.follow<Submitted>(first, {
      hash: hashOf(submit),
      waitMs: this.waitMs,
      result: ({ answer }) => (answer === null ? null : { outcome: 'accepted', replayed: true, answer }),
      work: (row) => this.finish(row),
    });
    // A row that is gone was refused, and a refusal is not kept: the repeat is a first request.
    return followed ?? this.submit(submit, first.key ?? undefined);
  }

  /** Repeats stop waiting. */
  close(): void {
    this.leases.close();
  }

  /**
   * Gives back what was charged for images that could not be optimised. Each carries one identity for ever, so that it
   * is given back once, however often a crash between the log and the mark has it repeated, or whoever else repeats it.
   */
  async returnCharges(): Promise<void> {
    for (const { id, owner } of await this.optimizer.failed()) {
      const account = accountOf(owner);
      const data = { source: `http:${operation}`, id };
      const hash = contentHash(data);
      await this.ledgerClient.post([
        { v: 1, type: 'withdraw', source: withdrawSource, id: `failed:${id}`, keyed: true, hash, account, data },
      ]);
      await this.optimizer.chargeReturned(id);
      this.onReturned(id, account);
    }
  }

  private async finish(row: SubmitRow): Promise<Submitted> {
    const { submit } = row;
    try {
      const charge = await this.charge(submit);
      if (charge.outcome === 'refused') {
        await this.discard(submit.id);
        return { outcome: 'refused', problem: charge.problem ?? unexplained };
      }
      const { id, account, name, quality, webp } = submit;
      const task = await this.optimizer.start({ id, owner: ownerOf(account), name, quality, webp });
      if (task === null) {
        await this.takeBack(submit);
        throw new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', 'the upload was lost; send it again');
      }
      const answer = answerOf(submit, charge);
      await this.store.answered(id, answer);
      return { outcome: 'accepted', replayed: false, answer };
    } catch (error) {
      await this.giveUp(row).catch(() => undefined);
      throw error;
    }
  }

  /** One decision of the ledger; sent again under the same id it is answered as the first time. */
  private charge({ id, account, size, sha256 }: ImageSubmit): Promise<Answer> {
    const data = { amount: String(chargeOf(size)) };
    return this.ledgerClient.ask(
      requestOf({ type: 'spend', operation, account, data, content: { id, size, sha256 } }, { key: id }),
    );
  }

  /** Leaves a submit with a key to its repeat; takes back one that nobody can ask for again. */
  private async giveUp(row: SubmitRow): Promise<void> {
    if (row.key === null) await this.takeBack(row.submit);
    else await this.store.letGo(row.id);
  }

  /** Whatever of it was done: the charge is reversed or will never count (rule 23), file and task are removed. */
  private async takeBack({ id, account }: ImageSubmit): Promise<void> {
    const data = { source: `http:${operation}`, id };
    await this.ledgerClient.post([{ v: 1, type: 'withdraw', source: withdrawSource, id: freshId(), account, data }]);
    await this.discard(id);
  }

  private async discard(id: string): Promise<void> {
    await this.optimizer.discard(id);
    await this.store.drop(id);
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
