import type { CrossingEntered } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { overageBlocks } from '@tollgate/pricing';

import type { PlanOf } from '../../catalog/app/catalog-ports.ts';
import type { ChargeStore } from '../../charges/app/charge-ports.ts';
import type { FeePlanOf } from '../../subscriptions/app/fee-plan.ts';
import type { Difference } from '../domain/difference.ts';
import { compareFee, compareInvoice } from '../domain/reconciled-invoices.ts';
import { compareRefund } from '../domain/reconciled-refunds.ts';
import { compareTopUps } from '../domain/reconciled-top-ups.ts';
import { compareCharge, compareStranger, missingCharge } from '../domain/reconciliation.ts';
import type {
  ComparedCharge,
  CrossingsOfLedger,
  FoundCrossing,
  Page,
  ReconcileRun,
  ReconcileStep,
  ReconcileStore,
  StripeBooks,
} from './reconcile-ports.ts';

export type StepParts = {
  readonly store: ReconcileStore;
  readonly stripe: StripeBooks;
  readonly ledger: CrossingsOfLedger;
  readonly charges: Pick<ChargeStore, 'byIds'>;
  readonly clock: Clock;
  readonly planOf: PlanOf;
  readonly feePlanOf: FeePlanOf;
};
type Step = (parts: StepParts, run: ReconcileRun) => Promise<Page>;

/** Rows of the books in memory at once. */
const rowsMax = 500;
const crossingsMax = 1_000;
/** Recent changes may still be on their way between Stripe, the ledger and billing; the next run compares them. */
const settlesWithinMs = 60_000;

/** The next page of each step. What seems to differ is read once more, and counts only if it still does. */
export const readingSteps: Readonly<Record<Exclude<ReconcileStep, 'fixes'>, Step>> = {
  payments: async ({ stripe }, run) => {
    const { items, ...page } = await stripe.payments(run, run.cursor);
    return { ...page, found: items.map((payment) => ({ kind: 'payment', payment })) };
  },
  invoice_payments: async ({ stripe }, run) => {
    const { items, ...page } = await stripe.invoicePayments(run, run.cursor);
    return { ...page, found: items.map((paymentIntent) => ({ kind: 'invoice_payment', paymentIntent })) };
  },
  invoices: async ({ stripe }, run) => {
    const { items, ...page } = await stripe.invoices(run, run.cursor);
    return { ...page, found: items.map((invoice) => ({ kind: 'invoice', invoice })) };
  },
  refunds: async ({ stripe }, run) => {
    const { items, ...page } = await stripe.refunds(run, run.cursor);
    return { ...page, found: items.map((refund) => ({ kind: 'refund', refund })) };
  },
  crossings: async ({ ledger }, run) => {
    const [from, to] = [run.starts.startMs, run.starts.endMs].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ];
    const { items, next } = await ledger.crossings({
      from,
      to,
      limit: crossingsMax,
      ...(run.cursor === null ? {} : { after: run.cursor }),
    });
    return { found: items.map((item) => ({ kind: 'crossing', crossing: fromView(item) })), read: items.length, next };
  },
  charges: async (parts, run) => {
    const rows = await parts.store.charges(run, rowsMax);
    const looked = await each(rows, async (row) => (isSame(row, parts.clock.nowMs()) ? none : secondLook(parts, row)));
    return pageOf(looked, rows, ({ charge }) => charge.id);
  },
  strangers: async (parts, run) => {
    const rows = await parts.store.strangers(run, rowsMax);
    const looked = await each(rows, async ({ id }): Promise<Looked> => {
      const payment = await parts.stripe.payment(id);
      if (payment === null) return none;
      const known =
        payment.chargeId === null
          ? await parts.stripe.isOfInvoice(id)
          : (await parts.charges.byIds([payment.chargeId])).length > 0;
      return known ? none : { differences: listed(compareStranger(payment)) };
    });
    return pageOf(looked, rows, ({ id }) => id);
  },
  top_ups: async (parts, run) => {
    const rows = await parts.store.topUps(run, rowsMax);
    const looked = await each(rows, async ({ books, payments }): Promise<Looked> => {
      if (compareTopUps(books, payments).length === 0) return none;
      const ids = new Set([
        ...payments.map(({ id }) => id),
        ...(books?.paymentIntent == null ? [] : [books.paymentIntent]),
      ]);
      const now = await Promise.all([...ids].map((id) => parts.stripe.payment(id)));
      return {
        differences: compareTopUps(
          books,
          now.filter((payment) => payment !== null),
        ),
      };
    });
    return pageOf(looked, rows, ({ id }) => id);
  },
  booked_invoices: async (parts, run) => {
    const rows = await parts.store.invoices(run, rowsMax);
    const looked = await each(rows, async ({ id, books, stripe }): Promise<Looked> => {
      const differs =
        compareInvoice(books, stripe) === null
          ? null
          : compareInvoice(books, (await parts.stripe.invoice(id))?.invoice ?? null);
      const fee = books === null ? null : compareFee(books, await parts.feePlanOf(books.customer, books.periodStartMs));
      return { differences: [...listed(differs), ...listed(fee)] };
    });
    return pageOf(looked, rows, ({ id }) => id);
  },
  booked_refunds: async (parts, run) => {
    const rows = await parts.store.refunds(run, rowsMax);
    const looked = await each(rows, async ({ id, books, stripe }): Promise<Looked> =>
      compareRefund(books, stripe) === null
        ? none
        : { differences: listed(compareRefund(books, await parts.stripe.refund(id))) },
    );
    return pageOf(looked, rows, ({ id }) => id);
  },
  missing_charges: async (parts, run) => {
    const rows = await parts.store.missing(run, rowsMax);
    const looked = await each(rows, async (crossing): Promise<Looked> => {
      if ((await parts.charges.byIds([crossing.chargeId])).length > 0) return none;
      const isYoung = crossing.recordedMs !== null && parts.clock.nowMs() - crossing.recordedMs < settlesWithinMs;
      if (isYoung) return { differences: [], underWay: true };
      return (await isOwed(parts, crossing)) ? { differences: [missingCharge(crossing)] } : none;
    });
    return pageOf(looked, rows, ({ chargeId }) => chargeId);
  },
};

type Looked = { readonly differences: readonly Difference[]; readonly underWay?: boolean };
const none: Looked = { differences: [] };
const listed = (difference: Difference | null): readonly Difference[] => (difference === null ? [] : [difference]);

async function each<Row>(rows: readonly Row[], look: (row: Row) => Promise<Looked>): Promise<readonly Looked[]> {
  const all: Looked[] = [];
  for (const row of rows) all.push(await look(row));
  return all;
}

function pageOf<Row>(looked: readonly Looked[], rows: readonly Row[], idOf: (row: Row) => string): Page {
  const last = rows.length < rowsMax ? undefined : rows.at(-1);
  return {
    differences: looked.flatMap(({ differences }) => differences),
    underWay: looked.filter(({ underWay }) => underWay === true).length,
    read: rows.length,
    next: last === undefined ? null : idOf(last),
  };
}

const isSame = (row: ComparedCharge, nowMs: number): boolean =>
  compareCharge(row.charge, { ...row, nowMs }).length === 0;

/** Compares one charge again, with the current state at Stripe, in the ledger and in the books. */
async function secondLook({ stripe, ledger, charges, clock }: StepParts, row: ComparedCharge): Promise<Looked> {
  const { charge: before } = row;
  const ids = new Set([
    ...row.payments.map(({ id }) => id),
    ...(before.paymentIntent === null ? [] : [before.paymentIntent]),
  ]);
  const payments = [];
  for (const id of ids) {
    const payment = await stripe.payment(id);
    if (payment !== null) payments.push(payment);
  }
  const usage =
    row.crossing === null
      ? await ledger.usage({
          account: before.account,
          at: new Date((await periodOf(charges, before.id)) ?? 0).toISOString(),
        })
      : null;
  const found = usage?.crossings.find(({ charge_id: id }) => id === before.id);
  const crossing =
    row.crossing ??
    (found === undefined
      ? null
      : { chargeId: before.id, amountMinor: BigInt(found.amount_minor), currency: found.currency });
  // The books are read last, so that they had as much time to change as Stripe.
  const [charge] = await charges.byIds([before.id]);
  if (charge === undefined) return none;
  const nowMs = clock.nowMs();
  const now = {
    ...before,
    status: charge.status,
    paymentIntent: charge.paymentIntent,
    attemptOpen: charge.attemptOpen,
  };
  // A payment that the books name by now was not looked for: the next run does.
  const isNamed = charge.paymentIntent === null || ids.has(charge.paymentIntent);
  const isUnderWay = charge.attemptOpen && nowMs - before.changedMs < settlesWithinMs;
  if (!isNamed || isUnderWay) return { differences: [], underWay: true };
  return { differences: compareCharge(now, { payments, crossing, past: row.past, nowMs }) };
}

/** A block that a correction left again is owed no more, and its charge need not be. */
async function isOwed({ ledger, planOf }: StepParts, crossing: FoundCrossing): Promise<boolean> {
  const usage = await ledger.usage({ account: crossing.account, at: new Date(crossing.periodStartMs).toISOString() });
  const plan = await planOf(crossing.plan, crossing.planVersion);
  return usage === null || plan === null || overageBlocks(BigInt(usage.used), plan) >= crossing.block;
}

const periodOf = async (charges: StepParts['charges'], id: string): Promise<number | undefined> =>
  (await charges.byIds([id]))[0]?.periodStartMs;

function fromView(item: CrossingEntered): FoundCrossing {
  return {
    chargeId: item.charge_id,
    account: item.account,
    periodStartMs: Date.parse(item.period.start),
    periodEndMs: Date.parse(item.period.end),
    block: BigInt(item.block),
    plan: item.plan,
    planVersion: item.plan_version,
    billingTier: item.billing_tier,
    amountMinor: BigInt(item.amount_minor),
    currency: item.currency,
    entry: item.entry,
    recordedMs: Date.parse(item.recorded_at),
  };
}
