import type { AccountView, Answer, EntryView, LedgerQueries, LedgerRequest } from '@tollgate/contracts';
import { recordHeaders } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { AnswerReceiver, EventLog, OutgoingRecord } from '@tollgate/messaging';

const partitions = 8;
const now = '2026-01-01T00:00:00.000Z';

type Account = { view: AccountView; seq: number };

/**
 * Answers as the contract says, for the gateway alone: wallets and licence keys without lots, holds or time. What the
 * ledger really does is proved in its own specs and end to end.
 */
export class LedgerStandIn implements AnswerReceiver {
  readonly replyTo = 'stand-in';
  readonly accounts = new Map<string, Account>();
  readonly known = new Map<string, { hash: string | undefined; answer: Answer }>();
  readonly records: OutgoingRecord[] = [];
  /** Accounts of holds, by the hold's id. */
  readonly holds = new Map<string, string>();
  logDown = false;
  silent = false;
  #listener: Parameters<AnswerReceiver['onAnswers']>[0] = () => undefined;

  onAnswers(listener: Parameters<AnswerReceiver['onAnswers']>[0]): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {}

  get requests(): LedgerRequest[] {
    return this.records.map(({ value }) => JSON.parse(value) as LedgerRequest);
  }

  readonly log = {
    append: async (records: readonly OutgoingRecord[]) => {
      if (this.logDown) throw new AppError('unavailable', 'LOG_UNAVAILABLE', 'the log does not answer');
      const appended = records.map(({ partition }, index) => ({ partition, offset: this.records.length + index }));
      this.records.push(...records);
      for (const record of records) {
        const answer = this.#decide(JSON.parse(record.value) as LedgerRequest);
        const waiter = record.headers?.[recordHeaders.waiter];
        if (waiter !== undefined && !this.silent) setImmediate(() => this.#listener([[Number(waiter), answer]]));
      }
      return appended;
    },
    describe: async () => ({
      topicId: 't',
      partitions: Array.from({ length: partitions }, (_, partition) => ({ partition, start: 0, end: 0 })),
    }),
    check: async () => {
      if (this.logDown) throw new Error('the log does not answer');
    },
  } as unknown as EventLog;

  readonly queries = {
    account: async ({ id }: { id: string }) => this.accounts.get(id)?.view ?? null,
    partitions: async () => [{ partition: 0, state: 'owned', epoch: '1', next_offset: '0', last_seq: '0' }],
    accounts: async ({ under }: { under?: string }) => ({
      items: [...this.accounts]
        .filter(([id]) => under === undefined || id === under || id.startsWith(`${under}/`))
        .map(([, { view }]) => view),
      next: null,
    }),
    entries: async () => ({ items: [], next: null, total: 0 }),
    entry: async () => null,
    ownedSince: async ({ account, owner }: { account: string; owner: string }) =>
      this.accounts.get(account)?.view.owner === owner ? { seq: '1', recorded_at: now } : null,
    holdAccount: async ({ id }: { id: string }) => this.holds.get(id) ?? null,
  } as unknown as LedgerQueries;

  #decide(request: LedgerRequest): Answer {
    const identity = `${request.account}|${request.source}|${request.id}`;
    const first = this.known.get(identity);
    if (first !== undefined && first.hash !== request.hash) return this.#refuse(request, 'IDEMPOTENCY_KEY_REUSED');
    if (first !== undefined) return { ...first.answer, replayed: true };
    const answer = this.#book(request);
    if (answer.outcome === 'booked') this.known.set(identity, { hash: request.hash, answer });
    return answer;
  }

  #book(request: LedgerRequest): Answer {
    const { account: id } = request;
    const account = this.accounts.get(id);
    if (request.type === 'open') {
      const { kind, unit, owner, grant, status } = request.data;
      if (account !== undefined)
        return account.view.kind === kind
          ? { outcome: 'unchanged', replayed: false, account: id }
          : this.#refuse(request, 'ACCOUNT_KIND_CONFLICT');
      const balance = grant ?? '0';
      const view: AccountView = {
        id,
        kind,
        unit,
        status: status ?? 'active',
        owner: owner ?? null,
        balance,
        held: '0',
        available: balance,
        used: '0',
        used_total: '0',
        settings: {},
        as_of: { seq: '1', recorded_at: now },
        lots: [],
        holds: [],
        limits: [],
        opened_at: now,
      };
      this.accounts.set(id, { view, seq: 1 });
      return { outcome: 'booked', replayed: false, account: id, state: view };
    }
    if (account === undefined)
      return this.#refuse(request, request.account === '' ? 'HOLD_UNKNOWN' : 'ACCOUNT_UNKNOWN');
    if (request.type === 'change') {
      const { if_owner: ifOwner, owner, status, balance } = request.data;
      if (ifOwner !== undefined && account.view.owner !== ifOwner) return this.#refuse(request, 'NOT_OWNER');
      const changed = {
        ...(owner === undefined ? {} : { owner }),
        ...(status === undefined ? {} : { status }),
        ...(balance === undefined ? {} : { balance, available: balance }),
      };
      account.view = { ...account.view, ...changed };
      return { outcome: 'booked', replayed: false, account: id, state: account.view };
    }
    if (request.type === 'grant') return this.#post(request, account, BigInt(request.data.amount));
    if (request.type !== 'spend') return { outcome: 'unchanged', replayed: false, account: id };
    const { amount = '1', actor } = request.data;
    if (actor !== undefined && account.view.owner !== actor) return this.#refuse(request, 'NOT_OWNER');
    if (account.view.status === 'inactive') return this.#refuse(request, 'ACCOUNT_INACTIVE');
    if (account.view.kind !== 'metered' && BigInt(account.view.balance) < BigInt(amount)) {
      const refusal = { account: id, asked: amount, available: account.view.balance };
      return {
        ...this.#refuse(request, 'ALLOWANCE_EXHAUSTED'),
        problem: { code: 'ALLOWANCE_EXHAUSTED', detail: 'not enough', refusal },
      };
    }
    return this.#post(request, account, -BigInt(amount));
  }

  #post(request: LedgerRequest, account: Account, amount: bigint): Answer {
    account.seq += 1;
    const balance = String(BigInt(account.view.balance) + amount);
    account.view = { ...account.view, balance, available: balance };
    const entry: EntryView = {
      id: `1-${account.seq}`,
      account: account.view.id,
      seq: String(account.seq),
      kind: amount < 0n ? 'spent' : 'granted',
      amount: String(amount),
      balance_after: balance,
      held_after: '0',
      used_after: '0',
      unit: account.view.unit,
      contra: 'usage',
      source: request.source,
      request_id: request.id,
      ordinal: 0,
      occurred_at: now,
      recorded_at: now,
      offset: '0',
    };
    return {
      outcome: 'booked',
      replayed: false,
      account: account.view.id,
      entry,
      available: balance,
      state: account.view,
    };
  }

  #refuse(request: LedgerRequest, code: string): Answer {
    return {
      outcome: 'refused',
      replayed: false,
      account: request.account,
      problem: { code, detail: code.toLowerCase() },
    };
  }
}
