/** Units reserved for a later spend. */
export type Hold = {
  /** Sequence number, in the account, of the entry that opened it. */
  readonly hold: number;
  /** What this hold itself still reserves, without its children. */
  readonly amount: bigint;
  readonly expiresMs: number;
  readonly parent: number | null;
  /** Ancestor accounts it was booked on (rule 20). */
  readonly budgets: readonly string[];
  readonly rowSeq: number;
};

export type HoldOutcome = 'open' | 'settled' | 'released' | 'expired';
export type HoldRow = {
  readonly hold: number;
  readonly amount: bigint;
  readonly expiresMs: number;
  readonly parent: number | null;
  readonly budgets: readonly string[];
  readonly outcome: HoldOutcome;
  readonly settled: bigint | null;
  readonly floor: number;
};
