import type { Lease, LeasedRow, LeasedRows } from '../leases/app/leases.ts';

type Row = LeasedRow & { open: boolean; owner: string; untilMs: number };

/** `LeasedRows` in memory; it passes the contract of those on PostgreSQL. */
export class LeasedMemory implements LeasedRows<Row> {
  readonly #rows = new Map<string, Row>();

  begin(id: string, { owner, ms }: Lease, hash = 'h'): Row {
    const row = { id, hash, open: true, owner, untilMs: Date.now() + ms };
    this.#rows.set(id, row);
    return row;
  }

  end(id: string): void {
    const row = this.#rows.get(id);
    if (row !== undefined) row.open = false;
  }

  async byId(id: string): Promise<Row | null> {
    return this.#rows.get(id) ?? null;
  }

  async takeOver(id: string, lease: Lease): Promise<Row | null> {
    const row = this.#rows.get(id);
    return row !== undefined && isFree(row) ? take(row, lease) : null;
  }

  async takeOrphans(lease: Lease): Promise<readonly Row[]> {
    return [...this.#rows.values()].filter(isFree).map((row) => take(row, lease));
  }

  async letGo(id: string): Promise<void> {
    const row = this.#rows.get(id);
    if (row?.open === true) row.untilMs = Date.now();
  }

  async beat({ owner, ms }: Lease): Promise<void> {
    for (const row of this.#rows.values())
      if (row.owner === owner && row.open && row.untilMs > Date.now()) row.untilMs = Date.now() + ms;
  }
}

const isFree = ({ open, untilMs }: Row): boolean => open && untilMs <= Date.now();

function take(row: Row, { owner, ms }: Lease): Row {
  Object.assign(row, { owner, untilMs: Date.now() + ms });
  return row;
}
