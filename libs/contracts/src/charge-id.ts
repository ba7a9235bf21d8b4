import { uuidV5 } from '@tollgate/kernel';

const namespace = '6f4f5a3e-0d5c-5a5e-9c0e-2f5d1b7a9c11';

/**
 * The id of the charge for one block of one period (rule 26): these three give the id, so the ledger's
 * answer names it before billing has a row, and a restore finds it again.
 */
export const chargeIdOf = (of: {
  readonly account: string;
  readonly periodStartMs: number;
  readonly block: bigint;
}): string => uuidV5(namespace, `${of.account}\n${new Date(of.periodStartMs).toISOString()}\n${of.block}`);
