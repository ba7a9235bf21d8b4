import { describe, expect, it } from '@jest/globals';

import { HashQueue } from './hash-queue.ts';

/** Work that ends when it is told to; `order` has what was begun. */
function workshop() {
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => (): Promise<string> => {
    order.push(name);
    return new Promise((resolve) => ends.push(() => resolve(name)));
  };
  const endAll = async (): Promise<void> => {
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { order, work, endAll };
}

describe('password hashing', () => {
  // Guarantee: registrations in masses keep nobody from logging in.
  it('leaves a place for logins, however many registrations wait', async () => {
    const queue = new HashQueue();
    const { order, work, endAll } = workshop();
    const registrations = Array.from({ length: 40 }, (_, i) =>
      queue.run({ kind: 'registration', address: `192.0.2.${i}` }, work(`r${i}`)),
    );
    const login = queue.run({ kind: 'login', address: '198.51.100.1' }, work('login'));
    expect(order).toEqual(['r0', 'login']);
    await endAll();
    expect([await login, (await Promise.all(registrations)).length]).toEqual(['login', 40]);
  });

  it('goes round the addresses: one with a long queue keeps no other waiting', async () => {
    const queue = new HashQueue();
    const { order, work, endAll } = workshop();
    const from = (address: string, name: string) => queue.run({ kind: 'login', address }, work(name));
    const all = [...Array.from({ length: 20 }, (_, i) => from('192.0.2.1', `a${i}`)), from('192.0.2.2', 'b')];
    await endAll();
    await Promise.all(all);
    expect(order.indexOf('b')).toBeLessThan(4);
  });

  it('is refused beyond so many of one address, and beyond so many in all, with a time to come back', async () => {
    const queue = new HashQueue({ perAddress: 3, inAll: 5 });
    const { work, endAll } = workshop();
    const from = (address: string) =>
      queue.run({ kind: 'login', address }, work('x')).then(
        () => 'done',
        (error: unknown) => error,
      );
    const first = Array.from({ length: 4 }, () => from('192.0.2.1'));
    expect(await first[3]).toMatchObject({ kind: 'refused', code: 'RATE_LIMITED', details: { retry_after_s: 1 } });
    const others = [from('192.0.2.2'), from('192.0.2.3'), from('192.0.2.4')];
    expect(await others[2]).toMatchObject({ code: 'RATE_LIMITED' });
    await endAll();
    expect(await Promise.all([...first.slice(0, 3), ...others.slice(0, 2)])).toEqual([
      'done',
      'done',
      'done',
      'done',
      'done',
    ]);
    const again = from('192.0.2.1');
    await endAll();
    expect(await again).toBe('done');
  });

  it('goes on after one that failed', async () => {
    const queue = new HashQueue();
    const fails = queue.run({ kind: 'login', address: 'a' }, () => Promise.reject(new Error('no')));
    await expect(fails).rejects.toThrow('no');
    expect(await queue.run({ kind: 'login', address: 'a' }, async () => 1)).toBe(1);
  });
});
