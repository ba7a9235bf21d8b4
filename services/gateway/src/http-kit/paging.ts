import { z } from 'zod';

const number = (max: number, fallback: number) =>
  z
    .string()
    .regex(/^[0-9]{1,6}$/, 'must be a number')
    .transform(Number)
    .refine((value) => value >= 1, { error: 'must be at least 1' })
    .transform((value) => Math.min(value, max))
    .default(fallback);
export const PageQuery = z.object({ page: number(999_999, 1), limit: number(100, 20) });
export type PageQuery = z.output<typeof PageQuery>;
