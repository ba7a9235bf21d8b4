import type { Account } from '../domain/account/account.ts';
import { inconsistency, keepsLots } from '../domain/account/account.ts';
import { lotNumbered } from '../domain/account/open-lots.ts';
import type { Entry } from '../domain/entry.ts';
import { evolve, openedBy } from '../domain/evolve.ts';
import { settingsView } from '../domain/views.ts';

export type Drift = { readonly partition: number; readonly what: string };

/** Folds a partition's entries from the first on, and notes everything that does not add up. */
export class Folded {
  readonly partition: number;
  readonly accounts = new Map<number, Account>();
  readonly drifts: Drift[] = [];
  /** Balances less the sum of all entries: zero by construction, so any other figure means a changed row. */
  trialBalance = 0n;
  lastSeq = 0;
  entries = 0;
  #amounts = 0n;

  constructor(partition: number) {
    this.partition = partition;
  }

  add(entry: Entry): void {
    this.entries++;
    if (entry.partitionSeq !== this.lastSeq + 1)
      this.note(`entries ${this.lastSeq + 1} to ${entry.partitionSeq - 1} are missing`);
    this.lastSeq = entry.partitionSeq;
    const account = this.accounts.get(entry.ref) ?? (entry.opened ? openedBy(entry, entry.opened.openedMs) : undefined);
    if (!account)
      return this.note(`entry ${this.partition}-${entry.partitionSeq} is of an account that was never opened`);
    this.accounts.set(entry.ref, account);
    this.#check(account, entry);
    evolve(account, entry);
    this.#amounts += entry.amount;
  }

  /** Checks the parts of every account, after all entries were added. */
  finish(): void {
    let balances = 0n;
    for (const account of this.accounts.values()) {
      balances += account.balance;
      const problem = inconsistency(account);
      if (problem !== null) this.note(`${account.id}: ${problem}`);
    }
    this.trialBalance = balances - this.#amounts;
    if (this.trialBalance !== 0n) this.note(`balances sum to ${balances}, entries to ${this.#amounts}`);
  }

  #check(account: Account, entry: Entry): void {
    const where = `${account.id} entry ${entry.seq}`;
    if (entry.seq !== account.seq + 1) this.note(`${where}: entry ${account.seq + 1} is missing`);
    if (entry.balanceAfter !== account.balance + entry.amount)
      this.note(`${where}: ${account.balance} and ${entry.amount} are not ${entry.balanceAfter}`);
    if (entry.amount !== 0n && entry.contra === 'none') this.note(`${where}: an amount without a contra account`);
    if (entry.recordedMs < account.lastRecordedMs) this.note(`${where}: recorded before the entry before it`);
    if ((!keepsLots(account.kind) && account.kind !== 'metered') || entry.amount >= 0n || entry.lot === null) return;
    const lot = lotNumbered(account.lots, entry.lot);
    const moved = lot && entry.lotLeft !== null ? entry.lotLeft - lot.left : null;
    if (moved !== null && moved !== entry.amount && moved !== 0n)
      this.note(`${where}: lot ${entry.lot} moved by ${moved}, the entry by ${entry.amount}`);
  }

  note(what: string): void {
    this.drifts.push({ partition: this.partition, what });
  }
}

/** The differences between a folded account and the same account as loaded from its rows. */
export function differences(folded: Account, loaded: Account, says = 'its entries say'): readonly string[] {
  const [a, b] = [comparable(folded), comparable(loaded)];
  return Object.keys(a)
    .filter((name) => a[name] !== b[name])
    .map((name) => `${folded.id}: ${name} is ${b[name]}, ${says} ${a[name]}`);
}

function comparable(account: Account): Record<string, string> {
  const { terms, counter, earlier } = account;
  const counterText = (one: Account['counter'] | null): string =>
    one?.period
      ? `${one.period.startMs} ${one.period.endMs} ${one.used} ${one.highWater} ${one.usedBefore}`
      : String(one?.used ?? '');
  return {
    id: account.id,
    kind: account.kind,
    unit: account.unit,
    seq: String(account.seq),
    balance: String(account.balance),
    held: String(account.held),
    used: counterText(counter),
    'used earlier': earlier?.period ? counterText(earlier) : '',
    status: terms.status,
    owner: terms.owner ?? '',
    settings: JSON.stringify(settingsView(terms.settings)),
    'limit fetched': String(terms.limitFetchedMs),
    due: String(account.dueMs),
    lots: [...account.lots]
      .map(({ lot, left, priority, expiresMs, purchased }) => `${lot}:${left}:${priority}:${expiresMs}:${purchased}`)
      .join(' '),
    limits: account.limitCounts
      .map(
        ({ period, used, earlier }) =>
          `${period.startMs} ${period.endMs} ${used} ` +
          `${earlier ? `${earlier.period.startMs} ${earlier.period.endMs} ${earlier.used}` : ''}`,
      )
      .join(', '),
    holds: [...account.holds]
      .map(({ hold, amount, expiresMs, parent }) => `${hold}:${amount}:${expiresMs}:${parent}`)
      .sort()
      .join(' '),
  };
}
