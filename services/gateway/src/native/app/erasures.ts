import type { ErasedDetails, LedgerQueries } from '@tollgate/contracts';

import { surfacesOf } from '../../shared/domain/account-id.ts';

export type ErasedHere = {
  readonly operations: number;
  readonly image_submits: number;
  readonly queued_usage: number;
  readonly logins: number;
  /** Operations in progress, which are not erased. They end within minutes. */
  readonly operations_under_way: number;
};
/** Port: the gateway's copies of details. */
export interface ErasureStore {
  erase(of: {
    readonly accounts: readonly string[];
    readonly users: readonly string[];
    readonly login: string | null;
  }): Promise<ErasedHere>;
}

export type Erasure = {
  readonly accounts: readonly string[];
  readonly erased: Omit<ErasedHere, 'operations_under_way'> & { readonly entries: number };
  readonly operations_under_way: number;
  readonly proofs: { readonly seals: number; readonly problems: readonly string[] };
  /** The log holds the details below these offsets until it is pruned. */
  readonly prune: ErasedDetails['prune'];
};

type Parts = { readonly store: ErasureStore; readonly ledger: Pick<LedgerQueries, 'eraseDetails'> };

const metered = 'metered:';
const userOf = (account: string): string => account.slice(metered.length).replaceAll('%2F', '/').replaceAll('%25', '%');

/**
 * Erases the details of entries and every copy of them: in the books and in the gateway's rows (webhooks carry none).
 * Amounts and ids stay. Every step may be repeated. Entries booked meanwhile are not covered; a repeat finds them.
 */
export class Erasures {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async erase(of: { readonly account: string } | { readonly user: string }): Promise<Erasure> {
    const user = 'user' in of ? of.user : null;
    const named = 'user' in of ? surfacesOf(of.user) : [of.account];
    let [entries, seals] = [0, 0];
    const problems: string[] = [];
    let page: ErasedDetails | null = null;
    do {
      page = await this.#parts.ledger.eraseDetails({
        accounts: named,
        ...(user === null ? {} : { owner: user }),
        ...(page?.next == null ? {} : { after: page.next }),
      });
      entries += page.erased;
      seals += page.seals;
      problems.push(...page.problems);
    } while (page.next !== null);
    // Rows may name accounts that do not exist.
    const accounts = [...new Set([...named, ...page.accounts])];
    const users = [
      ...new Set([...(user === null ? [] : [user]), ...named.filter((id) => id.startsWith(metered)).map(userOf)]),
    ];
    const { operations_under_way: underWay, ...here } = await this.#parts.store.erase({ accounts, users, login: user });
    return {
      accounts: page.accounts,
      erased: { entries, ...here },
      operations_under_way: underWay,
      proofs: { seals, problems },
      prune: page.prune,
    };
  }
}
