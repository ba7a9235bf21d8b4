import { isTimeZone, localInstant, timeZoneMessage } from '@tollgate/pricing';
import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';

/** A date, whose first instant in the report's zone is meant, or a timestamp. */
const dateOrInstant = z
  .union([z.string().refine(isDate, { error: 'must be a date or an RFC 3339 timestamp' }), instant])
  .meta({ example: '2026-11-01' });

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && localInstant(`${text}T00:00:00`, 'UTC') !== null && text >= '1970-01-02';
}

export const ReportQuery = z.object({
  from: dateOrInstant.optional(),
  to: dateOrInstant.optional(),
  by: z.enum(['use', 'booked']).optional(),
  zone: z
    .string()
    .max(64)
    .refine(isTimeZone, { error: timeZoneMessage })
    .optional()
    .meta({ example: 'America/Sao_Paulo' }),
  format: z.enum(['json', 'csv']).optional(),
});

export type ReportQuery = z.output<typeof ReportQuery>;
