import { z } from 'zod';

import { anything, shownInteger, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const success = z.literal(true);
const message = z.string();
const pagination = z.object({ page: z.int().min(1), limit: z.int().min(1), total: z.int().min(0) });
const status = z.enum(['active', 'inactive', 'trial', 'suspended', 'closed', 'frozen']);

export const LicenceKey = z
  .object({
    id: z.string(),
    license_key: z.string(),
    token_balance: shownInteger,
    price_per_token: shownInteger.nullable(),
    status,
    user_id: z.string().nullable(),
    trial_end: shownTime.optional(),
    created_at: shownTime,
  })
  .meta({ id: 'LicenceKey' });
export const OneKey = z.object({ success, data: LicenceKey });
export const ChangedKey = z.object({ success, message, data: LicenceKey });
export const ManyKeys = z.object({
  success,
  message,
  data: z.object({ license_keys: z.array(LicenceKey), count: z.int().min(0) }),
});
export const KeyPage = z.object({ success, data: z.object({ items: z.array(LicenceKey), pagination }) });

export const TokenUsed = z
  .object({
    success,
    message,
    data: z.object({
      license_key: z.string(),
      previous_balance: shownInteger,
      new_balance: shownInteger.min(0),
      tokens_used: z.literal(1),
    }),
  })
  .meta({ id: 'TokenUsed' });
const Use = z.object({
  id: z.string(),
  license_key_id: z.string(),
  user_id: z.string(),
  previous_balance: shownInteger,
  new_balance: shownInteger,
  tokens_used: z.literal(1),
  purpose: z.string().nullable(),
  metadata: anything.nullable(),
  created_at: shownTime,
});
export const TokenUsage = z
  .object({ success, data: z.object({ items: z.array(Use), pagination }) })
  .meta({ id: 'TokenUsage' });
const Own = z.object({ id: z.string(), license_key: z.string(), token_balance: shownInteger, status });
export const OwnKey = z.object({ success, data: Own });
export const TokenBalance = z
  .object({ success, data: z.object({ license_keys: z.array(Own), total_balance: shownInteger }) })
  .meta({ id: 'TokenBalance' });

export const ValidatedKey = z
  .object({
    success,
    data: z.object({
      license_key: z.string(),
      exists: z.boolean(),
      is_valid: z.boolean(),
      is_assigned: z.boolean(),
      assigned_to_user_id: z.string().optional(),
      /** null: there is no such key. */
      status: status.nullable(),
      token_balance: shownInteger,
      price_per_token: shownInteger.nullable(),
      valid: z.boolean(),
      trial_expires_at: shownTime.optional(),
    }),
  })
  .meta({ id: 'ValidatedKey' });
const stats = {
  weekly_usage: z.array(shownInteger),
  weekly_labels: z.array(z.string()),
  total_this_week: shownInteger,
  avg_daily_usage: z.number(),
  est_days_remaining: shownInteger.nullable(),
};
export const UsageStats = z.object({ success, ...stats, data: z.object(stats) }).meta({ id: 'UsageStats' });
export const KeyUsage = z
  .object({
    success,
    data: z.object({
      license_key: z.string(),
      current_balance: shownInteger,
      weekly_usage: shownInteger,
      avg_daily_usage: z.number(),
      usage_history: z.array(Use),
    }),
    pagination: pagination.extend({ totalPages: z.int().min(0) }),
  })
  .meta({ id: 'KeyUsage' });
