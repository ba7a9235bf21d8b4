import { randomUUID } from 'node:crypto';

import { expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Reply } from './harness/client.ts';
import { png } from './harness/images.ts';
import { adminOf, newPerson } from './harness/people.ts';
import { type Platform, ready } from './harness/platform.ts';
import type { QuotaProvider } from './harness/quota-provider.ts';

export type RepeatSubject = {
  readonly platform: Platform;
  readonly provider: QuotaProvider;
  /** SIGKILL of each service, one after the other, and its start. */
  readonly restarts: readonly { readonly service: string; restart(): Promise<void> }[];
};

type Send = () => Promise<Reply>;

/** One consuming request of every surface, each under a key of its own. */
async function consumingRequests({ platform, provider }: RepeatSubject): Promise<ReadonlyMap<string, Send>> {
  const { server, anybody } = platform;
  const run = randomUUID().slice(0, 8);
  provider.gives(`again-${run}`, 100);
  const [admin, person] = [await adminOf(platform), await newPerson(platform)];
  const { body: key } = await admin.post<{ data: { license_key: string } }>('/api/admin/license-keys', {
    token_balance: 5,
  });
  await person.client.post('/api/user/assign-license', { license_key: key.data.license_key });
  await server.post('/v1/accounts', { id: `again-${run}`, kind: 'wallet', unit: 'u', settings: { overdraft: '100' } });
  await admin.post('/api/features', { id: `again-${run}`, name: 'Again' });
  await admin.post('/api/feature-endpoints', { id: `again-${run}`, feature: `again-${run}`, path: '/again' });
  await server.post('/api/user-wallets/give-initial-token', { user_id: `again-${run}`, token: 100 });

  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(png())], { type: 'image/png' }), 'again.png');
  const encoded = new Response(form);
  const type = encoded.headers.get('content-type') ?? '';
  const bytes = new Uint8Array(await encoded.arrayBuffer());
  const end = { user_id: `again-${run}`, feature_endpoint_id: `again-${run}`, input_token: 1, output_token: 40 };

  const sends: Record<string, (headers: Record<string, string>) => Promise<Reply>> = {
    'a spend': (headers) => server.post(`/v1/accounts/again-${run}/spend`, { amount: '3' }, headers),
    'a hold': (headers) =>
      server.post(`/v1/accounts/again-${run}/holds`, { amount: '3', expires_in_s: 3_600 }, headers),
    'a licence token': (headers) =>
      person.client.post(`/api/user/license-keys/${key.data.license_key}/use-token`, { purpose: 'again' }, headers),
    'the end of a token process': (headers) => server.post('/api/token-process/end', end, headers),
    'a bonus': (headers) =>
      server.post('/api/user-wallets/give-bonus-token', { user_id: `again-${run}`, token: 7 }, headers),
    'an image': (headers) =>
      anybody.raw('/api/optimize/submit', bytes, { 'content-type': type, 'x-token': `again-${run}`, ...headers }),
    'a workflow': (headers) =>
      person.client.post('/api/projects/start-workflow', { projectId: `again-${run}` }, headers),
    'a review': (headers) => person.client.post('/api/review/generate', { projectId: `again-${run}` }, headers),
    'usage in tiers': (headers) =>
      server.post('/api/token-billing/process-usage', { userId: `again-${run}`, tokensUsed: 9_000_000 }, headers),
  };
  return new Map(
    Object.entries(sends).map(([name, send]) => [
      name,
      () => send({ 'idempotency-key': `again-${run}-${name.replaceAll(' ', '-')}` }),
    ]),
  );
}

/** Guarantee: a restart of any service between two tries with one key books once (surfaces §0.6). */
export function repeatsAfterRestarts(subject: () => RepeatSubject): void {
  it('gives a repeat its first answer on every surface, whichever service was killed in between', async () => {
    const { platform, restarts } = subject();
    const requests = await consumingRequests(subject());
    const first = new Map<string, Reply>();
    for (const [name, send] of requests) first.set(name, await send());
    expect(
      [...first]
        .map(([name, { status }]) => [name, status])
        .filter(([, status]) => ![200, 201, 202].includes(Number(status))),
    ).toEqual([]);

    for (const { service, restart } of restarts) {
      await restart();
      await ready(platform, `the platform after ${service} was killed`);
      for (const [name, send] of requests) {
        const of = `${name} after ${service} was killed`;
        // A surface's own service may still be starting: 503 says to come back with the same key.
        const again = await waitFor(
          of,
          async () => {
            const reply = await send();
            return reply.status === 503 ? undefined : reply;
          },
          20_000,
        );
        expect([of, again.status, again.headers.get('idempotent-replay')]).toEqual([
          of,
          first.get(name)?.status,
          'true',
        ]);
        expect([of, again.body]).toEqual([of, first.get(name)?.body]);
      }
    }
  });
}
