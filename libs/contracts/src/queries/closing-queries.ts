/** A closing of a month, or its reopening: a step of the month, numbered. */
export type ClosingView = {
  /** `2026-10`. */
  readonly period: string;
  readonly number: number;
  readonly type: 'closed' | 'reopened';
  /** The moment whose figures were kept; null for a reopening. */
  readonly as_of: string | null;
  /** The figures as they were kept, JSON, byte by byte; and their SHA-256 in hex. */
  readonly figures: string | null;
  readonly hash: string | null;
  readonly reason: string | null;
  readonly by: string;
  readonly at: string;
  /** The ledger's entry that carries the hash, and is sealed; null: it is still to be booked. */
  readonly entry: string | null;
};

export type ClosingQueries = {
  /** Steps of a month, or of all, oldest first. */
  closings(query: { readonly period?: string }): Promise<readonly ClosingView[]>;
  /**
   * Keeps a step. A month that is closed is answered as it is; what was kept first stays.
   * @throws AppError('conflict', PERIOD_NOT_CLOSED) for the reopening of a month that is not closed.
   */
  recordClosing(query: {
    readonly period: string;
    readonly type: 'closed' | 'reopened';
    readonly as_of: string | null;
    readonly figures: string | null;
    readonly hash: string | null;
    readonly reason: string | null;
    readonly by: string;
    readonly address?: string;
  }): Promise<ClosingView>;
  /** Notes the entry of a step. */
  closingBooked(query: {
    readonly period: string;
    readonly number: number;
    readonly entry: string;
  }): Promise<ClosingView>;
};
