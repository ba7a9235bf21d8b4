import { AppError } from '@tollgate/kernel';
import { amountFromStripe } from '@tollgate/pricing';
import Stripe from 'stripe';

import { isMissing, paidAt, stateOf, stripeTrouble } from '../../stripe/stripe-failure.ts';
import { topUpIdIn } from '../../topups/stripe/stripe-top-ups.ts';
import { chargeIdIn, invoiceFacts } from '../../webhooks-in/stripe/stripe-webhook.ts';
import type { StripeBooks } from '../app/reconcile-ports.ts';
import type { StripeInvoice } from '../domain/reconciled-invoices.ts';
import type { ReconciledMonth } from '../domain/reconciled-month.ts';
import type { StripeRefund } from '../domain/reconciled-refunds.ts';
import type { StripePayment } from '../domain/reconciliation.ts';

/** The largest page that Stripe gives. */
const limit = 100;
/** Stripe's clock is not ours, and an invoice or a payment may be dated a little before the month it is for. */
const marginS = 86_400;

type Listed<T> = { readonly data: readonly T[]; readonly has_more: boolean };

/**
 * `StripeBooks` on Stripe's lists. What is created while they are read is not among them: new objects come before the
 * first page.
 */
export function stripeBooks(stripe: Stripe): StripeBooks {
  const page =
    <T extends { readonly id?: string }, Item>(
      list: (paging: Stripe.PaginationParams) => Promise<Listed<T>>,
      take: (each: T) => Item | null,
    ) =>
    (after: string | null) =>
      asked(async () => {
        const { data, has_more: more } = await list({ limit, ...(after === null ? {} : { starting_after: after }) });
        const items = data.map(take).filter((item) => item !== null);
        return { items, read: data.length, next: more ? (data.at(-1)?.id ?? null) : null };
      });
  // A payment of a month may be made months later, so its list has no end; the others' has.
  const since = ({ moments }: ReconciledMonth): { readonly gte: number } => ({
    gte: Math.max(0, seconds(moments.startMs) - marginS),
  });
  const within = (month: ReconciledMonth): { readonly gte: number; readonly lt: number } => ({
    ...since(month),
    lt: seconds(month.moments.endMs) + marginS,
  });
  return {
    payments: (month, after) =>
      page(
        (paging) => stripe.paymentIntents.list({ created: since(month), ...paging }),
        (intent) => (isOfMonth(intent, month) ? paymentOf(intent) : null),
      )(after),
    invoicePayments: (month, after) =>
      page(
        (paging) => stripe.invoicePayments.list({ created: within(month), ...paging }),
        ({ payment }) => idOrNull(payment.payment_intent),
      )(after),
    invoices: (month, after) =>
      page(
        (paging) => stripe.invoices.list({ created: within(month), ...paging }),
        (invoice) => {
          const startMs = invoiceFacts(invoice)?.periodStartMs;
          return startMs === undefined || startMs < month.moments.startMs || startMs >= month.moments.endMs
            ? null
            : invoiceOf(invoice);
        },
      )(after),
    refunds: (month, after) =>
      page(
        (paging) => stripe.refunds.list({ created: within(month), ...paging }),
        (refund) => (isIn(refund.created, month) ? refundOf(refund) : null),
      )(after),
    payment: (id) =>
      asked(() =>
        unlessMissing(async () => paymentOf(await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }))),
      ),
    isOfInvoice: (id) =>
      asked(
        async () =>
          (await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: id }, limit: 1 }))
            .data.length > 0,
      ),
    invoice: (id) =>
      asked(() =>
        unlessMissing(async () => {
          const found = await stripe.invoices.retrieve(id);
          const facts = invoiceFacts(found);
          const invoice = invoiceOf(found);
          return facts === null || invoice === null ? null : { invoice, facts };
        }),
      ),
    refund: (id) => asked(() => unlessMissing(async () => refundOf(await stripe.refunds.retrieve(id)))),
  };
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
const isIn = (createdS: number, { moments }: ReconciledMonth): boolean =>
  createdS * 1000 >= moments.startMs && createdS * 1000 < moments.endMs;

/** Ours by the period in the metadata, which says it whenever it was paid; others by their moment. */
function isOfMonth(intent: Stripe.PaymentIntent, month: ReconciledMonth): boolean {
  const startMs = chargeIdIn(intent.metadata) === null ? Number.NaN : Date.parse(intent.metadata['period_start'] ?? '');
  if (Number.isNaN(startMs)) return isIn(intent.created, month);
  return startMs >= month.starts.startMs && startMs < month.starts.endMs;
}

const amountOf = (amount: number, currency: string): { readonly amountMinor: bigint; readonly currency: string } => ({
  amountMinor: amountFromStripe(BigInt(amount), currency.toUpperCase()),
  currency: currency.toUpperCase(),
});

const topUpIn = (metadata: Stripe.Metadata): { readonly topUpId?: string } => {
  const topUpId = topUpIdIn(metadata);
  return topUpId === null ? {} : { topUpId };
};

const paymentOf = (intent: Stripe.PaymentIntent): StripePayment => ({
  id: intent.id,
  chargeId: chargeIdIn(intent.metadata),
  ...topUpIn(intent.metadata),
  state: stateOf(intent).is,
  ...amountOf(intent.amount, intent.currency),
  createdMs: intent.created * 1000,
  series: Number(intent.metadata['series'] ?? '0'),
  ...paidAt(intent),
});

function invoiceOf(invoice: Stripe.Invoice): StripeInvoice | null {
  const { id, status, attempted, currency } = invoice;
  if (id === undefined || status === null) return null;
  const known = statuses.find((each) => each === status);
  if (known === undefined) return null;
  return {
    id,
    status: known,
    attempted,
    dueMinor: amountOf(invoice.amount_due, currency).amountMinor,
    paidMinor: amountOf(invoice.amount_paid, currency).amountMinor,
    currency: currency.toUpperCase(),
  };
}
const statuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;

const refundOf = (refund: Stripe.Refund): StripeRefund => ({
  id: refund.id,
  chargeId: chargeIdIn(refund.metadata ?? {}),
  paymentIntent: idOrNull(refund.payment_intent),
  status: refund.status ?? 'pending',
  ...amountOf(refund.amount, refund.currency),
});

const idOrNull = (reference: string | { readonly id: string } | null | undefined): string | null =>
  reference == null ? null : typeof reference === 'string' ? reference : reference.id;

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** With how long Stripe asks to be left alone, where it says so. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeRateLimitError)) throw stripeTrouble(error);
    const seconds = Number(error.headers?.['retry-after']);
    throw new AppError('unavailable', 'STRIPE_UNAVAILABLE', 'Stripe limits how often it may be asked', {
      stripe: 'rate_limited',
      ...(Number.isFinite(seconds) && seconds > 0 ? { retry_after_s: seconds } : {}),
    });
  }
}
