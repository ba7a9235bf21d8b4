import { connect, createServer, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';
import { z } from 'zod';

import { createLogger, createQueryClient, type QueryServer, serveQueries } from './index.ts';

type Sums = { add(query: { a: number; b: number }): Promise<number> };
const contract = { add: z.strictObject({ a: z.number(), b: z.number() }) };
const pattern = (name: string) => `sums.${name}`;
const silent = createLogger({ service: 'test', level: 'silent' });
const open: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

let asked = 0;
const serve = async (): Promise<QueryServer> => {
  asked = 0;
  const add: Sums['add'] = ({ a, b }) => {
    asked++;
    return Promise.resolve(a + b);
  };
  const server = await serveQueries<Sums>({
    host: '127.0.0.1',
    port: 0,
    secret: 'a secret of this test',
    queries: { add },
    contract,
    pattern,
    logger: silent,
  });
  open.push(() => server.close());
  return server;
};
const clientOf = (port: number, secret = 'a secret of this test') => {
  const client = createQueryClient<Sums>({
    addresses: [{ host: '127.0.0.1', port }],
    secret,
    contract,
    pattern,
    unavailable: 'LEDGER_UNAVAILABLE',
    timeoutMs: 2_000,
  });
  open.push(() => client.close());
  return client.queries;
};
/** A stranger's connection; resolves with what it was sent when the other side ends it. */
const stranger = (
  port: number,
  greet: (socket: Socket) => void = () => undefined,
): { readonly socket: Socket; readonly closed: Promise<Buffer> } => {
  const socket = connect(port, '127.0.0.1', () => greet(socket));
  const got: Buffer[] = [];
  socket.on('data', (bytes) => got.push(bytes)).on('error', () => undefined);
  open.push(() => void socket.destroy());
  return { socket, closed: new Promise((resolve) => void socket.once('close', () => resolve(Buffer.concat(got)))) };
};
/** Stands between a client and a server, and may change or record what passes. */
const between = async (
  port: number,
  change: { toServer?: (bytes: Buffer) => Buffer; toClient?: (bytes: Buffer) => Buffer },
): Promise<number> => {
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    open.push(() => void server.destroy());
    client
      .on('data', (bytes) => server.write(change.toServer?.(bytes) ?? bytes))
      .on('error', () => undefined)
      .on('close', () => server.destroy());
    server
      .on('data', (bytes) => client.write(change.toClient?.(bytes) ?? bytes))
      .on('error', () => undefined)
      .on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => void proxy.close(resolve)));
  return (proxy.address() as { port: number }).port;
};

describe('a stranger on a port between services', () => {
  // Guarantee: memory cannot be filled by somebody who does not know the secret.
  it.each([
    ['in one frame that claims 100 MB', `${100 * 1024 * 1024}#`],
    ['without any frame', ''],
  ])('is put out after less than a megabyte, %s', async (_name, head) => {
    const { port } = await serve();
    let sent = 0;
    const { closed } = stranger(port, (socket) => {
      socket.write(head);
      const more = (): void => {
        while (!socket.destroyed && sent < 64 * 1024 * 1024) {
          sent += 65_536;
          if (!socket.write(Buffer.alloc(65_536, 120))) return void socket.once('drain', more);
        }
      };
      more();
    });
    await closed;
    expect(sent).toBeLessThan(8 * 1024 * 1024);
    expect(asked).toBe(0);
  });

  it('who says nothing, or one byte at a time, is put out after some seconds', async () => {
    const { port } = await serve();
    const quiet = stranger(port);
    const slow = stranger(port, (socket) => {
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('\0')), 100);
    });
    await Promise.all([quiet.closed, slow.closed]);
  }, 8_000);

  it('has a bounded number of connections, and honest services get in beside them', async () => {
    const { port } = await serve();
    const many = Array.from({ length: 60 }, () => stranger(port));
    let ended = 0;
    for (const { closed } of many) void closed.then(() => ended++);
    await waitFor('those beyond the bound to be put out', () => ended >= 28, 2_000);
    await waitFor('the others to be put out', () => ended === 60, 6_000);
    expect(await clientOf(port).add({ a: 1, b: 2 })).toBe(3);
  }, 10_000);

  it('who knows another secret asks nothing', async () => {
    const { port } = await serve();
    await expect(clientOf(port, 'another secret of this test').add({ a: 1, b: 2 })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(asked).toBe(0);
  });
});

describe('somebody on the way between services', () => {
  // Guarantee: what was recorded once moves nothing a second time.
  it('cannot have a recorded question answered again', async () => {
    const { port } = await serve();
    const recorded: Buffer[] = [];
    const proxy = await between(port, { toServer: (bytes) => (recorded.push(Buffer.from(bytes)), bytes) });
    expect(await clientOf(proxy).add({ a: 1, b: 2 })).toBe(3);
    const replay = stranger(port, (socket) => recorded.forEach((bytes) => socket.write(bytes)));
    await replay.closed;
    expect(asked).toBe(1);
  });

  it('cannot repeat a question within its own connection', async () => {
    const { port } = await serve();
    let frames = 0;
    // The first frame is the greeting, the second the question.
    const proxy = await between(port, {
      toServer: (bytes) => (++frames === 2 ? Buffer.concat([bytes, bytes]) : bytes),
    });
    await clientOf(proxy)
      .add({ a: 1, b: 2 })
      .catch(() => undefined);
    expect(asked).toBe(1);
  });

  it('cannot change a question or an answer', async () => {
    const { port } = await serve();
    const swap =
      (from: string, to: string) =>
      (bytes: Buffer): Buffer => {
        const at = bytes.indexOf(from);
        return at < 0
          ? bytes
          : Buffer.concat([bytes.subarray(0, at), Buffer.from(to), bytes.subarray(at + from.length)]);
      };
    await expect(
      clientOf(await between(port, { toServer: swap('"a":1', '"a":9') })).add({ a: 1, b: 2 }),
    ).rejects.toMatchObject({ kind: 'unavailable' });
    expect(asked).toBe(0);
    await expect(
      clientOf(await between(port, { toClient: swap('"value":3', '"value":9') })).add({ a: 1, b: 2 }),
    ).rejects.toMatchObject({ kind: 'unavailable' });
    expect(asked).toBe(1);
  });

  it('cannot play the server: a question goes only to who knows the secret', async () => {
    let heard = Buffer.alloc(0);
    const fake = createServer((socket) => {
      socket.write(Buffer.concat([Buffer.from([0, 0, 0, 32]), Buffer.alloc(16), Buffer.from('A'.repeat(32))]));
      socket
        .on('data', (bytes) => {
          heard = Buffer.concat([heard, bytes]);
          socket.write(Buffer.concat([Buffer.from([0, 0, 0, 43]), Buffer.alloc(16), Buffer.from('B'.repeat(43))]));
        })
        .on('error', () => undefined);
    });
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => void fake.close(resolve)));
    await expect(clientOf((fake.address() as { port: number }).port).add({ a: 1, b: 2 })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(heard.toString('latin1')).not.toContain('sums.add');
  });
});

it('carries large answers whole, and many at once in order', async () => {
  const echo = async ({ text }: { text: string }): Promise<string> => Promise.resolve(text);
  const server = await serveQueries<{ echo: typeof echo }>({
    host: '127.0.0.1',
    port: 0,
    secret: 's',
    queries: { echo },
    contract: { echo: z.strictObject({ text: z.string() }) },
    pattern,
    logger: silent,
  });
  open.push(() => server.close());
  const client = createQueryClient<{ echo: typeof echo }>({
    addresses: [{ host: '127.0.0.1', port: server.port }],
    secret: 's',
    contract: { echo: z.strictObject({ text: z.string() }) },
    pattern,
    unavailable: 'LEDGER_UNAVAILABLE',
    timeoutMs: 10_000,
  });
  open.push(() => client.close());
  const texts = [...Array.from({ length: 200 }, (_, n) => `${n} ü 😀`), 'x'.repeat(5_000_000), ''];
  expect(await Promise.all(texts.map((text) => client.queries.echo({ text })))).toEqual(texts);
});
