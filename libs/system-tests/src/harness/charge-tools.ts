import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from '@jest/globals';

import type { EmbeddedPlatform } from './embedded.ts';
export type TierCharge = {
  readonly id: string;
  readonly billing_tier: string;
  readonly amount_charged: number;
  readonly status: string;
};
export type Charge = {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly payment_intent: string | null;
  readonly attempts: number;
};
export type Customer = {
  readonly user_id: string;
  readonly customer_id: string;
  readonly payment_method: string | null;
};
/** What the embedded simulator signs with: a secret of its own. */
export const simulatorSecret = async ({ dataDir }: EmbeddedPlatform): Promise<string> =>
  `whsec_${(await readFile(join(dataDir, 'secrets', 'stripe-simulator-webhook-secret'), 'utf8')).trim()}`;

/** What the tests of `chargesThroughStripe` share. */
export function chargeTools(platform: () => EmbeddedPlatform) {
  const user = (): string => `payer-${randomUUID()}`;
  const customer = async (userId: string, body: object = {}): Promise<Customer> => {
    const { status, body: put } = await platform().server.put<Customer>(
      `/api/admin/billing/customers/${encodeURIComponent(userId)}`,
      body,
    );
    expect(status).toBe(200);
    return put;
  };
  const report = async (userId: string, tokensUsed: number, headers = {}): Promise<readonly TierCharge[]> => {
    const { status, body } = await platform().server.post<{ data: { tierCharges: readonly TierCharge[] } }>(
      '/api/token-billing/process-usage',
      { userId, tokensUsed },
      headers,
    );
    expect(status).toBe(200);
    return body.data.tierCharges;
  };
  const charges = async (query: string): Promise<readonly Charge[]> =>
    (await platform().server.get<{ data: { items: readonly Charge[] } }>(`/api/admin/billing/charges?${query}`)).body
      .data.items;
  const summary = async (userId: string): Promise<unknown> =>
    (await platform().server.get<{ data: unknown }>(`/api/token-billing/user-summary/${userId}`)).body.data;
  const intents = (
    customerId: string,
  ): Promise<readonly { readonly charge: string; readonly status: string; readonly amount: number }[]> =>
    platform().rows(
      `select body -> 'metadata' ->> 'charge_id' as charge, body ->> 'status' as status, (body ->> 'amount')::int
          as amount
         from stripe_simulator.objects where kind = 'payment_intent' and customer = $1 order by 1`,
      [customerId],
    );
  return { platform, user, customer, report, charges, summary, intents };
}
export type ChargeTools = ReturnType<typeof chargeTools>;
