import { z } from 'zod';

import { shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const success = z.literal(true);
/** MiB, rounded to two decimals. */
const megabytes = z.number();
const file = z.object({ name: z.string(), size: z.int().min(0) });
const made = z
  .object({ format: z.string(), size: z.int().min(0), saved_percent: z.number(), download_url: z.string() })
  .nullable();

export const Submitted = z
  .object({
    success,
    data: z.object({
      task_id: z.uuid(),
      status: z.literal('pending'),
      original_file: file,
      quota_info: z.object({
        used_mb: megabytes,
        remaining_mb: megabytes,
        limit_mb: megabytes,
        last_updated: shownTime.nullable(),
      }),
    }),
  })
  .meta({ id: 'ImageSubmitted' });

const quota = {
  token: z.string(),
  quota_mb: megabytes,
  used_mb: megabytes,
  remaining_mb: megabytes,
  last_used_at: shownTime.nullable(),
  last_quota_check: shownTime.nullable(),
};
export const Quota = z.object({ success, data: z.object(quota) }).meta({ id: 'Quota' });
export const RefreshedQuota = z
  .object({
    success,
    data: z.object({ ...quota, subscription_type: z.string().nullable(), expires_at: z.string().nullable() }),
  })
  .meta({ id: 'RefreshedQuota' });
export const UsageReset = z
  .object({
    success,
    message: z.string(),
    data: z.object({
      token: z.string(),
      old_usage_mb: megabytes,
      new_usage_mb: z.literal(0),
      quota_mb: megabytes,
      remaining_mb: megabytes,
    }),
  })
  .meta({ id: 'UsageReset' });

export const Task = z
  .object({
    success,
    data: z.object({
      task_id: z.uuid(),
      status: z.enum(['pending', 'completed', 'failed']),
      original_file: file,
      optimized_file: made,
      webp_file: made,
      error: z.string().optional(),
      charge_returned: z.boolean().optional(),
      created_at: shownTime,
      completed_at: shownTime.nullable(),
      expires_at: shownTime.nullable(),
    }),
  })
  .meta({ id: 'ImageTask' });
/** Bytes of an image. */
export const ImageBytes = z.string().meta({ format: 'binary' });
