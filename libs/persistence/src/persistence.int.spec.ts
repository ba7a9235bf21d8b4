import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';

import {
  copyOut,
  createPool,
  type EmbeddedPostgres,
  migrate,
  rolePassword,
  roleUrl,
  runningEmbeddedPostgres,
  startEmbeddedPostgres,
  withTransaction,
} from './index.ts';

const fast = { fsync: false } as const;
const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
const schema = {
  schema: 'shop',
  role: 'tollgate_shop',
  migrations: [
    {
      name: '20260101000000-create-sales',
      sql:
        'create table shop.sales (id bigint primary key, at date); grant select, insert on shop.sales to ' +
        'tollgate_shop',
    },
    { name: '20260102000000-add-first-sale', sql: "insert into shop.sales values (9007199254740993, '2026-01-02')" },
  ],
};

describe('migrations and pools', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-pg-'));
  let server: EmbeddedPostgres;
  let pool: Pool;
  beforeAll(async () => {
    server = await startEmbeddedPostgres({ dataDir, ...fast });
  });
  afterAll(async () => {
    await pool?.end();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const run = () => migrate({ adminUrl: server.url, schemas: [schema], rolePassword: passwordOf });

  it('run once however many migrators there are, in order, and never again', async () => {
    const ran = await Promise.all([run(), run(), run()]);
    expect(ran.flat()).toEqual(['shop/20260101000000-create-sales', 'shop/20260102000000-add-first-sale']);
    expect(await run()).toEqual([]);
  });

  it('leave no half of a migration behind', async () => {
    const broken = {
      ...schema,
      migrations: [
        ...schema.migrations,
        { name: '20260103000000-break', sql: 'create table shop.half (); select 1/0' },
      ],
    };
    await expect(migrate({ adminUrl: server.url, schemas: [broken], rolePassword: passwordOf })).rejects.toThrow(
      'division by zero',
    );
    pool = createPool({ url: server.url, max: 1, applicationName: 'test' });
    expect((await pool.query("select to_regclass('shop.half') as half")).rows).toEqual([{ half: null }]);
    await pool.end();
  });

  it('refuse an order in which a name comes before the one ahead of it', async () => {
    const {
      migrations: [first, second],
    } = schema;
    await expect(
      migrate({
        adminUrl: server.url,
        schemas: [{ ...schema, migrations: [second!, first!] }],
        rolePassword: passwordOf,
      }),
    ).rejects.toMatchObject({ code: 'INVARIANT_BROKEN' });
  });

  it('read rows as bytes under a time limit, which ends what takes longer and nothing that is over', async () => {
    const timed = createPool({ url: server.url, max: 1, applicationName: 'test', queryTimeoutMs: 300 });
    const read = async (query: string): Promise<readonly (readonly [number, string])[]> => {
      const client = await timed.connect();
      let lost: Error | undefined;
      try {
        const reader = await copyOut(client, query);
        const rows: (readonly [number, string])[] = [];
        while (reader.next()) rows.push([reader.int8(), reader.bytes().toString('latin1')]);
        return rows;
      } catch (error) {
        lost = error as Error;
        throw error;
      } finally {
        client.release(lost);
      }
    };
    const rows = "select n::bigint, '\\xff00fe'::bytea from generate_series(1, 3) n";

    expect(await read(rows)).toEqual([1, 2, 3].map((n) => [n, '\u00ff\u0000\u00fe']));
    await expect(read('select pg_sleep(5)')).rejects.toThrow('Query read timeout');
    expect(await read(rows)).toHaveLength(3);
    const overMs = performance.now() + 400;
    await waitFor('the time limit of that query', () => performance.now() > overMs);
    expect(await read(rows)).toHaveLength(3);
    await timed.end();
  });

  it('give a role a new password when the service secret changes', async () => {
    const other = (role: string): string => rolePassword('another secret', role);
    await migrate({ adminUrl: server.url, schemas: [schema], rolePassword: other });
    pool = createPool({
      url: roleUrl(server.url, schema.role, passwordOf(schema.role)),
      max: 1,
      applicationName: 'test',
    });
    await expect(pool.query('select 1')).rejects.toThrow('password authentication failed');
    await pool.end();
    await run();
  });

  it('read bigint exactly and give a service only the rights its migrations grant', async () => {
    pool = createPool({
      url: roleUrl(server.url, schema.role, passwordOf(schema.role)),
      max: 2,
      applicationName: 'test',
    });
    expect((await pool.query('select id, at from shop.sales')).rows).toEqual([
      { id: 9007199254740993n, at: '2026-01-02' },
    ]);
    await expect(pool.query('delete from shop.sales')).rejects.toThrow('permission denied');
    await expect(pool.query('create table shop.own ()')).rejects.toThrow('permission denied');
  });

  it('roll back a transaction that fails and keep one that does not', async () => {
    const failed = withTransaction(pool, async (tx) => {
      await tx.query('insert into shop.sales values (1)');
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    await withTransaction(pool, (tx) => tx.query('insert into shop.sales values (2)'));
    expect((await pool.query('select id from shop.sales where id < 10')).rows).toEqual([{ id: 2n }]);
  });

  // Guarantee: PostgreSQL restarting under an idle service never ends the service.
  it('survive the loss of every connection', async () => {
    const admin = createPool({ url: server.url, max: 1, applicationName: 'test-admin' });
    await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tollgate_shop'");
    await admin.end();
    const deadline = performance.now() + 5_000;
    while ((await pool.query('select 1').catch(() => null)) === null) expect(performance.now()).toBeLessThan(deadline);
  });
});

describe('the embedded PostgreSQL', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-pg-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const source = new URL('./embedded-postgres.ts', import.meta.url).pathname;
  const hook = new URL('../../../tools/swc-hook.mjs', import.meta.url).pathname;

  /** A process of its own that starts the server and says where it is. */
  const startParent = async () => {
    const script = join(dataDir, `${randomUUID()}.mjs`);
    writeFileSync(
      script,
      `import { startEmbeddedPostgres } from ${JSON.stringify(source)};
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(join(dataDir, 'pg'))} });
      console.log(JSON.stringify({ pid: server.pid, url: server.url }));
      setInterval(() => undefined, 1_000);`,
    );
    const child = spawn(process.execPath, ['--conditions=@tollgate/source', '--import', hook, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: new URL('../../..', import.meta.url).pathname,
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, ...(JSON.parse(line.toString()) as { pid: number; url: string }) };
  };
  const gone = async (pid: number): Promise<void> => {
    await waitFor(`the end of the server ${pid}`, () => !existsSync(`/proc/${pid}`), 15_000);
  };

  // Guarantee: kill -9 of the platform leaves no server behind and loses nothing that was committed.
  it('ends with the process that started it, killed or not, and keeps what was committed', async () => {
    const first = await startParent();
    const pool = createPool({ url: first.url, max: 1, applicationName: 'test' });
    await pool.query('create table kept (id int)');
    await pool.query('insert into kept values (7)');
    first.child.kill('SIGKILL');
    await gone(first.pid);
    await pool.end().catch(() => undefined);

    const again = await startEmbeddedPostgres({ dataDir: join(dataDir, 'pg') });
    const after = createPool({ url: again.url, max: 1, applicationName: 'test' });
    expect((await after.query('select id from kept')).rows).toEqual([{ id: 7 }]);
    expect(await runningEmbeddedPostgres(join(dataDir, 'pg'))).toBe(again.url);
    await after.end();
    await again.kill();
  });

  it('starts over the lock file of a server that was killed', async () => {
    const file = join(dataDir, 'pg', 'cluster', 'postmaster.pid');
    expect(existsSync(file)).toBe(true);
    // The number of a process that lives and is no server: ours.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(process.pid)));
    const server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'pg') });
    await server.stop();
    expect(await runningEmbeddedPostgres(join(dataDir, 'pg'))).toBeNull();
  });
});
