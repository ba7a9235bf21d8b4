import { createHash, randomBytes } from 'node:crypto';

import type { Pool, PoolClient } from 'pg';

/** An object of Stripe's; its shape is that of the pinned API version, as far as we use it. */
export type StoredObject = {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly [name: string]: unknown;
};
/** An event to be delivered as a webhook. */
type NewEvent = { readonly type: string; readonly object: StoredObject };

/** One request's view of what is stored: a transaction. */
export class Transaction {
  readonly nowS: number;
  readonly #client: PoolClient;

  constructor(client: PoolClient, nowS: number) {
    this.#client = client;
    this.nowS = nowS;
  }

  async get(kind: string, id: string): Promise<StoredObject | null> {
    const { rows } = await this.#client.query<{ body: StoredObject }>(
      'select body from stripe_simulator.objects where id = $1 and kind = $2',
      [id, kind],
    );
    return rows[0]?.body ?? null;
  }

  /** `dueS`: when the object changes by itself, such as a renewal. */
  async put(object: StoredObject, dueS: number | null = null): Promise<StoredObject> {
    const customer = typeof object['customer'] === 'string' ? object['customer'] : null;
    await this.#client.query(
      `insert into stripe_simulator.objects (id, kind, customer, created, due, body) values ($1, $2, $3, $4, $5, $6)
       on conflict (id) do update set customer = excluded.customer, due = excluded.due, body = excluded.body`,
      [object.id, object.object, customer, object.created, dueS, object],
    );
    return object;
  }

  /** Newest first, as Stripe lists; `after` is the id of the last one of the page before. */
  async list(of: {
    readonly kind: string;
    readonly customer?: string | undefined;
    readonly createdFromS?: number | undefined;
    readonly createdBeforeS?: number | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
    /** Only objects whose members have these values. */
    readonly where?: Readonly<Record<string, unknown>>;
  }): Promise<{ readonly data: readonly StoredObject[]; readonly hasMore: boolean }> {
    const { rows } = await this.#client.query<{ body: StoredObject }>(
      `select body from stripe_simulator.objects
       where kind = $1 and ($2::text is null or customer = $2) and created >= $3 and created < $7 and body @> $6
         and ($4::text is null or position < (select position from stripe_simulator.objects where id = $4))
       order by position desc limit $5`,
      [
        of.kind,
        of.customer ?? null,
        of.createdFromS ?? 0,
        of.after ?? null,
        of.limit + 1,
        of.where ?? {},
        of.createdBeforeS ?? Number.MAX_SAFE_INTEGER,
      ],
    );
    return { data: rows.slice(0, of.limit).map(({ body }) => body), hasMore: rows.length > of.limit };
  }

  async dueObjects(): Promise<readonly StoredObject[]> {
    const { rows } = await this.#client.query<{ body: StoredObject }>(
      'select body from stripe_simulator.objects where due <= $1 order by due, position limit 100',
      [this.nowS],
    );
    return rows.map(({ body }) => body);
  }

  async emit({ type, object }: NewEvent): Promise<void> {
    const id = newId('evt');
    const body = {
      id,
      object: 'event',
      type,
      created: this.nowS,
      api_version: '2026-10-28.endive',
      livemode: false,
      data: { object },
    };
    await this.#client.query('insert into stripe_simulator.events (id, body) values ($1, $2)', [id, body]);
  }

  async answerOf(
    key: string,
    keptS: number,
  ): Promise<{ readonly requestHash: string; readonly status: number; readonly body: unknown } | null> {
    await this.#client.query('delete from stripe_simulator.answers where idempotency_key = $1 and created <= $2', [
      key,
      this.nowS - keptS,
    ]);
    type Row = { readonly request_hash: string; readonly status: number; readonly body: unknown };
    const { rows } = await this.#client.query<Row>(
      'select request_hash, status, body from stripe_simulator.answers where idempotency_key = $1',
      [key],
    );
    return rows[0] === undefined
      ? null
      : { requestHash: rows[0].request_hash, status: rows[0].status, body: rows[0].body };
  }

  async keepAnswer(
    key: string,
    answer: { readonly requestHash: string; readonly status: number; readonly body: unknown },
  ): Promise<void> {
    await this.#client.query(
      'insert into stripe_simulator.answers (idempotency_key, request_hash, status, body, created) values ($1, ' +
        '$2, $3, $4, $5)',
      [key, answer.requestHash, answer.status, JSON.stringify(answer.body), this.nowS],
    );
  }
}

/** Whether any object is due. */
export async function isAnythingDue(pool: Pool, nowS: number): Promise<boolean> {
  const { rowCount } = await pool.query('select 1 from stripe_simulator.objects where due <= $1 limit 1', [nowS]);
  return rowCount === 1;
}

/** Runs one request in a transaction of its own, one after the other over all connections. */
export async function oneAtATime<T>(pool: Pool, nowS: () => number, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('stripe_simulator', 0))`);
    const result = await work(new Transaction(client, nowS()));
    await client.query('commit');
    broken = false;
    return result;
  } catch (error) {
    await client.query('rollback');
    broken = false;
    throw error;
  } finally {
    client.release(broken);
  }
}

export const newId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
