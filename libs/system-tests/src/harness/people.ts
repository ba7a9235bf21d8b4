import { randomUUID } from 'node:crypto';

import type { Client } from './client.ts';
import type { Platform } from './platform.ts';

export type Person = { readonly client: Client; readonly id: string };

async function signIn(
  anybody: Client,
  credentials: { readonly email: string; readonly password: string },
): Promise<Client> {
  const { status, body } = await anybody.post<{ access_token: string }>('/api/auth/login', credentials);
  if (status !== 200) throw new Error(`the login of ${credentials.email} was answered ${status}`);
  return anybody.with({ authorization: `Bearer ${body.access_token}` });
}

/** A user nobody knew before, with a login. */
export async function newPerson({ anybody }: Pick<Platform, 'anybody'>): Promise<Person> {
  const credentials = { email: `${randomUUID()}@example.org`, password: 'correct horse battery' };
  const { status, body } = await anybody.post<{ data: { id: string } }>('/api/auth/register', {
    ...credentials,
    name: 'Somebody',
  });
  if (status !== 200) throw new Error(`the registration was answered ${status}`);
  return { client: await signIn(anybody, credentials), id: body.data.id };
}

export const adminOf = ({ anybody, admin }: Pick<Platform, 'anybody' | 'admin'>): Promise<Client> =>
  signIn(anybody, admin);
