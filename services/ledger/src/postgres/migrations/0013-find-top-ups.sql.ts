import { entryKinds } from '../../domain/entry.ts';

/** The last grant or adjustment of an account, by which shares of its balance go; nothing that is spent is in it. */
export const findTopUps = `
create index entries_top_ups on ledger.entries (partition, account, seq) where kind in (${entryKinds.granted},
  ${entryKinds.adjusted});
`;
