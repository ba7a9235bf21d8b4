import { beforeAll } from '@jest/globals';

import type { Client, Reply } from './client.ts';
import type { Person } from './people.ts';
import { adminOf, newPerson } from './people.ts';
import type { Platform } from './platform.ts';
import type { UpstreamServer } from './upstream.ts';

export type CreditsBench = {
  readonly platform: Platform;
  readonly upstream: UpstreamServer;
  readonly restartGateway: () => Promise<void>;
};
export type Usage = Readonly<Record<string, unknown>> & {
  readonly credits: number;
  readonly monthlyResetDate: string;
  readonly subscriptionEndsAt: string | null;
};
export type UsageReply = Reply<{ readonly success: boolean; readonly data: Usage }>;
export const workflow = '/api/projects/start-workflow';
export const review = '/api/review/generate';
export const empty = {
  error: 'Insufficient credits',
  detail: 'You have 0 credits remaining (0 tokens)',
  status: 429,
  remainingCredits: 0,
  maxTokens: 0,
};
export const day = 86_400_000;

/** What the tests of `creditsJourney` share. */
export function creditsTools(bench: () => CreditsBench) {
  let admin: Client;
  beforeAll(async () => void (admin = await adminOf(bench().platform)));
  const person = (): Promise<Person> => newPerson(bench().platform);
  const usage = async (client: Client): Promise<Usage> =>
    ((await client.get('/api/user/usage')) as unknown as UsageReply).body.data;
  const act = (userId: string, action: string, body?: unknown, headers = {}): Promise<UsageReply> =>
    admin.post(
      `/api/admin/credits/${encodeURIComponent(userId)}/${action}`,
      body,
      headers,
    ) as unknown as Promise<UsageReply>;
  const start = (client: Client, projectId: string, headers = {}): Promise<Reply> =>
    client.post(workflow, { projectId }, headers);
  const booked = async (userId: string): Promise<Record<string, unknown>> =>
    (await bench().platform.server.get(`/v1/accounts/${encodeURIComponent(`credits:${userId}`)}`)).body;
  return {
    bench,
    person,
    usage,
    act,
    start,
    booked,
    get admin() {
      return admin;
    },
  };
}
export type CreditsTools = ReturnType<typeof creditsTools>;
