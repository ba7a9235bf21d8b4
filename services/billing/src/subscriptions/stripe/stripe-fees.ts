import type Stripe from 'stripe';

import { asked } from '../../stripe/stripe-asked.ts';
import { isMissing, isRefusal } from '../../stripe/stripe-failure.ts';
import { invoiceFacts } from '../../webhooks-in/stripe/stripe-webhook.ts';
import type { StripeFees } from '../app/fee-ports.ts';

/** Refusals that say nothing about the payment: another call is at work on it. */
const busy: ReadonlySet<string | undefined> = new Set(['idempotency_key_in_use', 'lock_timeout']);

/** `StripeFees` on Stripe. */
export const stripeFees = (stripe: Stripe): StripeFees => ({
  invoice: (id) =>
    asked(async () => {
      try {
        return invoiceFacts(await stripe.invoices.retrieve(id));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    }),
  writeOffInvoice: ({ invoice, how, key }) =>
    asked(async () => {
      const ended =
        how === 'void'
          ? await stripe.invoices.voidInvoice(invoice, {}, { idempotencyKey: key })
          : await stripe.invoices.markUncollectible(invoice, {}, { idempotencyKey: key });
      return invoiceFacts(ended);
    }),
  invoicesOf: ({ customer, subscription }) =>
    asked(async () => {
      const found: Stripe.Invoice[] = [];
      for await (const each of stripe.invoices.list({
        customer,
        ...(subscription === undefined ? {} : { subscription }),
        limit: 100,
      }))
        found.push(each);
      return found.reverse().flatMap((invoice) => {
        const facts = invoiceFacts(invoice);
        return facts === null ? [] : [{ id: facts.invoice, open: invoice.status === 'open', facts }];
      });
    }),
  payInvoice: ({ invoice, paymentMethod, key }) =>
    asked(async () => {
      try {
        const paid = await stripe.invoices.pay(
          invoice,
          { payment_method: paymentMethod, off_session: true },
          { idempotencyKey: key },
        );
        return paid.status === 'paid' ? invoiceFacts(paid) : null;
      } catch (error) {
        if (isRefusal(error) && !busy.has(error.code)) return null;
        throw error;
      }
    }),
});
