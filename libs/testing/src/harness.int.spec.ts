import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';

import type { TestKafka, TestPostgres } from './index.ts';
import { describeWith, freshDatabase, sharedServer, startKafka, startPostgres, waitFor, whyNot } from './index.ts';

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
};

describeWith('postgres', await whyNot('postgres'), 'PostgreSQL of a run', () => {
  it('clones every database from a template that is migrated once, however many ask at the same time', async () => {
    let migrations = 0;
    const options = {
      template: `harness ${Math.random()}`,
      migrate: async (url: string): Promise<void> => {
        migrations++;
        await query(url, 'create table things (id int)');
      },
    };

    const databases = await Promise.all([1, 2, 3, 4].map(() => freshDatabase(options)));

    expect(migrations).toBe(1);
    await query(databases[0]!.url, 'insert into things values (1)');
    expect(await query(databases[1]!.url, 'select * from things')).toEqual([]);
    for (const database of databases) await database.drop();
  });
});

describeWith('postgres', await whyNot('postgres'), 'PostgreSQL of one test', () => {
  let server: TestPostgres;
  beforeAll(async () => void (server = await startPostgres()));
  afterAll(() => server.stop());

  it('keeps what was committed over a kill and comes back on the same port', async () => {
    await query(server.url, 'create table kept (id int)');

    await server.kill();
    await server.restart();

    expect(await query(server.url, 'select * from kept')).toEqual([]);
  });
});

describeWith('kafka', await whyNot('kafka'), 'Apache Kafka of one test', () => {
  let broker: TestKafka;
  beforeAll(async () => void (broker = await startKafka()));
  afterAll(() => broker.stop());

  it('comes back on the same port after a kill', async () => {
    const before = broker.brokers;
    await broker.kill();
    await broker.restart();

    expect(broker.brokers).toBe(before);
  });

  it('is one broker for all specs of a run', async () => {
    expect(await sharedServer('kafka')).toBe(await sharedServer('kafka'));
  });
});

// Guarantee: an aborted test run leaves no server behind.
it('ends a server when the process that started it is killed', async () => {
  const script = `import { startLocalPostgres } from '${import.meta.dirname}/servers/local-postgres.ts';
    const server = await startLocalPostgres(); console.log(server.url); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let url = '';
  parent.stdout.on('data', (data: Buffer) => (url += data.toString()));
  await waitFor('the address of the server', () => url.includes('\n'), 20_000);
  const [row] = (await query(
    url.trim(),
    "select pg_backend_pid() as pid, current_setting('data_directory') as dir",
  )) as [{ dir: string }];
  const pid = Number(readPidFile(row.dir));

  parent.kill('SIGKILL');

  await waitFor('the end of the server', () => !alive(pid), 15_000);
});

const readPidFile = (folder: string): string => readFileSync(`${folder}/postmaster.pid`, 'utf8').split('\n')[0] ?? '';

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
