import { setTimeout as delay } from 'node:timers/promises';

import { expect } from '@jest/globals';

import type { Reply } from '../harness/client.ts';
import { EmbeddedPlatform } from '../harness/embedded.ts';
import { QuotaProvider } from '../harness/quota-provider.ts';

/** Seconds. */
export const minute = 60;
export const hour = 3_600;
export const day = 86_400;

/** An embedded platform whose clock only moves when a test moves it; one for all specs about time. */
export let platform: EmbeddedPlatform;
export let provider: QuotaProvider;

export async function startTimed(): Promise<void> {
  provider = await QuotaProvider.start();
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1', ...provider.env });
}
export async function stopTimed(): Promise<void> {
  await platform?.stop();
  await provider?.stop();
}

/** Three looks of the refresher at the clock: what it has not done by then it does not do. */
export const refresherLooks = (): Promise<void> => delay(1_500);

export const nowMs = async (): Promise<number> =>
  Date.parse((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
export const advance = async (seconds: number): Promise<void> => {
  const before = await nowMs();
  const { status, body } = await platform.server.post<{ now: string }>('/v1/test-clock/advance', { seconds });
  expect([status, Date.parse(body.now)]).toEqual([200, before + seconds * 1000]);
};
export const account = async (id: string): Promise<Record<string, unknown>> =>
  (await platform.server.get(`/v1/accounts/${encodeURIComponent(id)}`)).body;
export const open = async (id: string, kind: string, settings: object): Promise<void> =>
  expect((await platform.server.post('/v1/accounts', { id, kind, unit: 'token', settings })).status).toBe(201) as void;
export const spend = (id: string, amount: number): Promise<Reply> =>
  platform.server.post(`/v1/accounts/${id}/spend`, { amount: String(amount) });
export const entryKinds = async (id: string): Promise<readonly string[]> => {
  const { body } = await platform.server.get<{ items: { kind: string }[] }>(`/v1/accounts/${id}/entries?limit=100`);
  return body.items.map(({ kind }) => kind).reverse();
};
