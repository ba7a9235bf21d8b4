import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FreshDatabase } from '@tollgate/testing';
import { describeWith, freshDatabase, whyNot } from '@tollgate/testing';
import type { Pool } from 'pg';
import type { DataSource, Repository } from 'typeorm';
import { EntitySchema } from 'typeorm';

import { isoInstant, openEntities, returned } from './entities.ts';
import { createPool } from './pool.ts';

type Thing = { readonly id: string; readonly amount: bigint | null; readonly madeAt: string };
const thing = new EntitySchema<Thing>({
  name: 'Thing',
  tableName: 'things',
  columns: {
    id: { type: 'text', primary: true },
    amount: { type: 'bigint', nullable: true },
    madeAt: { name: 'made_at', type: 'timestamptz', transformer: isoInstant },
  },
});

const missing = await whyNot('postgres');

describeWith('postgres', missing, 'Entities', () => {
  let database: FreshDatabase;
  let pool: Pool;
  let source: DataSource;
  let things: Repository<Thing>;
  beforeAll(async () => {
    database = await freshDatabase();
    pool = createPool({ url: database.url, max: 2, applicationName: 'entities-spec' });
    await pool.query('create table things (id text primary key, amount bigint, made_at timestamptz not null)');
    source = await openEntities(pool, [thing]);
    things = source.getRepository(thing);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  // Guarantee: TypeORM opens no connections beside those that the service's settings allow.
  it('are read and written on the pool that was given', async () => {
    const [row] = await source.query<{ name: string }[]>(`select current_setting('application_name') as name`);

    expect(row?.name).toBe('entities-spec');
    expect(pool.totalCount).toBeLessThanOrEqual(2);
  });

  it('keep an amount beyond 2^53 exact, and times as text', async () => {
    const one: Thing = { id: 'a', amount: 9_007_199_254_740_993n, madeAt: '2026-11-28T01:02:03.004Z' };
    await things.insert(one);

    expect(await things.findOneBy({ id: 'a' })).toEqual(one);
  });

  it('are answered by a change that returns its rows', async () => {
    await things.insert({ id: 'b', amount: 1n, madeAt: '2026-11-28T00:00:00.000Z' });

    const changed = await things
      .createQueryBuilder()
      .update()
      .set({ amount: () => 'amount + 1' })
      .where({ id: 'b' })
      .returning('*')
      .execute();

    expect(returned(things, changed)).toEqual([{ id: 'b', amount: 2n, madeAt: '2026-11-28T00:00:00.000Z' }]);
  });
});
