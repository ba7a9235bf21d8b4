import type { ClientRequest } from 'node:http';
import { request } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { GatewayHarness } from '../testing/gateway-harness.ts';

const seen: string[] = [];
const sha256 = '0'.repeat(64);
/** Notes what is asked of it; its images are all good. */
const optimizer = {
  spool: async (id: string, bytes: AsyncIterable<Uint8Array>) => {
    seen.push('spool');
    let size = 0;
    for await (const chunk of bytes) size += chunk.length;
    return { size, sha256 };
  },
  stage: async () => {
    seen.push('stage');
    return { size: 1, format: 'png' };
  },
  start: async () => ({ status: 'pending' }),
  discard: async () => void seen.push('discard'),
  failed: async () => [],
};
const quotaView = {
  account: 'quota:00000000000000000000000000000001',
  quota_bytes: '1048576000',
  subscription_type: 'pro',
  expires_at: null,
  fetched_at: '2026-01-01T00:00:00.000Z',
  opened: true,
};
const quota = {
  check: async ({ token }: { token: string }) =>
    token.startsWith('good') ? { valid: true, ...quotaView } : { valid: false },
  stored: async () => null,
};

let harness: GatewayHarness;
beforeAll(async () => {
  harness = await GatewayHarness.start(undefined, { optimizer, quota });
  const account = quotaView.account;
  harness.ledger.accounts.set(account, {
    seq: 1,
    view: {
      id: account,
      kind: 'wallet',
      unit: 'byte',
      status: 'active',
      owner: null,
      balance: '1000000',
      held: '0',
      available: '1000000',
      used: '0',
      used_total: '0',
      settings: {},
      as_of: { seq: '1', recorded_at: quotaView.fetched_at },
      lots: [],
      holds: [],
      limits: [],
      opened_at: quotaView.fetched_at,
    },
  });
});
afterAll(() => harness?.close());

const part = (name: string, value: string, more = ''): string =>
  `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
const file = part('file', 'bytes of an image', '; filename="x.png"');
type Upload = { readonly sent: ClientRequest; readonly status: Promise<number> };

/** An upload of which `begun` is sent at once, and the rest when the caller says so. */
function upload(
  begun: string,
  { localAddress = '127.0.0.1', token }: { localAddress?: string; token?: string } = {},
): Upload {
  const { host, port } = harness.gateway.address;
  const headers = {
    'content-type': 'multipart/form-data; boundary=b',
    ...(token === undefined ? {} : { 'x-token': token }),
  };
  const sent = request({
    host,
    port,
    localAddress,
    agent: false,
    method: 'POST',
    path: '/api/optimize/submit',
    headers,
  });
  const status = new Promise<number>((resolve) => {
    sent.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', () => resolve(0));
  });
  sent.write(begun);
  return { sent, status };
}
const whole = async (body: string, options: Parameters<typeof upload>[1] = {}): Promise<number> => {
  const { sent, status } = upload(body, options);
  sent.end('--b--\r\n');
  return status;
};

describe('an upload', () => {
  // Guarantee: nobody unknown has the platform decode anything.
  it('is looked at once it is known who pays for it, never before', async () => {
    for (const [body, status] of [
      [file, 401],
      [part('token', 'bad') + file, 403],
      [file + part('token', 'bad'), 403],
    ] as const) {
      seen.length = 0;
      expect(await whole(body)).toBe(status);
      expect(seen).not.toContain('stage');
      await waitFor('what was spooled to go', async () => seen.includes('discard'), 2_000);
    }
    seen.length = 0;
    expect(await whole(file, { token: 'bad' })).toBe(403);
    expect(seen).toEqual([]);
    for (const [body, token] of [
      [file + part('token', 'good'), undefined],
      [file, 'good'],
    ] as const) {
      seen.length = 0;
      expect(await whole(body, token === undefined ? {} : { token })).toBe(202);
      expect(seen.filter((what) => what !== 'discard')).toEqual(['spool', 'stage']);
    }
  });
});

describe('slow uploads', () => {
  // Guarantee: a client that holds connections open takes no other client's places.
  it('of strangers leave places to those who say who they are, and to other addresses', async () => {
    const slow: Upload[] = [];
    for (let address = 2; address < 12; address++) {
      for (let i = 0; i < 17; i++) slow.push(upload(file.slice(0, -4), { localAddress: `127.0.0.${address}` }));
    }
    // 16 of each address at most, 64 in all.
    const refused = await waitFor(
      'the refusals',
      async () => {
        const answers = await Promise.all(slow.map(({ status }) => Promise.race([status, Promise.resolve(null)])));
        const told = answers.filter((status) => status !== null);
        return told.length >= 106 ? told : undefined;
      },
      10_000,
    );
    expect(new Set(refused)).toEqual(new Set([429, 503]));
    expect(refused).toHaveLength(106);
    expect(await whole(file, { token: 'good' })).toBe(202);
    for (const { sent } of slow) sent.destroy();
    await waitFor(
      'the places',
      async () => (await whole(file + part('token', 'good'), { localAddress: '127.0.0.2' })) === 202,
      10_000,
    );
  });

  it('of one token are 64, of one address 96', async () => {
    const held: Upload[] = [];
    for (let i = 0; i < 64; i++)
      held.push(upload(file.slice(0, -4), { token: 'good-1', localAddress: `127.0.0.${2 + (i % 2)}` }));
    await waitFor(
      'the last to be taken',
      async () => (await whole(file, { token: 'good-1', localAddress: '127.0.0.9' })) === 429,
      10_000,
    );
    for (let i = 0; i < 64; i++)
      held.push(upload(file.slice(0, -4), { token: `good-2-${i}`, localAddress: '127.0.0.2' }));
    await waitFor(
      'the address to be full',
      async () => (await whole(file, { token: 'good-3', localAddress: '127.0.0.2' })) === 429,
      10_000,
    );
    expect(await whole(file, { token: 'good-3', localAddress: '127.0.0.4' })).toBe(202);
    for (const { sent } of held) sent.destroy();
  });
});
