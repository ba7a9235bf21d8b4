import type { ChargeStore } from '../../charges/app/charge-ports.ts';
import { chargeOf } from '../../charges/app/open-charge.ts';
import { apply, type Applying } from '../../webhooks-in/app/webhooks.ts';
import type { StripeFacts } from '../../webhooks-in/domain/stripe-event.ts';
import type { Page, ReconcileRun, ReconcileStore, StripeBooks, ToFix } from './reconcile-ports.ts';

/**
 * What a fix may use: states go into the books the way webhooks put them, charges are opened the way crossings open
 * them.
 */
export type FixParts = Applying & {
  readonly store: Pick<ReconcileStore, 'toFix' | 'crossing'>;
  readonly stripe: Pick<StripeBooks, 'payment' | 'invoice'>;
  readonly opening: Pick<ChargeStore, 'openMissing'>;
  readonly wake: () => void;
};

const fixesMax = 50;

/** Fixes a page of differences. Each fix can be repeated, so a crash in between does no harm. */
export async function fixPage(parts: FixParts, run: ReconcileRun): Promise<Page> {
  if (!run.fix) return { read: 0, next: null };
  const due = await parts.store.toFix(run, fixesMax);
  const outcomes: { number: string; outcome: 'fixed' | 'remains' }[] = [];
  for (const each of due)
    outcomes.push({ number: each.number, outcome: (await fixOne(parts, run, each)) ? 'fixed' : 'remains' });
  return { outcomes, read: due.length, next: due.length < fixesMax ? null : (due.at(-1)?.number ?? null) };
}

/** Whether the difference is gone. */
function fixOne(parts: FixParts, run: ReconcileRun, each: ToFix): Promise<boolean> {
  switch (each.fix) {
    case 'take_state':
      return takeState(parts, each);
    case 'open_charge':
      return openCharge(parts, run, each);
    case 'take_invoice':
      return takeInvoice(parts, each);
    case 'take_refund':
      return takeRefund(parts, each);
  }
}

/**
 * Applies what the lost webhook would have told. For anything but a success, `apply` asks Stripe for the current state.
 */
async function takeState(parts: FixParts, { chargeId, paymentIntent }: ToFix): Promise<boolean> {
  const payment = paymentIntent === null ? null : await parts.stripe.payment(paymentIntent);
  if (payment?.topUpId !== undefined) {
    const facts: StripeFacts = { about: 'top_up', topUpId: payment.topUpId, paymentIntent: payment.id };
    return (await apply(parts, { facts, createdMs: parts.clock.nowMs() })) === 'applied';
  }
  if (payment === null || chargeId === null || payment.chargeId !== chargeId) return false;
  const state = payment.state === 'succeeded' ? 'succeeded' : 'declined';
  const facts: StripeFacts = {
    about: 'payment',
    chargeId,
    paymentIntent: payment.id,
    amountMinor: String(payment.amountMinor),
    currency: payment.currency.toLowerCase(),
    state,
    code: 'reconciled',
    series: payment.series,
    ...(payment.paidMs === undefined ? {} : { paidMs: payment.paidMs }),
  };
  const outcome = await apply(parts, { facts, createdMs: parts.clock.nowMs() });
  const [charge] = await parts.charges.byIds([chargeId]);
  return outcome === 'applied' || (payment.state === 'succeeded' && charge?.status === 'succeeded');
}

/** Opens the charge of a block whose message was lost; the worker then pays it like any other. */
async function openCharge(parts: FixParts, run: ReconcileRun, { reference }: ToFix): Promise<boolean> {
  const crossing = await parts.store.crossing(run, reference);
  if (crossing === null) return false;
  await parts.opening.openMissing(chargeOf(crossing), parts.clock.nowMs());
  parts.wake();
  return true;
}

/** Stripe is asked for the refunds of the payment as they are now. */
async function takeRefund(parts: FixParts, { paymentIntent }: ToFix): Promise<boolean> {
  return (
    paymentIntent !== null &&
    (await apply(parts, { facts: { about: 'refund', paymentIntent }, createdMs: parts.clock.nowMs() })) === 'applied'
  );
}

async function takeInvoice(parts: FixParts, { reference }: ToFix): Promise<boolean> {
  const found = await parts.stripe.invoice(reference);
  if (found === null) return false;
  return (await apply(parts, { facts: found.facts, createdMs: parts.clock.nowMs() })) === 'applied';
}
