import { orUnavailable } from '@tollgate/persistence';

/** Reports an unreachable database as `unavailable`; any other error of a query passes unchanged. */
export const orOutage = <T>(query: () => Promise<T>): Promise<T> =>
  orUnavailable('BILLING_DATABASE_UNAVAILABLE', query);
