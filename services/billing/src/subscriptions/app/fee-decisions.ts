import { randomUUID } from 'node:crypto';

import type { FeeView, MoneyQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';

import type { CustomerStore } from '../../customers/app/customer-ports.ts';
import type { StripeFacts } from '../../webhooks-in/domain/stripe-event.ts';
import type { FeeBooks, StripeFees } from './fee-ports.ts';
import type { SubscriptionStore } from './subscription-ports.ts';

type Parts = {
  readonly books: FeeBooks;
  readonly subscriptions: Pick<SubscriptionStore, 'invoiceTold'>;
  readonly customers: Pick<CustomerStore, 'paymentMethodOf'>;
  readonly stripe: Pick<StripeFees, 'invoice' | 'payInvoice' | 'writeOffInvoice'>;
  readonly clock: Clock;
};
type Queries = Pick<MoneyQueries, 'listFees' | 'retryFee' | 'writeOffFee'>;
type InvoiceFacts = Extract<StripeFacts, { readonly about: 'invoice' }>;

/** What finance may do with a fee that is due. Stripe is asked first; what it says is what the books take in. */
export function makeFeeQueries(parts: Parts): Queries {
  const { books, stripe, clock } = parts;
  const take = async (facts: InvoiceFacts | null): Promise<void> => {
    if (facts !== null) await parts.subscriptions.invoiceTold(facts, clock.nowMs());
  };
  /** The fee as Stripe has it now; null: there is no such invoice here. */
  const due = async (invoice: string): Promise<FeeView | null> => {
    if ((await books.find(invoice)) === null) return null;
    await take(await stripe.invoice(invoice));
    const fee = await books.find(invoice);
    if (fee !== null && (fee.status === 'paid' || fee.status === 'voided')) throw notDue(`The fee is ${fee.status}`);
    return fee;
  };
  return {
    listFees: (query) => books.list(query),
    retryFee: async ({ invoice, by, address = null }) => {
      const fee = await due(invoice);
      if (fee === null) return null;
      const paymentMethod = await parts.customers.paymentMethodOf(fee.customer_id);
      if (paymentMethod === null) throw notDue('The customer has no payment method');
      await books.decided(invoice, { what: 'retried', by, address, reason: null }, clock.nowMs());
      const paid = await stripe.payInvoice({ invoice, paymentMethod, key: `${invoice}:retry:${randomUUID()}` });
      await take(paid ?? (await stripe.invoice(invoice)));
      return books.find(invoice);
    },
    writeOffFee: async ({ invoice, how, by, address = null, reason }) => {
      const fee = await due(invoice);
      if (fee === null) return null;
      if (how === 'uncollectible' && fee.status === 'uncollectible') throw notDue('The fee was written off before');
      await books.decided(
        invoice,
        { what: how === 'void' ? 'voided' : 'given_up', by, address, reason },
        clock.nowMs(),
      );
      await take(await stripe.writeOffInvoice({ invoice, how, key: `${invoice}:${how}` }));
      return books.find(invoice);
    },
  };
}

const notDue = (detail: string): AppError => new AppError('conflict', 'FEE_NOT_DUE', detail);
