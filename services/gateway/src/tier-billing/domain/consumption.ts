import { uuidV3 } from '@tollgate/kernel';

/** Namespace of consumption ids. The view `token_consumption` derives the same ids. */
const consumptionNamespace = 'b7a4e1c2-5d0f-4c3b-9a61-0e8d7f2c4a95';

/** The id of a usage report, derived from its entry's id. */
export const consumptionIdOf = (entryId: string): string => uuidV3(consumptionNamespace, entryId);
