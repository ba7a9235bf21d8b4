import { z } from 'zod';

import { accountId } from '../../http-kit/account-shape.ts';
import { instant } from '../../http-kit/instant-shape.ts';
import { shownTime } from '../../http-kit/openapi/answer-schemas.ts';
import { textOf } from '../../http-kit/text-shape.ts';
import { scopes } from '../app/access.ts';

export const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string().nullish(),
    scopes: z.array(z.enum(scopes)),
    rate_limit_per_s: z.int().nullable(),
    created_at: shownTime,
    account: z.string().nullable(),
    expires_at: shownTime.nullable(),
    last_used_at: shownTime.nullable(),
  })
  .meta({ id: 'ApiKey' });

export const NewKey = z.object({ ...ApiKey.shape, key: z.string() }).meta({ id: 'NewApiKey' });

export const RevokedKey = z.object({ ...ApiKey.shape, revoked_at: shownTime }).meta({ id: 'RevokedApiKey' });

export const ApiKeys = z.object({ items: z.array(ApiKey) });

export const NewApiKey = z
  .object({
    name: textOf(255).optional(),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(scopes.length)
      .transform((given) => [...new Set(given)]),
    rate_limit_per_s: z.int().min(1).max(1_000_000).optional(),
    account: accountId.optional(),
    expires_at: instant.optional(),
  })
  .meta({ example: { name: 'search service', scopes: ['events:write', 'accounts:write'], account: 'acme' } });

export type NewApiKey = z.output<typeof NewApiKey>;

const dayS = 86_400;

export const RotateApiKey = z
  .object({
    overlap_s: z
      .int()
      .min(0)
      .max(90 * dayS)
      .default(dayS),
    expires_at: instant.optional(),
  })
  .nullish()
  .meta({ example: { overlap_s: 3_600 } });

export type RotateApiKey = z.output<typeof RotateApiKey>;

export const rotateDefaultS = dayS;
