import { beforeAll, expect } from '@jest/globals';

import type { Client, Reply } from './client.ts';
import type { Platform } from './platform.ts';

export type Body = {
  success: boolean;
  status?: number;
  message: string;
  sources?: readonly { path: string; message: string }[];
  data: Record<string, unknown>;
  meta?: unknown;
};
export const start = '/api/token-process/start';
export const end = '/api/token-process/end';
export const run = Date.now().toString(36);
let users = 0;
export const newUser = (): string => `user-${run}-${++users}`;

/** What the tests of `tokenProcess` share. */
export function tokenProcessTools(platform: () => Platform) {
  let server: Client;
  const catalog = {
    feature: `f-${run}`,
    other: `other-${run}`,
    endpoint: `feature-endpoint-456-${run}`,
    inactive: `inactive-${run}`,
    forbid: `forbid-${run}`,
    lacking: `lacking-${run}`,
  };
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply<Body>> =>
    server.post<Body>(path, body, headers);
  const create = async (resource: string, body: unknown): Promise<Record<string, unknown>> => {
    const { status, body: answer } = await post(`/api/${resource}`, body);
    expect([status, answer]).toEqual([201, expect.objectContaining({ success: true })]);
    return answer.data;
  };
  const begin = (user_id: string, more: object = {}, headers = {}) =>
    post(start, { user_id, feature_endpoint_id: catalog.endpoint, ...more }, headers);
  const finish = (user_id: string, output_token: number, more: object = {}, headers = {}) =>
    post(end, { user_id, feature_endpoint_id: catalog.endpoint, input_token: 100, output_token, ...more }, headers);
  const gift = async (token: number, user_id = newUser()): Promise<string> => {
    expect((await post('/api/user-wallets/give-bonus-token', { user_id, token })).status).toBe(200);
    return user_id;
  };
  const wallet = async (user: string): Promise<Record<string, unknown>> =>
    (await server.get(`/v1/accounts/${encodeURIComponent(`wallet:${user}`)}`)).body;
  const entries = async (user: string): Promise<readonly Record<string, unknown>[]> =>
    (
      await server.get<{ items: Record<string, unknown>[] }>(
        `/v1/accounts/${encodeURIComponent(`wallet:${user}`)}/entries?limit=200`,
      )
    ).body.items;
  beforeAll(async () => {
    ({ server } = platform());
    await create('features', { id: catalog.feature, name: 'text' });
    await create('features', { id: catalog.other, name: 'images' });
    await create('feature-endpoints', {
      id: catalog.endpoint,
      feature: catalog.feature,
      path: '/generate',
      minimum_token: 10,
    });
    await create('feature-endpoints', {
      id: catalog.inactive,
      feature: catalog.feature,
      path: '/old',
      is_active: false,
    });
    await create('packages', {
      id: catalog.forbid,
      name: 'strict',
      features: [catalog.feature],
      token: 100,
      overdraft: 'forbid',
    });
    await create('packages', { id: catalog.lacking, name: 'images only', features: [catalog.other], token: 5 });
  });
  return {
    platform,
    catalog,
    post,
    create,
    begin,
    finish,
    gift,
    wallet,
    entries,
    get server() {
      return server;
    },
  };
}
export type TokenProcessTools = ReturnType<typeof tokenProcessTools>;
