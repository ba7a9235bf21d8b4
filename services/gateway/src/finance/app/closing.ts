import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { BillingQueries, ClosingView, FinanceView } from '@tollgate/contracts';
import { AppError, canonicalJson, type Clock } from '@tollgate/kernel';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { type Caller, requestOf } from '../../ledger-client/app/requests.ts';
import { closedMonths, closedMonthsOpening } from '../../shared/domain/surface-account.ts';
import { type Check, checklist, monthEndMs, newestComparison, type Row, rowsOf, speaks } from './closing-checks.ts';
import { FinanceExports, type FinanceViews } from './finance-exports.ts';

type Parts = {
  readonly billing: Pick<BillingQueries, 'closings' | 'recordClosing' | 'closingBooked' | 'startReconciliation'>;
  readonly ledgerClient: Pick<LedgerClient, 'ask'>;
  readonly views: FinanceViews;
  readonly clock: Clock;
};
type Actor = Caller & { readonly actor: string; readonly address: string };
export type Month = {
  readonly period: string;
  readonly closed: boolean;
  readonly checklist: readonly Check[];
  readonly steps: readonly ClosingView[];
};

const compareMs = 20_000;
/** Everything committed before the moment that is kept is readable after this time. */
const settlesMs = 1_000;
/**
 * Views whose rows of the month are kept as a hash: of the CSV that `finance export <view> --month <m> --as-of <m>`
 * writes.
 */
const hashed: readonly FinanceView[] = ['charges', 'payments', 'refunds', 'revenue', 'usage'];

/** Closes months: checks what prevents it, keeps the figures, and puts their hash into the ledger. */
export class Closing {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  steps(): Promise<readonly ClosingView[]> {
    return this.#parts.billing.closings({});
  }

  /**
   * Resolves `as_of`: the moment at which a closed month was kept, or the given time.
   * @throws AppError('conflict', PERIOD_NOT_CLOSED)
   */
  async momentOf(asOf: string): Promise<string> {
    if (!/^\d{4}-\d\d$/.test(asOf)) return asOf;
    const last = (await this.#parts.billing.closings({ period: asOf })).at(-1);
    if (last?.as_of == null) throw new AppError('conflict', 'PERIOD_NOT_CLOSED', `the month ${asOf} is not closed`);
    return last.as_of;
  }

  async month(period: string): Promise<Month> {
    const steps = await this.#parts.billing.closings({ period });
    const closed = steps.at(-1)?.type === 'closed';
    return { period, closed, steps, checklist: closed ? [] : await this.#checks(period, 'asked') };
  }

  /**
   * Closes a month. A closed month is answered unchanged, byte for byte. After a crash the next call completes the
   * work.
   * @throws AppError('conflict', PERIOD_NOT_READY) with what prevents it.
   */
  async close(period: string, by: Actor): Promise<ClosingView> {
    const last = (await this.#parts.billing.closings({ period })).at(-1);
    if (last?.type === 'closed') return this.#booked(last, by);
    const open = (await this.#checks(period, await this.#compare(period))).filter((each) => each.open.length > 0);
    if (open.length > 0) {
      throw new AppError(
        'conflict',
        'PERIOD_NOT_READY',
        `${period} cannot be closed yet. ` +
          `${open.map(({ check, open: words }) => `${check}: ${words.join('; ')}`).join('. ')}`,
      );
    }
    const asOf = new Date(this.#parts.clock.nowMs() - 1).toISOString();
    await delay(settlesMs);
    const figures = await this.#figures(period, asOf);
    const kept = {
      period,
      type: 'closed' as const,
      as_of: asOf,
      figures,
      hash: sha256(figures),
      reason: null,
      by: by.actor,
      address: by.address,
    };
    return this.#booked(await this.#parts.billing.recordClosing(kept), by);
  }

  /** @throws AppError('conflict', PERIOD_NOT_CLOSED) */
  async reopen(period: string, reason: string, by: Actor): Promise<ClosingView> {
    const last = (await this.#parts.billing.closings({ period })).at(-1);
    // A crash came between the record and its entry.
    if (last?.type === 'reopened' && last.entry === null && last.reason === reason) return this.#booked(last, by);
    if (last?.type === 'closed') await this.#booked(last, by);
    const kept = {
      period,
      type: 'reopened' as const,
      as_of: null,
      figures: null,
      hash: null,
      reason,
      by: by.actor,
      address: by.address,
    };
    return this.#booked(await this.#parts.billing.recordClosing(kept), by);
  }

  #checks(period: string, compared: 'off' | 'asked'): Promise<readonly Check[]> {
    const { views, clock } = this.#parts;
    return checklist(views, { period, nowMs: clock.nowMs(), compared });
  }

  /** Compares with Stripe, unless a recent comparison found no difference. */
  async #compare(period: string): Promise<'off' | 'asked'> {
    const { views, clock, billing } = this.#parts;
    if (clock.nowMs() < monthEndMs(period) || speaks(await newestComparison(views, period), clock.nowMs()))
      return 'asked';
    try {
      await billing.startReconciliation({ period, wait_ms: compareMs });
      return 'asked';
    } catch (error) {
      if (error instanceof AppError && error.code === 'STRIPE_OFF') return 'off';
      throw error;
    }
  }

  /** Canonical JSON: equal figures give equal bytes. */
  async #figures(period: string, asOf: string): Promise<string> {
    const { views } = this.#parts;
    const all = async (view: FinanceView, month?: string): Promise<readonly Row[]> => {
      const rows: Row[] = [];
      for await (const row of rowsOf(views, { view, asOf, ...(month === undefined ? {} : { month }) })) rows.push(row);
      return rows;
    };
    const exported = await Promise.all(
      hashed.map(async (view) => [view, await this.#digest(view, period, asOf)] as const),
    );
    return canonicalJson({
      period,
      as_of: asOf,
      revenue: await all('revenue', period),
      cash: await this.#sums('cash', period, asOf),
      open_receivables: await this.#sums('open_receivables', period, asOf),
      trial_balance: await all('trial_balance'),
      exports: Object.fromEntries(exported),
    });
  }

  /** Sums by currency and kind. */
  async #sums(view: 'cash' | 'open_receivables', period: string, asOf: string): Promise<readonly Row[]> {
    const sums = new Map<string, { currency: string; kind: string; count: number; amount: bigint }>();
    for await (const row of rowsOf(this.#parts.views, { view, month: period, asOf })) {
      const [currency, kind] = [String(row['currency']), String(row['kind'])];
      const sum = sums.get(`${currency} ${kind}`) ?? { currency, kind, count: 0, amount: 0n };
      sums.set(`${currency} ${kind}`, {
        ...sum,
        count: sum.count + 1,
        amount: sum.amount + BigInt(String(row['amount_minor'])),
      });
    }
    return [...sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { currency, kind, count, amount }]) => ({ currency, kind, count, amount_minor: String(amount) }));
  }

  async #digest(view: FinanceView, month: string, asOf: string): Promise<string> {
    const hash = createHash('sha256');
    const gone = new AbortController();
    const { text, close } = await new FinanceExports(this.#parts.views).open({ view, month, asOf }, 'csv', gone.signal);
    try {
      for await (const piece of text) hash.update(piece);
    } finally {
      await close();
      gone.abort();
    }
    return hash.digest('hex');
  }

  /**
   * Writes the step's entry to the ledger, under an id that contains period, number and hash, so that the sealed entry
   * commits to them.
   */
  async #booked(step: ClosingView, by: Actor): Promise<ClosingView> {
    if (step.entry !== null) return step;
    const { ledgerClient, billing } = this.#parts;
    const account = closedMonths;
    const { period, number, type, hash, reason } = step;
    const { kind, unit, settings } = closedMonthsOpening;
    await ledgerClient.ask(
      requestOf(
        { type: 'open', operation: 'closing-open', account, data: { kind, unit, settings }, content: null },
        { key: 'open' },
      ),
    );
    const said = { account, content: { period, number, type, hash }, words: { reason: reason ?? `${period} closed` } };
    const caller = {
      key: `${period}:${number}:${hash ?? type}`,
      correlation: by.correlation,
      actor: by.actor,
      address: by.address,
    };
    const asked =
      type === 'closed'
        ? requestOf({ type: 'grant', operation: 'close-month', data: { amount: '1' }, ...said }, caller)
        : requestOf({ type: 'spend', operation: 'reopen-month', data: { amount: '1' }, ...said }, caller);
    const answer = await ledgerClient.ask(asked);
    if (answer.entry === undefined)
      throw new AppError(
        'unavailable',
        'LEDGER_UNAVAILABLE',
        `the ledger did not book the step: ${answer.problem?.detail ?? answer.outcome}`,
      );
    return billing.closingBooked({ period, number, entry: answer.entry.id });
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
