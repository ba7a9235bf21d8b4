import type { UsagePeriodView } from '@tollgate/contracts';
import { decimalAmount } from '@tollgate/pricing';

/** A row of finance's receivables ledger (docs/finance.md). Positive: the customer owes it. */
export type LedgerLine = {
  readonly currency: string;
  readonly at: string;
  readonly month: string;
  readonly kind: LineKind;
  readonly description: string;
  readonly reference: string;
  readonly amount_minor: string;
};
export type LineKind = 'usage' | 'fee' | 'top_up' | 'write_off' | 'credit' | 'payment' | 'refund';
export type Money = { readonly amount_minor: string; readonly amount: string };
export type StatementLine = Omit<LedgerLine, 'currency'> & Money;

/**
 * What a customer used, was charged, paid and had back in a month, in one currency: `closing` = `opening` + all lines.
 */
export type StatementAccount = {
  readonly currency: string;
  readonly opening: Money;
  readonly usage: Money;
  readonly fees: Money;
  readonly top_ups: Money;
  readonly credits: Money;
  readonly payments: Money;
  readonly refunds: Money;
  readonly closing: Money;
  readonly lines: readonly StatementLine[];
};
export type CustomerStatement = {
  readonly user_id: string;
  readonly period: string;
  readonly from: string;
  readonly to: string;
  readonly plan: { readonly name: string | null; readonly version: number } | null;
  readonly usage: {
    readonly used: string;
    readonly included: string;
    readonly beyond: string;
    readonly blocks: readonly (Money & {
      readonly block: string;
      readonly billing_tier: string;
      readonly plan: string;
      readonly plan_version: number;
      readonly currency: string;
      readonly charge_id: string;
    })[];
  } | null;
  readonly accounts: readonly StatementAccount[];
};

type Totals = {
  opening: bigint;
  usage: bigint;
  fees: bigint;
  top_ups: bigint;
  credits: bigint;
  payments: bigint;
  refunds: bigint;
  lines: StatementLine[];
};
const sides: Readonly<Record<LineKind, 'usage' | 'fees' | 'top_ups' | 'credits' | 'payments' | 'refunds'>> = {
  usage: 'usage',
  fee: 'fees',
  top_up: 'top_ups',
  write_off: 'credits',
  credit: 'credits',
  payment: 'payments',
  refund: 'refunds',
};

/**
 * Blocks and fees count in the month that they are for; credits, payments and refunds in the month in which they were
 * made.
 */
export class StatementOfMonth {
  readonly #of: {
    readonly userId: string;
    readonly period: string;
    readonly fromMs: number;
    readonly toMs: number;
  };
  readonly #totals = new Map<string, Totals>();

  constructor(of: {
    readonly userId: string;
    readonly period: string;
    readonly fromMs: number;
    readonly toMs: number;
  }) {
    this.#of = of;
  }

  /** Call for every line of the customer, in order of time. */
  add(line: LedgerLine): void {
    const place = this.#placeOf(line);
    if (place === 'later') return;
    const totals = this.#totalsOf(line.currency);
    const amount = BigInt(line.amount_minor);
    if (place === 'earlier') {
      totals.opening += amount;
      return;
    }
    totals[sides[line.kind]] += amount;
    const { at, month, kind, description, reference } = line;
    totals.lines.push({
      at: new Date(at).toISOString(),
      month,
      kind,
      description,
      reference,
      ...moneyOf(amount, line.currency),
    });
  }

  /** `usage`: the month's usage from the ledger; null: the customer has none. */
  end(usage: UsagePeriodView | null): CustomerStatement {
    const { userId, period, fromMs, toMs } = this.#of;
    if (usage !== null) this.#totalsOf(usage.plan.currency);
    return {
      user_id: userId,
      period,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      plan: usage === null ? null : { name: usage.plan.name, version: usage.plan.version },
      usage: usage === null ? null : usageOf(usage),
      accounts: [...this.#totals]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([currency, totals]) => accountOf(currency, totals)),
    };
  }

  #placeOf({ kind, at, month }: LedgerLine): 'earlier' | 'here' | 'later' {
    if (kind === 'usage' || kind === 'fee')
      return month < this.#of.period ? 'earlier' : month === this.#of.period ? 'here' : 'later';
    const ms = Date.parse(at);
    if (ms < this.#of.fromMs) return 'earlier';
    return ms < this.#of.toMs ? 'here' : 'later';
  }

  #totalsOf(currency: string): Totals {
    const known = this.#totals.get(currency) ?? {
      opening: 0n,
      usage: 0n,
      fees: 0n,
      top_ups: 0n,
      credits: 0n,
      payments: 0n,
      refunds: 0n,
      lines: [],
    };
    this.#totals.set(currency, known);
    return known;
  }
}

const moneyOf = (amount: bigint, currency: string): Money => ({
  amount_minor: String(amount),
  amount: decimalAmount(amount, currency),
});

function usageOf({ used, plan, crossings }: UsagePeriodView): NonNullable<CustomerStatement['usage']> {
  const beyond = BigInt(used) - BigInt(plan.included);
  return {
    used,
    included: plan.included,
    beyond: String(beyond < 0n ? 0n : beyond),
    blocks: crossings.map(({ block, billing_tier, plan: name, plan_version, currency, charge_id, amount_minor }) => ({
      block,
      billing_tier,
      plan: name,
      plan_version,
      currency,
      charge_id,
      ...moneyOf(BigInt(amount_minor), currency),
    })),
  };
}

function accountOf(
  currency: string,
  { opening, usage, fees, top_ups: topUps, credits, payments, refunds, lines }: Totals,
): StatementAccount {
  const shown = (amount: bigint): Money => moneyOf(amount, currency);
  return {
    currency,
    opening: shown(opening),
    usage: shown(usage),
    fees: shown(fees),
    top_ups: shown(topUps),
    credits: shown(credits),
    payments: shown(payments),
    refunds: shown(refunds),
    closing: shown(opening + usage + fees + topUps + credits + payments + refunds),
    lines,
  };
}
