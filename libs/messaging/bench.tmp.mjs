import { startPostgres } from '/work/main/libs/testing/dist/index.js';
import { migrate } from '@tollgate/persistence';
import { openEmbeddedLog, embeddedLogSchema } from '@tollgate/messaging';
const pg = await startPostgres({ fsync: true });
await migrate({ adminUrl: pg.url, schemas: [embeddedLogSchema], rolePassword: () => 'log' });
const log = await openEmbeddedLog({ url: pg.url.replace('postgres@','tollgate_log:log@'), onTrouble: console.error });
await log.createTopics([{ topic: 't', partitions: 64, retention: 'forever' }]);
const value = 'x'.repeat(300); const headers = { 'reply-to': 'g|123|127.0.0.1:9999|abcdef', waiter: '12345' };
let seen = 0;
await log.subscribe({ group: 'g', topics: ['t'], handler: { assigned: async () => 0, revoked: async () => {}, records: async (_, r) => { seen += r.length; }, outOfRange: async () => {} } });
async function run(clients, ms, hot) {
  const end = performance.now() + ms; const lat = [];
  const t0 = performance.now(); let n = 0;
  await Promise.all(Array.from({ length: clients }, async (_, c) => { for (let i = 0; performance.now() < end; i++) { const s = performance.now(); await log.append([{ topic: 't', partition: hot ? 0 : (c * 7 + i) % 64, key: 'k', value, headers }]); lat.push(performance.now() - s); n++; } }));
  lat.sort((a, b) => a - b);
  console.log(clients, hot ? 'hot' : 'spread', Math.round(n / (performance.now() - t0) * 1000), '/s p50', lat[lat.length >> 1].toFixed(2), 'p99', lat[Math.floor(lat.length * .99)].toFixed(2));
}
await run(1, 1000); await run(1, 2000); await run(64, 3000); await run(64, 3000, true); await run(256, 3000);
const d = await log.describe('t'); const total = d.partitions.reduce((s, p) => s + p.end, 0); console.log('total', total, 'seen', seen);
const t0 = performance.now(); let r = 0; for (const p of d.partitions) for await (const b of log.read({ topic: 't', partition: p.partition, from: 0 })) r += b.length;
console.log('read', r, Math.round(r / (performance.now() - t0) * 1000), '/s');
await log.close(); await pg.stop();
