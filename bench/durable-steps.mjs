// What the row of a composed call cannot do without (rule 24): begun, held, answered, done, each a commit before the
// next. As many callers as the routes have, each one step after the other, over a pool of 16. Prints operations/s and
// the median in milliseconds.
import { randomUUID } from 'node:crypto';
import pg from 'pg';

const { adminUrl, connections, seconds } = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ connectionString: adminUrl, max: 16 });
await pool.query(`create table public.bench_steps (id uuid primary key, account text not null, operation text not null,
  step text not null,
  hold text, delivered jsonb, result jsonb, updated_at timestamptz not null default now())`);
await pool.query(`create index on public.bench_steps (updated_at) where step in ('started', 'held', 'answered')`);
const begin = (id) =>
  pool.query({
    name: 'begin',
    text: 'insert into public.bench_steps (id, account, operation, step) values ($1, $2, $3, $4)',
    values: [id, 'credits:bench', 'bench', 'started'],
  });
const progress = (id, step, said) =>
  pool.query({
    name: 'progress',
    text:
      'update public.bench_steps set step = $2, delivered = coalesce($3, delivered), updated_at = now() ' +
      'where id = $1',
    values: [id, step, said],
  });

const warmUpMs = 500;
const took = [];
const from = performance.now() + warmUpMs;
const end = from + seconds * 1000;
await Promise.all(
  Array.from({ length: connections }, async () => {
    for (let began = performance.now(); began < end; began = performance.now()) {
      const id = randomUUID();
      await begin(id);
      await progress(id, 'held', null);
      await progress(id, 'answered', '{"content":"delivered"}');
      await progress(id, 'done', null);
      if (began >= from) took.push(performance.now() - began);
    }
  }),
);
took.sort((a, b) => a - b);
await pool.query('drop table public.bench_steps');
await pool.end();
process.stdout.write(
  `${JSON.stringify({ perSecond: took.length / seconds, p50: took[Math.floor(took.length / 2)] })}\n`,
);
process.exit(0);
