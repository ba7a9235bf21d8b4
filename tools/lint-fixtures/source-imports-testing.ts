// at: services/quota/src/index.ts
// refused by: no-restricted-imports
import { freePort } from '@tollgate/testing';

export const port = freePort;
