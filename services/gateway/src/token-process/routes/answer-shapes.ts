import type { CatalogResource } from '@tollgate/contracts';
import { z } from 'zod';

import { shownInteger, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const success = z.literal(true);
const message = z.string();

export const ProcessStarted = z
  .object({
    success,
    message,
    data: z.object({
      user_id: z.string(),
      token: shownInteger,
      status: z.enum(['accessible', 'not-accessible']),
      message: z.string().optional(),
      hold_id: z.string().optional(),
      expires_at: shownTime.optional(),
    }),
  })
  .meta({ id: 'ProcessStarted' });
export const ProcessEnded = z
  .object({
    success,
    message,
    data: z.object({
      user_id: z.string(),
      token: shownInteger,
      cost: shownInteger,
      status: z.enum(['returnable', 'not-returnable']),
      message: z.string().optional(),
    }),
  })
  .meta({ id: 'ProcessEnded' });

export const Wallet = z
  .object({
    success,
    message,
    data: z.object({
      user_id: z.string(),
      token: shownInteger,
      package: z.string().nullable(),
      package_expires_at: shownTime.nullable(),
    }),
  })
  .meta({ id: 'Wallet' });
export const Gift = z
  .object({ success, message, data: z.object({ user_id: z.string(), token: shownInteger }) })
  .meta({ id: 'Gift' });

const dated = { created_at: shownTime, updated_at: shownTime };
const resources = {
  features: z
    .object({
      id: z.string(),
      name: z.string(),
      description: z.string().nullable(),
      is_active: z.boolean(),
      ...dated,
    })
    .meta({ id: 'Feature' }),
  'feature-endpoints': z
    .object({
      id: z.string(),
      feature: z.string(),
      path: z.string(),
      method: z.string().nullable(),
      minimum_token: shownInteger,
      is_active: z.boolean(),
      ...dated,
    })
    .meta({ id: 'FeatureEndpoint' }),
  packages: z
    .object({
      id: z.string(),
      name: z.string(),
      features: z.array(z.string()),
      token: shownInteger,
      duration_days: z.int().nullable(),
      overdraft: z.enum(['allow', 'forbid']),
      ...dated,
    })
    .meta({ id: 'Package' }),
  'token-profits': z
    .object({ id: z.string(), percentage: z.number(), is_active: z.boolean(), ...dated })
    .meta({ id: 'TokenProfit' }),
};

/** One resource of the catalog, and a page of them. */
export function resourceAnswers(resource: CatalogResource): { readonly one: z.ZodType; readonly page: z.ZodType } {
  const item = resources[resource];
  const meta = z.object({ total: z.int().min(0), page: z.int().min(1), limit: z.int().min(1) });
  return {
    one: z.object({ success, message, data: item }),
    page: z.object({ success, message, data: z.array(item), meta }),
  };
}
