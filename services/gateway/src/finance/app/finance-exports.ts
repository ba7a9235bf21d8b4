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
/**
 * Rows as of one moment, page by page.
 * @throws AppError('invalid') for a view that has no such filter.
 */
export type FinanceViews = { rows(query: FinanceQuery & { readonly signal: AbortSignal }): AsyncIterable<FinancePage> };
export type ExportFormat = 'csv' | 'json' | 'jsonl';

/** Maximum of concurrent exports. Each has its own database connection. */
const exportsMax = 4;

/** Exports of finance's views as text of any size, with one page in memory at a time. */
export class FinanceExports {
  readonly #views: FinanceViews;
  #running = 0;

  constructor(views: FinanceViews) {
    this.#views = views;
  }

  /**
   * Reads a view page by page, for statements.
   * @throws AppError('refused', RATE_LIMITED) while the maximum of exports is running.
   */
  async *rows(query: FinanceQuery, signal: AbortSignal): AsyncGenerator<FinancePage> {
    this.#begin();
    try {
      yield* this.#views.rows({ ...query, signal });
    } finally {
      this.#running--;
    }
  }

  #begin(): void {
    if (this.#running >= exportsMax) {
      throw new AppError(
        'refused',
        'RATE_LIMITED',
        `at most ${exportsMax} exports may run at a time; try again in some seconds`,
        {
          retry_after_s: 5,
        },
      );
    }
    this.#running++;
  }

  /**
   * Opens an export as pieces of text. Resolves after the first page was read, so that an unreadable view is refused
   * before the answer begins. `signal` ends the query.
   * @throws AppError('refused', RATE_LIMITED) while the maximum of exports is running.
   */
  async open(query: FinanceQuery, format: ExportFormat, signal: AbortSignal): Promise<FinanceExport> {
    this.#begin();
    const pages = this.#views.rows({ ...query, signal })[Symbol.asyncIterator]();
    let open = true;
    const close = async (): Promise<void> => {
      if (!open) return;
      open = false;
      this.#running--;
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

/** `close` ends the export and frees its connection, at any point. */
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
