import { z } from 'zod';

/** `2026-10`. */
export const Month = z.string().regex(/^2\d{3}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-10');
export const Reconcile = z.object({
  period: Month.nullish(), fix: z.boolean().nullish(), fresh: z.boolean().nullish(),
}).nullish().meta({ example: { period: '2026-10', fix: false } });
export type Reconcile = z.output<typeof Reconcile>;

export const RunId = z.uuid('must be the id of a reconciliation').transform((id) => id.toLowerCase());
export const DifferencesPage = z.object({
  after: z.string().regex(/^[0-9]{1,18}$/, 'must be the number of a difference').optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export type DifferencesPage = z.output<typeof DifferencesPage>;
