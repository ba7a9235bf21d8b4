import { randomUUID } from 'node:crypto';

import { beforeAll, expect } from '@jest/globals';

import type { Client, Reply } from './client.ts';
import { adminOf } from './people.ts';
import type { Platform } from './platform.ts';

export type Charge = {
  readonly id: string;
  readonly billing_tier: string;
  readonly amount_charged: number;
  readonly status: string;
};
export type Report = Reply<{
  readonly success: boolean;
  readonly data: {
    readonly consumptionId: string;
    readonly totalTokens: number;
    readonly tierCharges: readonly Charge[];
  };
}>;
export const processUsage = '/api/token-billing/process-usage';
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** In a spec, time stands nowhere: reports that must share a month are made within seconds. */
export const charge = (block: number): object => ({
  id: expect.stringMatching(uuid),
  billing_tier: `${8 * block}M-${8 * (block + 1)}M`,
  amount_charged: 10_000,
  status: 'pending',
});
export const noFigures = {
  fixed_fee_charged: 0,
  tier_charges_count: 0,
  tier_charges_total: 0,
  total_charged: 0,
  credited: 0,
  refunded: 0,
  paid: 0,
  owed: 0,
  currency: 'BRL',
};
export const zeros = { total_tokens: 0, current_tier: '0-8M', ...noFigures, totals: [noFigures] };

/** What the tests of `tierBillingJourney` share. */
export function tierBillingTools(platform: () => Platform) {
  let admin: Client;
  beforeAll(async () => void (admin = await adminOf(platform())));
  const user = (): string => `user-${randomUUID()}`;
  const report = (userId: string, tokensUsed: unknown, more = {}, headers = {}): Promise<Report> =>
    platform().server.post(processUsage, { userId, tokensUsed, ...more }, headers) as unknown as Promise<Report>;
  const summary = async (userId: string, query = '', client = platform().server): Promise<unknown> => {
    const { status, body } = await client.get<{ success: boolean; data: unknown }>(
      `/api/token-billing/user-summary/${encodeURIComponent(userId)}${query}`,
    );
    expect([status, body.success]).toEqual([200, true]);
    return body.data;
  };
  return {
    platform,
    user,
    report,
    summary,
    get admin() {
      return admin;
    },
  };
}
export type TierBillingTools = ReturnType<typeof tierBillingTools>;
