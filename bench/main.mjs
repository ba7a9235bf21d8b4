// `npm run bench`: the figures of the design (section 6), as ratios to limits taken in the same run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChild } from './children.mjs';
import { benchHttp } from './http.mjs';
import { benchStart } from './start.mjs';
import { benchSurfaces } from './surfaces.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    route: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run bench -- [--quick] [--only start,http,surfaces,drain] [--route <part of a name>]\nMeasures on this ' +
      'machine, about 6 minutes; --quick about 3.\n',
  );
  process.exit(0);
}
const parts = values.only?.split(',') ?? ['start', 'http', 'surfaces', 'drain'];
const say = (line) => process.stderr.write(`… ${line}\n`);
const seconds = values.quick ? 4 : 10;

const figures = {};
if (parts.includes('start')) {
  say('start and memory at rest');
  figures.start = await benchStart();
}
if (parts.includes('http')) figures.http = await benchHttp({ seconds, say });
if (parts.includes('surfaces'))
  figures.surfaces = await benchSurfaces({ seconds: seconds / 2, say, only: values.route });
if (parts.includes('drain')) {
  say('events from a filled log into the books');
  figures.drain = await runChild('./drain.mjs', {
    args: [JSON.stringify({ events: values.quick ? 100_000 : 300_000, accounts: 10_000 })],
  });
}

const rows = rowsOf(figures);
process.stdout.write(`\n${table(rows)}\n`);
const missed = rows.filter(({ met }) => !met);
process.stdout.write(
  missed.length === 0
    ? '\nEvery gate is met.\n'
    : `\nGates missed, and where the time goes:\n${missed.map((one) => `- ${one.figure}: ${one.why}`).join('\n')}\n`,
);
const folder = join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`);
const result = {
  at: new Date().toISOString(),
  cpus: cpus().length,
  node: process.version,
  quick: values.quick,
  rows,
  figures,
};
writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`JSON in bench/results/\n`);

function rowsOf({ start, http, surfaces, drain }) {
  const why = (figure) =>
    reasons(drain).find(([part]) => figure.includes(part))?.[1] ?? 'not looked into yet; run with --cpu-prof';
  const atLeast = (figure, value, limit, gate, aim, unit = '/s') => ({
    ...row(figure, value, limit, { gate, aim, unit, least: true }),
    why: why(figure),
  });
  const atMost = (figure, value, limit, gate, aim, unit = ' ms') => ({
    ...row(figure, value, limit, { gate, aim, unit, least: false }),
    why: why(figure),
  });
  return [
    ...(drain
      ? [atLeast('events booked / raw binary COPY', drain.bookedPerSecond, drain.copyPerSecond, 0.55, 0.75)]
      : []),
    ...(http
      ? [
          atLeast('spends, 64 clients / bare echo', http.hot64.perSecond, http.echo64.perSecond, 0.25, 0.35),
          atLeast('spends, 256 clients / bare echo', http.hot256.perSecond, http.echo256.perSecond, 0.3, 0.45),
          atLeast(
            'spends on 10,000 accounts / simple ledger',
            http.many64.perSecond,
            http.simpleMany.perSecond,
            1.5,
            2.5,
          ),
          atLeast('spends on one account / simple ledger', http.hot64.perSecond, http.simpleHot.perSecond, 3, 5),
          atLeast('one hot account / many accounts', http.hot64.perSecond, http.many64.perSecond, 0.9, 1.1),
          atMost('spend p50, one client / commit + log + echo', http.one.p50, http.limit.p50, 2.5, 2),
          atMost('spend p99 at 64 clients / its p50', http.hot64.p99, http.hot64.p50, 4, 3),
          atMost(
            'balance read p50 under load / echo under load',
            http.reads.beside.p50,
            http.echoReads.beside.p50,
            2,
            1.3,
          ),
        ]
      : []),
    ...(surfaces ? surfaceRows(surfaces, atMost) : []),
    ...(drain
      ? [
          atLeast('rebuild of projections / live booking', drain.rebuiltPerSecond, drain.bookedPerSecond, 2, 5),
          atMost("disk per spend / the row's own bytes", drain.storedBytes, drain.ownBytes, 2.5, 1.8, ' B'),
        ]
      : []),
    ...(start
      ? [
          atMost('start to first booked spend', start.startSeconds, 1, 10, 4, ' s'),
          atMost('memory of the whole tree at rest', start.restMegabytes, 1, 400, 250, ' MB'),
        ]
      : []),
  ];
}

/** Time for each answer at 64 clients, in microseconds and as p50, over what it is compared with (surfaces.mjs). */
function surfaceRows(surfaces, atMost) {
  const base = {
    single: 'native spend',
    pair: '2 native spends',
    charged: 'spend, 4 commits',
    composed: 'hold, settle, 4 commits',
  };
  return Object.entries(surfaces).flatMap(([name, { is, limits, ...found }]) => {
    const limit = (figure) => limits.reduce((sum, one) => sum + figure(one), 0);
    // A submit shares its processors with the optimisation of all images before it, which has no gate.
    const [gate, aim] = is === 'charged' ? [Infinity, Infinity] : [1.3, 1.1];
    return [
      atMost(
        `${name}, time an answer / ${base[is]}`,
        1e6 / found.perSecond,
        limit(({ perSecond }) => 1e6 / perSecond),
        gate,
        aim,
        ' µs',
      ),
      atMost(
        `${name}, p50 / ${base[is]}`,
        found.p50,
        limit(({ p50 }) => p50),
        gate,
        aim,
      ),
    ];
  });
}

/** Where the time of a figure goes, as profiles show it: what to look at first when its gate is missed. */
function reasons(drain) {
  const micros = drain
    ? `${drain.processorMicrosPerEvent.toFixed(0)} µs of processor an event here`
    : 'processor an event';
  return [
    [
      'raw binary COPY',
      `one thread reads the log, parses, decides, encodes and seals (${micros}; a fifth of it garbage ` +
        `collection) while COPY alone waits for nothing`,
    ],
    [
      '64 clients / bare echo',
      'two durable writes lie between request and answer (log, books); with few callers their latency, not the ' +
        'processor, is the limit',
    ],
    [
      '256 clients / bare echo',
      'HTTP, log, ledger and PostgreSQL share the two cores with the load generator; socket writes are the ' +
        'largest single part',
    ],
    [
      '10,000 accounts',
      'a commit of many partitions carries a position, a log blob and a seal for each of them, the control one row',
    ],
    ['one hot account / many', 'many accounts are spread over 64 partitions, each with its own share of a commit'],
    [
      'one account / simple',
      'the control waits for one row lock a commit; see how far the log and the commit are from each other on ' +
        'this disk',
    ],
    ['rebuild', 'folding is bound by reading rows and their versions, one thread'],
    [
      'start-workflow',
      'two bookings and four durable steps of its row (rule 24), one after the other, besides the call itself (ADR 20)',
    ],
    [
      'review',
      'two bookings and four durable steps of its row (rule 24), one after the other, besides the call itself (ADR 20)',
    ],
    ['p99', 'garbage collection and checkpoints of PostgreSQL on shared cores'],
  ];
}

function row(figure, value, limit, { gate, aim, unit, least }) {
  const ratio = value / limit;
  const met = (bound) => (least ? ratio >= bound : ratio <= bound);
  return { figure, value, limit, unit, ratio, gate, aim, least, met: met(gate), aimed: met(aim) };
}

function table(rows) {
  const number = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));
  const lines = rows.map(({ figure, value, limit, unit, ratio, gate, aim, least, met, aimed }) => [
    figure,
    `${number(value)}${unit}`,
    limit === 1 ? '' : `${number(limit)}${unit}`,
    number(ratio),
    ...(gate === Infinity
      ? ['', '', 'no gate']
      : [
          `${least ? '≥' : '≤'} ${gate}`,
          `${least ? '≥' : '≤'} ${aim}`,
          aimed ? 'aim reached' : met ? 'gate met' : 'MISSED',
        ]),
  ]);
  const all = [['figure', 'measured', 'limit', 'ratio', 'gate', 'aim', ''], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  return all
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  '),
    )
    .join('\n');
}
