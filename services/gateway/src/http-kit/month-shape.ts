import { z } from 'zod';

/** `2026-10`. */
export const Month = z.string().regex(/^2\d{3}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-10');
