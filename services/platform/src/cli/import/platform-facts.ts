import type { AccountView, Answer } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { RateCard } from '@tollgate/pricing';
import { countUsage, parseRateCard, quantitiesOf, rateUsage } from '@tollgate/pricing';

import type { Api } from '../api.ts';
import { CommandFailed } from '../output.ts';
import type { UsageEvent } from './usage-row.ts';

type Version = {
  readonly version: number;
  readonly effective_from: string;
  readonly content: unknown;
  readonly status: string;
};
type Looked = Pick<AccountView, 'kind' | 'status'>;
/** What takes no usage, whatever is asked. */
const refusing: ReadonlySet<string> = new Set(['suspended', 'closed', 'frozen', 'inactive']);

/** What a row would be refused for, as far as it can be known before anything is booked; else what it would come to. */
export type Foreseen =
  { readonly fault: string; readonly about: 'account' | 'usage' } | { readonly amount: bigint | null };

/** Accounts that are looked up one by one; of more, the booking itself tells. */
const accountsMax = 10_000;

/** The platform's time, accounts and prices, so that a whole file can be checked before its first row is booked. */
export class PlatformFacts {
  readonly nowMs: number;
  readonly #api: Api;
  readonly #card: RateCard | null;
  readonly #accounts = new Map<string, Looked | null>();

  private constructor(api: Api, nowMs: number, card: RateCard | null) {
    this.#api = api;
    this.nowMs = nowMs;
    this.#card = card;
  }

  static async read(api: Api): Promise<PlatformFacts> {
    const clock = await mayRead(api.send<{ readonly now: string }>('GET', '/v1/test-clock'));
    const nowMs = clock ? Date.parse(clock.now) : Date.now();
    return new PlatformFacts(api, nowMs, await cardInForce(api, nowMs));
  }

  async foresee({ subject, data, type }: UsageEvent): Promise<Foreseen> {
    const account = await this.#look(subject);
    if (account === null) return { about: 'account', fault: `there is no account ${subject}` };
    if (account !== undefined && refusing.has(account.status))
      return { about: 'account', fault: `the account ${subject} is ${account.status}` };
    if (account === undefined || this.#card === null) return { amount: null };
    const { model } = data;
    const usage = { model: model === undefined ? undefined : String(model), quantities: quantitiesOf(data) };
    try {
      const counts = account.kind === 'metered' || account.kind === 'quota';
      const amount = counts ? countUsage(this.#card, type, usage) : rateUsage(this.#card, type, usage)?.cost;
      return amount === undefined
        ? { about: 'usage', fault: `no rate is in force for ${usage.model ?? type}` }
        : { amount: -amount };
    } catch (error) {
      if (error instanceof AppError) return { about: 'usage', fault: `${error.code}: ${error.message}` };
      throw error;
    }
  }

  /** null: there is no such account; undefined: not looked up. */
  async #look(id: string): Promise<Looked | null | undefined> {
    const known = this.#accounts.get(id);
    if (known !== undefined || this.#accounts.size >= accountsMax) return known;
    const view = await mayRead(this.#api.send<Looked>('GET', `/v1/accounts/${encodeURIComponent(id)}`));
    if (view === null) return undefined;
    this.#accounts.set(id, view ?? null);
    return view ?? null;
  }
}

/** null: the key may not read the catalog, so prices are seen at the booking only. */
async function cardInForce(api: Api, nowMs: number): Promise<RateCard | null> {
  const found = await mayRead(
    api.send<{ readonly items: readonly Version[] }>('GET', '/api/admin/catalog/rate-cards?name=default'),
  );
  const inForce = (found?.items ?? [])
    .filter(({ effective_from: from }) => Date.parse(from) <= nowMs)
    .sort((a, b) => Date.parse(b.effective_from) - Date.parse(a.effective_from) || b.version - a.version)[0];
  return inForce === undefined ? null : parseRateCard(inForce.content);
}

/** null where the key may not read it: what cannot be foreseen is told at the booking. */
async function mayRead<Answer>(asked: Promise<Answer | undefined>): Promise<Answer | undefined | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof CommandFailed && error.status === 403) return null;
    throw error;
  }
}

export type BookedEvent = {
  readonly id: string;
  readonly status: 'booked' | 'duplicate' | 'refused';
  readonly entry?: { readonly amount: string };
  readonly problem?: Partial<NonNullable<Answer['problem']>>;
};
