/** Words beside the entries of accounts, as far as one call goes; asked again with `after` until that is null. */
export type EraseDetails = {
  /** Accounts by their ids; or those that a user owns or owned, as far as they were the user's. */
  readonly accounts: readonly string[];
  readonly owner?: string;
  readonly after?: string;
};
export type ErasedDetails = {
  /** Accounts that there are. */
  readonly accounts: readonly string[];
  /** Entries whose words and salt are gone now, and were there before. */
  readonly erased: number;
  /** Seals that were recomputed over the entries of this call, erased now or before, and what did not hold. */
  readonly seals: number;
  readonly problems: readonly string[];
  /** The log still has the words of requests below these offsets, a partition each. */
  readonly prune: readonly { readonly partition: number; readonly before: string }[];
  readonly next: string | null;
};
