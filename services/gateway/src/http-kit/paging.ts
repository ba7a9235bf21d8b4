import { z } from 'zod';

const number = (max: number, fallback: number) =>
  z
    .string()
    .regex(/^[0-9]{1,6}$/, 'must be a number')
    .transform(Number)
    .refine((value) => value >= 1, { error: 'must be at least 1' })
    .transform((value) => Math.min(value, max))
    .default(fallback);
/** A page by its number. A limit above the maximum is reduced to it. */
export const PageQuery = z.object({ page: number(999_999, 1), limit: number(100, 20) });
export type PageQuery = z.output<typeof PageQuery>;

/** Items per page. A limit above the maximum is refused. */
export const itemsUpTo = (max: number, fallback: number) => z.coerce.number().int().min(1).max(max).default(fallback);
/** Members of a query for a page by its number. */
export const numberedPage = {
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  limit: itemsUpTo(100, 20),
};

/** Numbers in a query are text. */
const cursorLimit = z
  .string()
  .regex(/^[0-9]{1,4}$/, 'must be a number from 1 to 500')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 500, 'must be a number from 1 to 500')
  .default(50);
/** Members of a query for the items after a cursor: `next` of the page before. */
export const cursorPage = { after: z.string().min(1).max(200).optional(), limit: cursorLimit };
