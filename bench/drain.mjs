// Events from a filled log into the books, against raw binary COPY of the very same rows; then disk per row, and the
// rebuild.
import { createInProcessAnswers, embeddedLogSchema, openEmbeddedLog } from '@tollgate/messaging';
import { checkBooks, ledgerSchema, startLedger } from '@tollgate/ledger';
import { migrate, roleUrl, startEmbeddedPostgres } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import { topics, deadLetterTopic, groups } from '@tollgate/contracts';
import { partitionOf, wallClock } from '@tollgate/kernel';
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const { events, accounts } = JSON.parse(process.argv[2]);
const partitions = 64;
const batch = 2_500;
const folder = mkdtempSync(join(tmpdir(), 'tollgate-drain-'));
chmodSync(folder, 0o755);
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
const schemas = [embeddedLogSchema, ledgerSchema];
await migrate({ adminUrl: postgres.url, schemas, rolePassword: () => 'bench-password' });
const urlOf = (schema) => roleUrl(postgres.url, schema.role, 'bench-password');
const admin = new pg.Client({ connectionString: postgres.url });
await admin.connect();
const log = await openEmbeddedLog({ url: urlOf(embeddedLogSchema) });
await log.createTopics(
  [...Object.values(topics), deadLetterTopic(topics.usageEvents, groups.ledgerBooking)].map((topic) => ({
    topic,
    partitions,
    retention: 'forever',
  })),
);

const recordOf = (account, type, id, data) => ({
  topic: topics.usageEvents,
  partition: partitionOf(account, partitions),
  key: account,
  value: JSON.stringify({
    v: 1,
    type,
    source: 'ce:bench',
    id,
    keyed: true,
    hash: '0123456789abcdef0123456789abcdef',
    account,
    occurred: '2026-11-21T10:00:00.000Z',
    data,
  }),
});
const fill = async (count, make) => {
  for (let from = 0; from < count; from += 10_000)
    await log.append(Array.from({ length: Math.min(10_000, count - from) }, (_, index) => make(from + index)));
};
const drained = async (expected) => {
  for (;;) {
    const {
      rows: [row],
    } = await admin.query('select sum(next_offset)::bigint as n from ledger.positions');
    if (Number(row.n) >= expected) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const ledgerOptions = () => ({
  databaseUrl: urlOf(ledgerSchema),
  eventLog: log,
  answers: createInProcessAnswers().sender,
  clock: wallClock,
  partitions,
  publishEntries: false,
  logger: createLogger({ service: 'ledger', level: 'error' }),
});

// Wallets first, so that the measured part is spends alone.
await fill(accounts, (index) =>
  recordOf(`bench${index}`, 'open', `open-${index}`, { kind: 'wallet', unit: 'unit', grant: '1000000000' }),
);
let ledger = await startLedger(ledgerOptions());
await drained(accounts);
await ledger.stop();
await admin.query('checkpoint');

await fill(events, (index) =>
  recordOf(`bench${(index * 7919) % accounts}`, 'spend', `event-${index}`, {
    meter: 'request',
    inputs: { quantity: 1 },
  }),
);
ledger = await startLedger(ledgerOptions());
const from = performance.now();
const cpu = process.cpuUsage();
await drained(accounts + events);
const used = process.cpuUsage(cpu);
const bookedPerSecond = events / ((performance.now() - from) / 1000);
await new Promise((resolve) => setTimeout(resolve, 1_500));
await ledger.stop();

const copyPerSecond = await rawCopy();
const {
  rows: [size],
} = await admin.query(
  `select pg_total_relation_size('ledger.entries')::float8 / count(*) as stored, avg(pg_column_size(e.*))::float8
    as own from ledger.entries e`,
);
const rebuildFrom = performance.now();
const report = await checkBooks({ databaseUrl: urlOf(ledgerSchema) });
const rebuiltPerSecond = report.entries / ((performance.now() - rebuildFrom) / 1000);
if (report.drifts.length > 0) throw new Error(`drift: ${JSON.stringify(report.drifts[0])}`);
const figures = {
  bookedPerSecond,
  copyPerSecond,
  rebuiltPerSecond,
  processorMicrosPerEvent: (used.user + used.system) / events,
  storedBytes: size.stored,
  ownBytes: size.own,
  events,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
await log.close();
await admin.end();
await postgres.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(0);

/** The same rows into a table of the same shape, indexes and size, in batches of the same size, each durable. */
async function rawCopy() {
  await admin.query('create table public.raw (like ledger.entries including all)');
  await admin.query(
    `create table public.source as select row_number() over (order by log_offset, partition) as n, e.*
      from ledger.entries e where kind = 4`,
  );
  const { rows: columns } =
    await admin.query(`select string_agg(quote_ident(attname), ',' order by attnum) as list from pg_attribute
    where attrelid = 'ledger.entries'::regclass and attnum > 0`);
  const list = columns[0].list;
  await admin.query(`insert into public.raw select ${list} from ledger.entries where kind <> 4`);
  await admin.query('create index on public.source (n)');
  const buffers = [];
  for (let start = 0; start < events; start += batch)
    buffers.push(
      await copyOut(
        `copy (select ${list} from public.source where n > ${start} and n <= ${start + batch}) to stdout (format
          binary)`,
      ),
    );
  await admin.query('drop table public.source; checkpoint');
  const began = performance.now();
  for (const buffer of buffers) await copyIn(`copy public.raw (${list}) from stdin (format binary)`, buffer);
  const perSecond = events / ((performance.now() - began) / 1000);
  await admin.query('drop table public.raw');
  return perSecond;
}

function copyOut(text) {
  const chunks = [];
  return new Promise((resolve, reject) => {
    admin.query({
      submit: (connection) => connection.query(text),
      handleError: reject,
      handleReadyForQuery: () => resolve(Buffer.concat(chunks)),
      handleCopyData: ({ chunk }) => chunks.push(Buffer.from(chunk)),
      handleCopyOutResponse: () => undefined,
      handleCommandComplete: () => undefined,
      handleRowDescription: () => undefined,
      handleDataRow: () => undefined,
    });
  });
}

function copyIn(text, buffer) {
  return new Promise((resolve, reject) => {
    admin.query({
      submit: (connection) => {
        connection.query(text);
        connection.sendCopyFromChunk(buffer);
        connection.endCopyFrom();
      },
      handleError: reject,
      handleReadyForQuery: resolve,
      handleCopyInResponse: () => undefined,
      handleCommandComplete: () => undefined,
    });
  });
}
