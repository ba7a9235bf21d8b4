export { startLedger } from './start.ts';
export type { RunningLedger } from './start.ts';
export type { LedgerOptions } from './ledger.module.ts';
export { ledgerSchema } from './adapters/postgres/migrations/index.ts';
export { moveLog } from './moving.ts';
export { bookedPositions, neededFrom } from './pruning.ts';
export type { BookedPosition, NeededFrom } from './pruning.ts';
export { checkBooks, realign, verifyChain } from './operator.ts';
export type { ChainReport, CheckOptions, CheckReport, Drift } from './operator.ts';
