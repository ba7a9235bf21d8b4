// at: services/billing/src/catalog/app/broadcaster.ts
// refused by: no-restricted-imports
import { catalogLog } from '../log/catalog-log.ts';

export const log = catalogLog;
