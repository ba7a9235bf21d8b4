import pg from 'pg';

/** Rows on the wire and in memory at once, however many there are. */
const pageSize = 1_000;

export type FinanceQuery = { readonly view: string; readonly month?: string | undefined; readonly user?: string | undefined };
export type FinanceRow = Readonly<Record<string, unknown>>;

/**
 * The rows of one of finance's views, a page at a time, over a cursor in one read-only snapshot: any size in constant memory, and every
 * row of the same moment. Numbers beyond 2^53 stay text, times are ISO 8601 in UTC. The first page has the names of the columns.
 */
export async function* financeRows(url: string, { view, month, user }: FinanceQuery): AsyncGenerator<{ readonly columns: readonly string[]; readonly rows: readonly FinanceRow[] }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const columns = (await client.query(`select * from finance.${pg.escapeIdentifier(view)} limit 0`)).fields.map(({ name }) => name);
    const wanted = [['month', month], ['user_id', user]].filter((one): one is [string, string] => one[1] !== undefined);
    const missing = wanted.find(([name]) => !columns.includes(name));
    if (missing) throw new UnknownColumn(`${view} has no ${missing[0]}`);
    const where = wanted.map(([name], index) => `${name} = $${index + 1}`).join(' and ');
    await client.query('begin transaction isolation level repeatable read read only');
    // A cursor takes no parameters: the values are quoted by the driver.
    const bound = wanted.reduce((text, [, value], index) => text.replace(`$${index + 1}`, () => pg.escapeLiteral(value)), where);
    await client.query(`declare exported no scroll cursor for select * from finance.${pg.escapeIdentifier(view)}${bound === '' ? '' : ` where ${bound}`}`);
    for (let first = true; ; first = false) {
      const { rows } = await client.query<Record<string, unknown>>(`fetch ${pageSize} from exported`);
      if (rows.length === 0 && !first) return;
      yield { columns, rows: rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, shown(value)]))) };
      if (rows.length < pageSize) return;
    }
  } finally {
    await client.end();
  }
}

/** What was asked of a view that does not have it. */
export class UnknownColumn extends Error {}

const shown = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);
