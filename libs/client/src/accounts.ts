import { randomUUID } from 'node:crypto';

import type { CallOptions, Http } from './http.ts';

/** A whole number in the account's smallest unit. Numbers are taken up to 2^53; answers are decimal strings. */
export type Amount = string | number | bigint;

/**
 * A limit in a period of its own: an ISO 8601 duration, or calendar:day, week or month. With a model it binds only
 * usage that names it.
 */
export type PeriodLimit = { readonly amount: string; readonly period: string; readonly model?: string };
export type Settings = {
  readonly limit?: string;
  readonly limits?: PeriodLimit[];
  readonly overdraft?: string;
  readonly allowance?: string;
  readonly period?: string;
  readonly time_zone?: string;
  readonly detached?: boolean;
  readonly trial_end?: string;
  readonly plan?: string;
};
/** Settings are merged, null removes one. `closed` needs balance 0 or `forfeit`. */
export type AccountChange = {
  readonly settings?: { readonly [Name in keyof Settings]?: Settings[Name] | null };
  readonly owner?: string | null;
  readonly status?: 'active' | 'suspended' | 'closed';
  readonly forfeit?: boolean;
  readonly reason?: string;
};
export type Opening = {
  readonly id: string;
  readonly kind: 'wallet' | 'licence' | 'quota' | 'credits' | 'metered';
  readonly unit: string;
  readonly owner?: string | undefined;
  readonly settings?: Settings | undefined;
};
export type Account = {
  readonly id: string;
  readonly kind: string;
  readonly unit: string;
  readonly status: string;
  readonly balance: string;
  readonly held: string;
  readonly available: string | null;
  readonly as_of: { readonly seq: string; readonly recorded_at: string };
  readonly lots: readonly Readonly<Record<string, unknown>>[];
  readonly limits: unknown;
};
export type Entry = {
  readonly id: string;
  readonly seq: string;
  readonly amount: string;
  readonly balance_after: string;
  readonly [member: string]: unknown;
};
/** Usage that costs 0 has an entry too. `available`: null when nothing limits the account. */
export type Booked = { readonly entry: Entry; readonly available: string | null };
export type EntryPage = { readonly items: readonly Entry[]; readonly next: string | null };
export type EntryQuery = {
  readonly after?: string;
  readonly limit?: number;
  readonly from?: string;
  readonly to?: string;
};
export type Hold = {
  readonly hold_id: string;
  readonly amount: string;
  readonly expires_at: string;
  readonly available: string | null;
};
export type EndedHold = {
  readonly hold_id: string;
  readonly status: string;
  readonly amount: string;
  readonly expires_at: string;
  readonly entry?: Entry;
  readonly available: string | null;
};

/** `kind`: bought units, which tier changes of a credits account neither wipe nor count. */
export type Granting = {
  readonly amount: Amount;
  readonly kind?: 'purchased';
  readonly priority?: number;
  readonly expires_at?: string;
  readonly reason: string;
};

/**
 * What a spend takes: so many units, or what was counted, rated by the rate card in force. Quantities are classes that
 * do not overlap (`input_tokens`, `cache_read_tokens`, `output_tokens`, `reasoning_tokens`, …) or names of the card's
 * own; others are refused by name.
 */
export type Spending = { readonly metadata?: Readonly<Record<string, unknown>> | undefined } & (
  { readonly amount: Amount } | { readonly usage: Usage }
);
/** One spend of many; `id` is its Idempotency-Key: sent again, here or alone, it counts once. Default: a new UUID. */
export type SpendItem = Spending & { readonly account: string; readonly id?: string };
/** As the single call would answer: `status` 200 with the entry, or another one with what refused it. */
export type SpendResult = {
  readonly id: string;
  readonly status: number;
  readonly replayed?: true;
  readonly entry?: Entry;
  readonly available?: string | null;
  readonly problem?: { readonly code: string; readonly detail: string; readonly [member: string]: unknown };
};
export type Usage = {
  readonly model?: string;
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly [quantity: string]: unknown;
};

/** @throws TypeError for what is not a whole number: fractions are never rounded silently. */
export function toAmount(amount: Amount): string {
  const fits =
    typeof amount === 'number' ? Number.isSafeInteger(amount) : typeof amount === 'bigint' || /^-?\d+$/.test(amount);
  if (!fits)
    throw new TypeError(
      `${String(amount)} is not a whole number${
        typeof amount === 'number' ? ' within 2^53; give a decimal string' : ''
      }`,
    );
  return String(amount);
}

/** As many as the platform takes in one request (running.md §5). */
const spendsMax = 1_000;
const accountPath = (id: string): string => `/v1/accounts/${encodeURIComponent(id)}`;

/** The native API's accounts (running.md §5). Every change is booked once per Idempotency-Key. */
export class Accounts {
  readonly #http: Http;
  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Opening again as before changes nothing. @throws ConflictError when it is there with another kind, unit, owner or
   * settings.
   */
  open(opening: Opening, options: CallOptions = {}): Promise<Account> {
    return this.#post('/v1/accounts', opening, options);
  }

  /**
   * Changes what the account obeys, by one entry. Another period, time zone or plan counts from the end of the period
   * under way.
   */
  async change(id: string, change: AccountChange, options: CallOptions = {}): Promise<Account> {
    return (await this.#http.send<Account>({ ...options, method: 'PATCH', path: accountPath(id), body: change })).body;
  }

  /** @throws NotFoundError */
  async get(id: string, options: CallOptions & { readonly at?: string | Date } = {}): Promise<Account> {
    const { at, ...rest } = options;
    const { body } = await this.#http.send<Account>({
      ...rest,
      method: 'GET',
      path: accountPath(id),
      query: { at: at instanceof Date ? at.toISOString() : at },
    });
    return body;
  }

  /** Newest first; `next` of a page is `after` of the following one. */
  async entries(id: string, query: EntryQuery = {}, options: CallOptions = {}): Promise<EntryPage> {
    const { body } = await this.#http.send<EntryPage>({
      ...options,
      method: 'GET',
      path: `${accountPath(id)}/entries`,
      query,
    });
    return body;
  }

  /** All entries, newest first, a page at a time. */
  async *allEntries(id: string, query: EntryQuery = {}, options: CallOptions = {}): AsyncGenerator<Entry> {
    for (let after = query.after; ;) {
      const page = await this.entries(id, { ...query, ...(after === undefined ? {} : { after }) }, options);
      yield* page.items;
      if (page.next === null) return;
      after = page.next;
    }
  }

  grant(id: string, grant: Granting, options: CallOptions = {}): Promise<Booked> {
    return this.#post(`${accountPath(id)}/grants`, { ...grant, amount: toAmount(grant.amount) }, options);
  }

  /** One decision at the moment of use. @throws AllowanceExhaustedError when it is refused: nothing was booked. */
  spend(id: string, spending: Spending, options: CallOptions = {}): Promise<Booked> {
    const body = 'amount' in spending ? { ...spending, amount: toAmount(spending.amount) } : spending;
    return this.#post(`${accountPath(id)}/spend`, body, options);
  }

  /**
   * Many spends, each decided by itself, in the order given; 1,000 go in a request. A spend that is refused is a
   * result, not an error.
   */
  async spendMany(items: readonly SpendItem[], options: CallOptions = {}): Promise<readonly SpendResult[]> {
    // The ids are made once, so a repetition sends the same spends.
    const all = items.map((item) => ({
      ...item,
      id: item.id ?? randomUUID(),
      ...('amount' in item ? { amount: toAmount(item.amount) } : {}),
    }));
    const results: SpendResult[] = [];
    for (let from = 0; from < all.length; from += spendsMax) {
      const { body } = await this.#http.send<{ readonly results: readonly SpendResult[] }>({
        ...options,
        // Each item has a key of its own.
        idempotencyKey: undefined,
        unkeyed: true,
        method: 'POST',
        path: '/v1/spends',
        body: all.slice(from, from + spendsMax),
      });
      results.push(...body.results);
    }
    return results;
  }

  /** Reserves units until they are settled, released, or the time is over. */
  hold(
    id: string,
    hold: { readonly amount: Amount; readonly expires_in_s: number; readonly parent_hold_id?: string },
    options: CallOptions = {},
  ): Promise<Hold> {
    return this.#post(`${accountPath(id)}/holds`, { ...hold, amount: toAmount(hold.amount) }, options);
  }

  /**
   * Takes what was used of a hold, an amount or usage, and gives the rest back. @throws ConflictError with the first
   * outcome when it has ended.
   */
  settle(holdId: string, used: Amount | { readonly usage: Usage }, options: CallOptions = {}): Promise<EndedHold> {
    const body = typeof used === 'object' ? { usage: used.usage } : { amount: toAmount(used) };
    return this.#post(`/v1/holds/${encodeURIComponent(holdId)}/settle`, body, options);
  }

  extend(holdId: string, amount: Amount, options: CallOptions = {}): Promise<EndedHold> {
    return this.#post(`/v1/holds/${encodeURIComponent(holdId)}/extend`, { amount: toAmount(amount) }, options);
  }

  release(holdId: string, options: CallOptions = {}): Promise<EndedHold> {
    return this.#post(`/v1/holds/${encodeURIComponent(holdId)}/release`, undefined, options);
  }

  /** Gives back a part of an entry, or all that is left of it, by another entry that names it (scope `admin`). */
  correct(
    entryId: string,
    correction: { readonly reason: string; readonly amount?: Amount },
    options: CallOptions = {},
  ): Promise<Booked> {
    const body = { ...correction, ...(correction.amount === undefined ? {} : { amount: toAmount(correction.amount) }) };
    return this.#post(`/v1/entries/${encodeURIComponent(entryId)}/correct`, body, options);
  }

  /** Rate version, inputs, and each step of the arithmetic. */
  async explain(entryId: string, options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return (
      await this.#http.send<Record<string, unknown>>({
        ...options,
        method: 'GET',
        path: `/v1/entries/${encodeURIComponent(entryId)}/explain`,
      })
    ).body;
  }

  /** Inclusion proof and seal: a receipt. @throws ConflictError NOT_SEALED_YET within the first second. */
  async proof(entryId: string, options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return (
      await this.#http.send<Record<string, unknown>>({
        ...options,
        method: 'GET',
        path: `/v1/entries/${encodeURIComponent(entryId)}/proof`,
      })
    ).body;
  }

  async #post<Body>(path: string, body: unknown, options: CallOptions): Promise<Body> {
    return (await this.#http.send<Body>({ ...options, method: 'POST', path, body })).body;
  }
}
