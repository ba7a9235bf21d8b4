import type { AutoTopUpTerms, TopUpQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';

import type { CustomerStore } from '../../customers/app/customer-ports.ts';
import type { TopUpLedger, TopUpStore } from './ports.ts';

type Parts = {
  readonly store: TopUpStore;
  readonly customers: Pick<CustomerStore, 'view'>;
  readonly ledger: Pick<TopUpLedger, 'account'>;
  readonly clock: Clock;
};

/** Terms of auto top-up, and the purchases that were made by them. */
export const makeTopUpQueries = ({ store, customers, ledger, clock }: Parts): TopUpQueries => ({
  putAutoTopUp: async ({ account, terms, by, address = null }) => {
    await refuseOthers(ledger, account);
    const payer = await customers.view(terms.user_id);
    if (payer === null || payer.payment_method === null) {
      throw new AppError(
        'conflict',
        'TOP_UP_PAYER_MISSING',
        `${terms.user_id} has ${payer === null ? 'no customer' : 'no payment method'} at Stripe yet: ` +
          'name one with PUT /api/admin/billing/customers/:user_id first',
      );
    }
    return store.put({ account, ...fieldsOf(terms) }, { by, address }, clock.nowMs());
  },
  autoTopUp: ({ account }) => store.view(account, clock.nowMs()),
  removeAutoTopUp: ({ account, by, address = null }) => store.remove(account, { by, address }, clock.nowMs()),
  resumeAutoTopUp: ({ account, by, address = null }) => store.resume(account, { by, address }, clock.nowMs()),
  autoTopUps: (page) => store.views(page, clock.nowMs()),
  topUps: (query) => store.list(query),
});

async function refuseOthers(ledger: Parts['ledger'], id: string): Promise<void> {
  const account = await ledger.account({ id });
  if (account === null) throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there is no such account');
  if (account.kind !== 'wallet')
    throw new AppError(
      'conflict',
      'ACCOUNT_KIND_CONFLICT',
      `${id} is a ${account.kind} account: only wallets are topped up`,
    );
  if (account.status === 'closed')
    throw new AppError('conflict', 'ACCOUNT_CLOSED', `${id} is closed: open it again before it is topped up`);
}

const fieldsOf = (terms: AutoTopUpTerms): Omit<Parameters<TopUpStore['put']>[0], 'account'> => ({
  userId: terms.user_id,
  below: BigInt(terms.below),
  units: BigInt(terms.units),
  amountMinor: BigInt(terms.amount_minor),
  currency: terms.currency,
  dayMaxMinor: BigInt(terms.day_max_minor),
  monthMaxMinor: BigInt(terms.month_max_minor),
  failuresMax: terms.failures_max,
});
