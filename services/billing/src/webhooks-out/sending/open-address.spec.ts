import type { LookupAddress } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { checkAddress } from '../domain/webhook-address.ts';
import { type DeliverOptions, deliverOver } from './deliver.ts';
import { isOpenAddress } from './open-address.ts';

const rule = (allowPrivate: boolean) => ({
  allowPrivate,
  isOpen: (address: string) => isOpenAddress(address, { allowPrivate }),
});
const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

describe('an address for events', () => {
  // Guarantee: who may register an endpoint cannot have the platform call what only the platform can reach.
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.0.0.1./',
    'https://１２７.0.0.1/',
    'https://①②⑦.0.0.1/',
    'https://127。0。0。1/',
    'https://0/',
    'https://0.0.0.0/',
    'https://10.1.2.3/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://169.254.1/',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://100.100.100.200/',
    'https://168.63.129.16/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://240.0.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::127.0.0.1]/',
    'https://[::ffff:0:10.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[64:ff9b:1::1]/',
    'https://[2002:7f00:1::]/',
    'https://[2002:a9fe:a9fe::1]/',
    'https://[2001:0:1:2:3:4:5:6]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[fd00:ec2::254]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[fec0::1]/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost/',
    'https://metadata.google.internal/',
    'https://metadata/',
    'https://db.local/',
    'https://kafka/',
    'https://postgres:5432/',
    'http://example.com/',
    'ftp://example.com/',
    'https://user:secret@example.com/',
    'https://user@example.com/',
    'file:///etc/passwd',
    'nonsense',
    '',
  ])('is not %s', (url) => expect(() => checkAddress(url, rule(false))).toThrow(/^url /));

  it.each([
    'https://example.com/hook',
    'https://8.8.8.8/hook',
    'https://[2606:4700::1111]:8443/',
    'https://[64:ff9b::8.8.8.8]/',
    'https://xn--bcher-kva.example/',
    'https://172.32.0.1/',
    'https://100.128.0.1/',
    'https://169.253.255.255/',
  ])('may be %s', (url) => expect(checkAddress(url, rule(false))).toBe(new URL(url).href));

  it('may be private in a test set-up, and never that of metadata or of a link', () => {
    for (const url of [
      'https://10.0.0.1/',
      'https://kafka/',
      'http://127.0.0.1:1/',
      'http://localhost:1/',
      'http://[::1]:1/',
      'https://[fd00::1]/',
    ])
      expect(checkAddress(url, rule(true))).toBe(url);
    for (const url of [
      'https://169.254.169.254/',
      'https://[fe80::1]/',
      'https://[::ffff:169.254.169.254]/',
      'https://[fd00:ec2::254]/',
      'http://10.0.0.1/',
      'http://kafka/',
    ]) {
      expect(() => checkAddress(url, rule(true))).toThrow(/^url /);
    }
  });
});

describe('a delivery', () => {
  const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
  const to = async (url: string, options: Partial<DeliverOptions> = {}) =>
    deliverOver({ nowMs: Date.now, timeoutMs: 2_000, allowPrivate: false, ...options })({
      id: '1',
      endpoint: 'e',
      url,
      secrets,
      message: 'm',
      body: '{}',
      attempts: 1,
    });
  const listening = async (status: number, headers: Record<string, string> = {}) => {
    let heard = 0;
    const server = createServer((_request, response) => {
      heard++;
      response.writeHead(status, headers).end('x'.repeat(100_000));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, heard: () => heard };
  };
  /** DNS that answers as it is told, one answer a look-up. */
  const dns = (
    ...answers: readonly (readonly string[])[]
  ): { readonly lookup: NonNullable<DeliverOptions['lookup']>; readonly asked: () => number } => {
    let asked = 0;
    return {
      asked: () => asked,
      lookup: (_host, _options, done) =>
        done(
          null,
          (answers[Math.min(asked++, answers.length - 1)] ?? []).map((address): LookupAddress => ({
            address,
            family: address.includes(':') ? 6 : 4,
          })),
        ),
    };
  };

  // Guarantee: a name that is public when it is registered and private when it is called leads nowhere.
  it('goes to no private address that a name leads to, also when it is one of several', async () => {
    const inside = await listening(200);
    for (const found of [
      ['127.0.0.1'],
      ['169.254.169.254'],
      ['10.0.0.1'],
      ['::1'],
      ['::ffff:127.0.0.1'],
      ['8.8.8.8', '127.0.0.1'],
    ]) {
      expect(await to(`http://rebound.example:${inside.port}/`, { lookup: dns(found).lookup })).toMatchObject({
        statusCode: null,
        error: 'ADDRESS_IS_PRIVATE',
      });
    }
    expect(inside.heard()).toBe(0);
  });

  it('connects to the address that was checked, without asking again', async () => {
    const inside = await listening(200);
    const rebinding = dns(['127.0.0.1'], ['10.0.0.1']);
    expect(
      await to(`http://rebound.example:${inside.port}/`, { lookup: rebinding.lookup, allowPrivate: true }),
    ).toMatchObject({ statusCode: 200, error: null });
    expect(rebinding.asked()).toBe(1);
  });

  it('goes to no literal private address, also of a row from before the rule, and follows no redirect', async () => {
    const inside = await listening(200);
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433'])
      expect(await to(`http://${host}:${inside.port}/`)).toMatchObject({
        statusCode: null,
        error: 'ADDRESS_IS_PRIVATE',
      });
    const redirecting = await listening(302, { location: `http://127.0.0.1:${inside.port}/` });
    expect(await to(`http://127.0.0.1:${redirecting.port}/`, { allowPrivate: true })).toMatchObject({
      statusCode: 302,
      error: 'answered 302',
    });
    expect([inside.heard(), redirecting.heard()]).toEqual([0, 1]);
  });

  it('ends with a short reason: refused, slow, or without a secret', async () => {
    const slow = createServer(() => undefined);
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      slow.closeAllConnections();
      slow.close();
    });
    expect(
      await to(`http://127.0.0.1:${(slow.address() as AddressInfo).port}/`, { allowPrivate: true, timeoutMs: 100 }),
    ).toMatchObject({ statusCode: null, error: 'timed out' });
    expect(await to('http://127.0.0.1:9/', { allowPrivate: true })).toMatchObject({
      statusCode: null,
      error: 'ECONNREFUSED',
    });
    const unreadable = await deliverOver({ nowMs: Date.now, allowPrivate: true })({
      id: '1',
      endpoint: 'e',
      url: 'http://127.0.0.1:9/',
      secrets: [],
      message: 'm',
      body: '{}',
      attempts: 1,
    });
    expect(unreadable).toMatchObject({ statusCode: null, error: 'SECRET_UNREADABLE' });
  });
});
