// What one spend cannot do without: an echo, an append to the log and its delivery, and one durable commit. One caller,
// one after the other; prints the median of the sum in milliseconds.
import { openEmbeddedLog, embeddedLogSchema } from '@tollgate/messaging';
import { migrate, roleUrl } from '@tollgate/persistence';
import pg from 'pg';

const { adminUrl, echoUrl, seconds } = JSON.parse(process.argv[2]);
const admin = new pg.Client({ connectionString: adminUrl });
await admin.connect();
await admin.query('create database bench_latency');
const url = Object.assign(new URL(adminUrl), { pathname: '/bench_latency' }).href;
await migrate({ adminUrl: url, schemas: [embeddedLogSchema], rolePassword: () => 'bench-password' });
const log = await openEmbeddedLog({ url: roleUrl(url, embeddedLogSchema.role, 'bench-password') });
await log.createTopics([{ topic: 'bench', partitions: 1, retention: 'forever' }]);
let delivered = () => undefined;
await log.subscribe({
  group: 'bench',
  topics: ['bench'],
  handler: {
    assigned: async () => 0,
    revoked: async () => undefined,
    outOfRange: async () => undefined,
    records: async () => delivered(),
  },
});
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query('create table committed (id bigint generated always as identity primary key, amount bigint)');

const took = [];
const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  const from = performance.now();
  await (
    await fetch(echoUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"amount":"1"}' })
  ).arrayBuffer();
  const back = new Promise((resolve) => (delivered = resolve));
  await log.append([{ topic: 'bench', partition: 0, key: 'bench', value: '{"amount":"1"}' }]);
  await back;
  await client.query('insert into committed (amount) values (1)');
  took.push(performance.now() - from);
}
took.sort((a, b) => a - b);
process.stdout.write(`${JSON.stringify({ p50: took[Math.floor(took.length / 2)], samples: took.length })}\n`);
await client.end();
await admin.end();
await log.close();
process.exit(0);
