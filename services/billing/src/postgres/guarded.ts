import { orUnavailable } from '@tollgate/persistence';

/** An outage of billing's database is something to wait for; a mistake in a query is not, and keeps its stack. */
export const guarded = <T>(query: () => Promise<T>): Promise<T> => orUnavailable('BILLING_DATABASE_UNAVAILABLE', query);
