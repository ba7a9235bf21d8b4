import { beforeAll, expect } from '@jest/globals';

import type { Client, Reply } from './client.ts';
import type { Platform } from './platform.ts';

export type KeyData = {
  readonly data: {
    readonly id: string;
    readonly license_key: string;
    readonly token_balance: number;
    readonly status: string;
  };
};
export type Person = { readonly client: Client; readonly id: string };
/** HS256 of a secret that nobody has, with `exp` in 2020. */
export const expired =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.' +
  'eyJzdWIiOiJ4IiwiZXhwIjoxNTc3ODM2ODAwfQ.' +
  'W2mK0mY0W3bq3m1gq6h1bH6m2Tq2u8i0S1mYcQ1Z0vA';
export async function login(
  anybody: Client,
  credentials: { readonly email: string; readonly password: string },
): Promise<Client> {
  const { status, body } = await anybody.post<{ access_token: string }>('/api/auth/login', {
    email: credentials.email,
    password: credentials.password,
  });
  expect(status).toBe(200);
  return anybody.with({ authorization: `Bearer ${body.access_token}` });
}
export async function register(anybody: Client, name: string): Promise<Person> {
  const credentials = { email: `${name}@example.org`, password: 'correct horse battery' };
  const { status, body } = await anybody.post<{ data: { id: string } }>('/api/auth/register', { ...credentials, name });
  expect(status).toBe(200);
  return { client: await login(anybody, credentials), id: body.data.id };
}

/** What the tests of `licenceKeysJourney` share. */
export function licenceKeyTools(platform: () => Platform) {
  let admin: Client;
  let owner: Person;
  let other: Person;
  beforeAll(async () => {
    admin = await login(platform().anybody, platform().admin);
    [owner, other] = await Promise.all([register(platform().anybody, 'owner'), register(platform().anybody, 'other')]);
  });
  const create = async (tokens: number): Promise<KeyData['data']> => {
    const { status, body } = await admin.post<KeyData>('/api/admin/license-keys', { token_balance: tokens });
    expect(status).toBe(201);
    return body.data;
  };
  const assigned = async (tokens: number): Promise<KeyData['data']> => {
    const key = await create(tokens);
    expect(
      (await owner.client.post('/api/user/assign-license', { license_key: ` ${key.license_key.toLowerCase()} ` }))
        .status,
    ).toBe(200);
    return key;
  };
  const use = (client: Client, key: string, body?: unknown, headers = {}): Promise<Reply> =>
    client.post(`/api/user/license-keys/${key}/use-token`, body, headers);
  const refusal = (error: unknown): object => ({ success: false, error });
  const addTokens = (key: string, tokens: number): Promise<Reply<KeyData>> =>
    admin.post<KeyData>(`/api/admin/license-keys/${key}/add-token`, { token_balance: tokens });
  return {
    platform,
    create,
    assigned,
    use,
    refusal,
    addTokens,
    get admin() {
      return admin;
    },
    get owner() {
      return owner;
    },
    get other() {
      return other;
    },
  };
}
export type LicenceKeyTools = ReturnType<typeof licenceKeyTools>;
