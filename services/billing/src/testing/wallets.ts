import { topics } from '@tollgate/contracts';
import type { EventLog } from '@tollgate/messaging';

import type { TopUpLedger } from '../topups/app/ports.ts';

/** Of a ledger without wallets. */
export const noWallets: TopUpLedger = {
  account: () => Promise.resolve(null),
  walletsBelow: () => Promise.resolve([]),
  requestOutcomes: ({ requests }) => Promise.resolve(requests.map(() => ({ state: 'unknown' }))),
};

/** Wallets as the ledger would keep them: grants of top-ups are booked from the log, each id once. */
export class Wallets {
  readonly balances = new Map<string, bigint>();
  /** Accounts that are closed: the ledger refuses their grants. */
  readonly refusing = new Set<string>();
  /** How often each was looked at. */
  readonly looks = new Map<string, number>();
  /** Ids of grants that were booked, with how often the log has them. */
  readonly grants = new Map<string, number>();
  readonly #log: EventLog;
  readonly #read = new Map<number, number>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  spend(account: string, units = 1n): void {
    this.balances.set(account, (this.balances.get(account) ?? 0n) - units);
  }

  get ledger(): TopUpLedger {
    return {
      account: ({ id }) => {
        const balance = this.balances.get(id);
        const status = this.refusing.has(id) ? 'closed' : 'active';
        const wallet = { id, kind: 'wallet', status, balance: String(balance), held: '0' };
        return Promise.resolve(balance === undefined ? null : (wallet as Awaited<ReturnType<TopUpLedger['account']>>));
      },
      walletsBelow: async ({ wallets }) => {
        await this.#book();
        for (const { account } of wallets) this.looks.set(account, (this.looks.get(account) ?? 0) + 1);
        return wallets.flatMap(({ account, below }) => {
          const available = this.balances.get(account);
          return available !== undefined && available < BigInt(below)
            ? [{ account, available: String(available) }]
            : [];
        });
      },
      requestOutcomes: async ({ requests }) => {
        await this.#book();
        return requests.map(({ account, id }) =>
          this.refusing.has(account) && this.grants.has(id)
            ? { state: 'refused', code: 'ACCOUNT_CLOSED' }
            : { state: this.grants.has(id) ? 'booked' : 'unknown' },
        );
      },
    };
  }

  async #book(): Promise<void> {
    const { partitions } = await this.#log.describe(topics.usageEvents);
    for (const { partition } of partitions) {
      for await (const records of this.#log.read({
        topic: topics.usageEvents,
        partition,
        from: this.#read.get(partition) ?? 0,
      })) {
        for (const { offset, value } of records) {
          if ((this.#read.get(partition) ?? 0) > offset) continue;
          this.#read.set(partition, offset + 1);
          const request = JSON.parse(String(value)) as {
            source: string;
            id: string;
            account: string;
            data: { amount: string };
          };
          if (request.source === 'topup') this.#grant(request);
        }
      }
    }
  }

  #grant({ id, account, data }: { id: string; account: string; data: { amount: string } }): void {
    const times = this.grants.get(id) ?? 0;
    this.grants.set(id, times + 1);
    if (times === 0 && !this.refusing.has(account))
      this.balances.set(account, (this.balances.get(account) ?? 0n) + BigInt(data.amount));
  }
}
