import { AppError, csvCell } from '@tollgate/kernel';

export type FinancePage = {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
};
export type FinanceQuery = {
  readonly view: string;
  readonly month?: string | undefined;
  readonly user?: string | undefined;
  readonly asOf?: string | undefined;
};
/** Rows of one moment, a page at a time. @throws AppError('invalid') for a view that cannot be asked so. */
export type FinanceViews = { rows(query: FinanceQuery & { readonly signal: AbortSignal }): AsyncIterable<FinancePage> };
export type ExportFormat = 'csv' | 'json' | 'jsonl';

/** Each has a database connection of its own while it lasts. */
const exportsMax = 4;

/** Figures of finance as text of any size, a page in memory at a time. */
export class FinanceExports {
  private readonly views: FinanceViews;
  private running = 0;

  constructor(views: FinanceViews) {
    this.views = views;
  }

  /**
   * Rows of a view, a page at a time, for figures that are made of them.
   * @throws AppError('refused', RATE_LIMITED) while as many as may be are read already.
   */
  async *rows(query: FinanceQuery, signal: AbortSignal): AsyncGenerator<FinancePage> {
    this.begin();
    try {
      yield* this.views.rows({ ...query, signal });
    } finally {
      this.running--;
    }
  }

  private begin(): void {
    if (this.running >= exportsMax) {
      throw new AppError('refused', 'RATE_LIMITED', `at most ${exportsMax} exports are read at once`, {
        retry_after_s: 5,
      });
    }
    this.running++;
  }

  /**
   * The text of an export, piece by piece. Resolves once the first page was read, so that what cannot be read is
   * refused before anything is answered. `signal` ends the query.
   * @throws AppError('refused', RATE_LIMITED) while as many as may be are read already.
   */
  async open(query: FinanceQuery, format: ExportFormat, signal: AbortSignal): Promise<FinanceExport> {
    this.begin();
    const pages = this.views.rows({ ...query, signal })[Symbol.asyncIterator]();
    let open = true;
    const close = async (): Promise<void> => {
      if (!open) return;
      open = false;
      this.running--;
      await pages.return?.();
    };
    try {
      const first = await pages.next();
      return { text: textOf(first.done === true ? null : first.value, pages, writers[format](query)), close };
    } catch (error) {
      await close();
      throw error;
    }
  }
}

/** `close` gives its place and its connection back, however far it was read. */
export type FinanceExport = { readonly text: AsyncIterable<string>; close(): Promise<void> };

async function* textOf(
  first: FinancePage | null,
  pages: AsyncIterator<FinancePage>,
  { head, row, between, tail }: Writer,
): AsyncGenerator<string> {
  yield head(first?.columns ?? []);
  let written = false;
  for (let page = first; page !== null;) {
    const { columns, rows } = page;
    if (rows.length > 0) yield (written ? between : '') + rows.map((one) => row(one, columns)).join(between);
    written ||= rows.length > 0;
    const next = await pages.next();
    page = next.done === true ? null : next.value;
  }
  yield tail;
}

type Row = FinancePage['rows'][number];
type Writer = {
  readonly head: (columns: readonly string[]) => string;
  readonly row: (row: Row, columns: readonly string[]) => string;
  readonly between: string;
  readonly tail: string;
};

const writers: Readonly<Record<ExportFormat, (query: FinanceQuery) => Writer>> = {
  csv: () => ({
    head: (columns) => `${columns.join(',')}\n`,
    row: (row, columns) => `${columns.map((name) => csvCell(row[name])).join(',')}\n`,
    between: '',
    tail: '',
  }),
  jsonl: () => ({ head: () => '', row: (row) => `${JSON.stringify(row)}\n`, between: '', tail: '' }),
  json: ({ view }) => ({
    head: () => `{"success":true,"data":{"view":${JSON.stringify(view)},"items":[`,
    row: (row) => JSON.stringify(row),
    between: ',',
    tail: ']}}',
  }),
};
