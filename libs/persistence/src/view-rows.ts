import pg from 'pg';

/** Rows on the wire and in memory at once, however many there are. */
const pageSize = 1_000;

export type ViewQuery = {
  readonly schema: string;
  readonly view: string;
  /** Columns that must have these values; undefined: any. */
  readonly where?: Readonly<Record<string, string | undefined>>;
  /** Columns that the rows are sorted by, where the view has them. */
  readonly order?: readonly string[];
  /** Settings of the transaction that the view reads, such as `tollgate.as_of`; undefined: as it is. */
  readonly settings?: Readonly<Record<string, string | undefined>>;
  /** Ends the query on the server, too, wherever it is. */
  readonly signal?: AbortSignal;
};
export type ViewRow = Readonly<Record<string, unknown>>;
export type ViewPage = { readonly columns: readonly string[]; readonly rows: readonly ViewRow[] };

/** Within this time the server notices that nobody listens any more, and ends the query. */
const noticeMs = 500;

/**
 * The rows of a view, a page at a time, over a cursor in one read-only snapshot: any size in constant memory, and every
 * row of the same moment. Numbers beyond 2^53 stay text, times are ISO 8601 in UTC. The first page has the names of the
 * columns.
 * @throws UnknownColumn for a column that the view does not have.
 */
export async function* viewRows(
  url: string,
  { schema, view, where = {}, order = [], settings = {}, signal }: ViewQuery,
): AsyncGenerator<ViewPage> {
  signal?.throwIfAborted();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    options: `-c client_connection_check_interval=${noticeMs}`,
  });
  client.on('error', () => undefined);
  // An end while a query is under way closes the connection at once.
  const leave = (): void => void client.end().catch(() => undefined);
  await client.connect();
  signal?.addEventListener('abort', leave, { once: true });
  try {
    signal?.throwIfAborted();
    const name = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(view)}`;
    const columns = (await client.query(`select * from ${name} limit 0`)).fields.map((field) => field.name);
    const wanted = Object.entries(where).filter((one): one is [string, string] => one[1] !== undefined);
    const missing = wanted.find(([column]) => !columns.includes(column));
    if (missing) throw new UnknownColumn(`${view} has no ${missing[0]}`);
    await client.query('begin transaction isolation level repeatable read read only');
    for (const [setting, value] of Object.entries(settings)) {
      if (value !== undefined) await client.query('select set_config($1, $2, true)', [setting, value]);
    }
    // A cursor takes no parameters: the values are quoted by the driver.
    const bound = wanted
      .map(([column, value]) => `${pg.escapeIdentifier(column)} = ${pg.escapeLiteral(value)}`)
      .join(' and ');
    const by = order.filter((column) => columns.includes(column)).map((column) => pg.escapeIdentifier(column));
    const sorted = by.length === 0 ? '' : ` order by ${by.join(', ')}`;
    await client.query(
      `declare exported no scroll cursor for select * from ${name}${bound === '' ? '' : ` where ${bound}`}${sorted}`,
    );
    for (let first = true; ; first = false) {
      const { rows } = await client.query<Record<string, unknown>>(`fetch ${pageSize} from exported`);
      if (rows.length === 0 && !first) return;
      yield {
        columns,
        rows: rows.map((row) =>
          Object.fromEntries(Object.entries(row).map(([column, value]) => [column, shown(value)])),
        ),
      };
      if (rows.length < pageSize) return;
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    await client.end().catch(() => undefined);
  }
}

/** What was asked of a view that does not have it. */
export class UnknownColumn extends Error {}

const shown = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);
