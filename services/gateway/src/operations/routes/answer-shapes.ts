import { z } from 'zod';

export const Live = z.object({ live: z.literal(true) });

export const Ready = z
  .object({
    ready: z.boolean(),
    parts: z.array(z.object({ name: z.string(), up: z.boolean(), detail: z.string().optional() })).optional(),
  })
  .meta({ id: 'Ready' });

/** Prometheus text. */
export const Figures = z.string();
