/** Bodies as the document shows them. */
export const submitExample = {
  success: true,
  data: {
    task_id: '78d00651-ae7a-4f68-a97c-c89a6cbab355',
    status: 'pending',
    original_file: { name: 'image.jpg', size: 1_048_576 },
    quota_info: { used_mb: 1, remaining_mb: 999, limit_mb: 1000, last_updated: '2026-11-21T12:00:00.000Z' },
  },
};
const quota = {
  token: 'test-token-123',
  quota_mb: 1000,
  used_mb: 0,
  remaining_mb: 1000,
  last_used_at: null,
  last_quota_check: '2026-11-21T12:00:00.000Z',
};
export const quotaExample = { success: true, data: quota };
export const refreshExample = { success: true, data: { ...quota, subscription_type: 'default', expires_at: null } };
export const resetExample = {
  success: true,
  message: 'Usage reset successfully',
  data: { token: 'test-token-456', old_usage_mb: 1, new_usage_mb: 0, quota_mb: 1000, remaining_mb: 1000 },
};
export const taskExample = {
  success: true,
  data: {
    task_id: '78d00651-ae7a-4f68-a97c-c89a6cbab355',
    status: 'completed',
    original_file: { name: 'image.jpg', size: 1_048_576 },
    optimized_file: {
      format: 'jpeg',
      size: 524_288,
      saved_percent: 50,
      download_url: '/api/optimize/download/78d00651-ae7a-4f68-a97c-c89a6cbab355',
    },
    webp_file: {
      format: 'webp',
      size: 393_216,
      saved_percent: 62.5,
      download_url: '/api/optimize/download/78d00651-ae7a-4f68-a97c-c89a6cbab355/webp',
    },
    created_at: '2026-11-21T12:00:00.000Z',
    completed_at: '2026-11-21T12:00:01.000Z',
    expires_at: '2026-11-22T12:00:00.000Z',
  },
};
export const quotaExceeded = [
  429,
  'Quota exceeded',
  {
    success: false,
    error: 'Quota exceeded',
    code: 'QUOTA_EXCEEDED',
    quota_info: { limit_mb: 1000, used_mb: 999.5, remaining_mb: 0.5, requested_mb: 1 },
  },
] as const;
