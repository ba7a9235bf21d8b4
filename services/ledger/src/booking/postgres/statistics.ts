import type { Pool } from 'pg';

const analyze =
  'analyze ledger.entries, ledger.accounts, ledger.account_terms, ledger.lots, ledger.holds, ' +
  'ledger.counters, ledger.names, ledger.details';
const firstAt = 1_000;

/** Refreshes the planner's statistics as new books grow tenfold; afterwards the server does it by itself. */
export class BookStatistics {
  readonly #pool: Pool;
  readonly #failed: (error: unknown) => void;
  #entries = 0;
  #next = firstAt;

  constructor(pool: Pool, failed: (error: unknown) => void) {
    this.#pool = pool;
    this.#failed = failed;
  }

  committed(entries: number): void {
    this.#entries += entries;
    if (this.#entries < this.#next) return;
    this.#next = this.#entries * 10;
    this.#pool.query(analyze).catch(this.#failed);
  }
}
