/** A grant that is not used up. Lots are burnt by priority (lower first), then expiry (sooner first), then age. */
export type Lot = {
  /** Sequence number, in the account, of the entry that opened it. */
  readonly lot: number;
  readonly granted: bigint;
  readonly left: bigint;
  readonly priority: number;
  readonly expiresMs: number | null;
  /** Bought: tier changes and refills do not touch it. */
  readonly purchased: boolean;
  /** Sequence number of the entry beside which its newest row was written (rule 15). */
  readonly rowSeq: number;
};

/** A version row of a lot, written when it opens, closes, or stops being the one that entries carry (rule 15). */
export type LotRow = {
  readonly lot: number;
  readonly left: bigint;
  readonly granted: bigint;
  readonly priority: number;
  readonly expiresMs: number | null;
  readonly purchased: boolean;
  /** Lowest sequence number of rows that matter for the lots still open. */
  readonly floor: number;
};
