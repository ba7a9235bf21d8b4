import { uuidV3 } from '@tollgate/kernel';

/** Namespace of consumption ids; the view `token_consumption` makes the same ids of the same entries. */
const consumptionNamespace = 'b7a4e1c2-5d0f-4c3b-9a61-0e8d7f2c4a95';

/** The id of one report of usage, made of its entry's id. */
export const consumptionIdOf = (entryId: string): string => uuidV3(consumptionNamespace, entryId);
