import type { AccountView, BillingQueries, LedgerQueries } from '@tollgate/contracts';

import type { UserStore } from '../../people-and-keys/app/users.ts';
import { surfacesOf } from '../../shared/domain/account-id.ts';

/** Accounts shown beside a customer; `GET /v1/accounts?owner=` lists all that have the owner. */
const accountsMax = 100;

export type FoundCustomer = {
  readonly user_id: string;
  readonly email: string | null;
  readonly name: string | null;
  /** Of Stripe; null: nobody pays yet. */
  readonly customer_id: string | null;
  readonly payment_method: string | null;
  readonly accounts: readonly Pick<
    AccountView,
    'id' | 'kind' | 'unit' | 'status' | 'balance' | 'held' | 'available' | 'used'
  >[];
  readonly more_accounts: boolean;
};
type By = {
  readonly email?: string | undefined;
  readonly owner?: string | undefined;
  readonly external_id?: string | undefined;
};
type Parts = {
  readonly users: Pick<UserStore, 'byEmail' | 'byId'>;
  readonly ledger: Pick<LedgerQueries, 'account' | 'accounts'>;
  readonly billing: Pick<BillingQueries, 'customer' | 'usersOfCustomer' | 'usersOfEmail'>;
};

/**
 * Finds customers by exact match of an identifier: the e-mail address of a user or at Stripe, the owner of accounts, or
 * an id that another system assigned (a Stripe customer, or a user id chosen by a product or an identity provider).
 */
export class CustomerLookUp {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async find(
    by: By,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly FoundCustomer[]; readonly next: string | null }> {
    const ids = await this.#idsOf(by, page);
    const items: FoundCustomer[] = [];
    for (const id of ids.slice(0, page.limit)) {
      const found = await this.#customer(id);
      if (found !== null) items.push(found);
    }
    return { items, next: ids.length > page.limit ? (ids[page.limit - 1] ?? null) : null };
  }

  /** One more id than the page holds, if there are more. */
  async #idsOf(
    { email, owner, external_id: external }: By,
    { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly string[]> {
    const onFirst = (ids: readonly string[]): readonly string[] => (after === undefined ? ids : []);
    if (email !== undefined) {
      const [user, payers] = await Promise.all([
        this.#parts.users.byEmail(email.trim()),
        this.#parts.billing.usersOfEmail({ email: email.trim() }),
      ]);
      const ids = new Set([...(user === null ? [] : [user.id]), ...payers]);
      return [...ids].sort().filter((id) => after === undefined || id > after);
    }
    if (external === undefined) return onFirst([owner ?? '']);
    const payers = await this.#parts.billing.usersOfCustomer({
      customer_id: external,
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    });
    return payers.length > 0 ? payers : onFirst([external]);
  }

  /** null: nothing is known under this id. */
  async #customer(id: string): Promise<FoundCustomer | null> {
    const { users, ledger, billing } = this.#parts;
    const [user, payer, owned, ...surfaces] = await Promise.all([
      users.byId(id),
      billing.customer({ user_id: id }),
      ledger.accounts({ owner: id, limit: accountsMax }),
      ...surfacesOf(id).map((account) => ledger.account({ id: account })),
    ]);
    const accounts = new Map(
      [...surfaces.filter((account) => account !== null), ...owned.items].map((account) => [
        account.id,
        shown(account),
      ]),
    );
    if (user === null && payer === null && accounts.size === 0) return null;
    return {
      user_id: id,
      email: user?.email ?? null,
      name: user?.name ?? null,
      customer_id: payer?.customer_id ?? null,
      payment_method: payer?.payment_method ?? null,
      accounts: [...accounts.values()],
      more_accounts: owned.next !== null,
    };
  }
}

const shown = ({
  id,
  kind,
  unit,
  status,
  balance,
  held,
  available,
  used,
}: FoundCustomer['accounts'][number]): FoundCustomer['accounts'][number] => ({
  id,
  kind,
  unit,
  status,
  balance,
  held,
  available,
  used,
});
