import { z } from 'zod';

import { parseTime } from '../shared/domain/instant.ts';

/** The last year that the ledger can represent. */
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** An RFC 3339 timestamp, converted to ISO 8601 in UTC. A `+` that a query string turned into a space is restored. */
export const instant = z
  .string()
  .max(64)
  .transform((value, context) => {
    const ms = parseTime(value.replace(/ (?=\d\d:\d\d$)/, '+'));
    if (ms === null || ms < 0 || ms > latestMs) {
      const message = 'must be an RFC 3339 timestamp from 1970 to 9999, for example 2026-11-21T12:00:00Z';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    return new Date(ms).toISOString();
  })
  .meta({ format: 'date-time' });
