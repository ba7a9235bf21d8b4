export const keyExample = {
  id: '7d0f2c1a-52a7-4f43-9a57-0d2cf8a4a6c1',
  license_key: 'ABCDE-FGHJK-LMNPQ-RSTUV-WXYZ2',
  token_balance: 100,
  price_per_token: 5,
  status: 'active',
  user_id: null,
  created_at: '2026-11-21T12:00:00.000Z',
};
export const validExample = {
  success: true,
  data: {
    license_key: keyExample.license_key,
    exists: true,
    is_valid: true,
    is_assigned: true,
    assigned_to_user_id: '0b6c…',
    status: 'active',
    token_balance: 100,
    price_per_token: 5,
    valid: true,
  },
};
export const useTokenExample = {
  success: true,
  message: 'Token used successfully',
  data: { license_key: 'ABC12-XYZ34', previous_balance: 100, new_balance: 99, tokens_used: 1 },
};
