export const loginExample = {
  success: true,
  message: 'Login successful',
  access_token: 'eyJ…',
  token: 'eyJ…',
  api_key: 'tgu_…',
  data: {
    access_token: 'eyJ…',
    token: 'eyJ…',
    api_key: 'tgu_…',
    user: { id: '0b6c…', email: 'ada@example.org', name: 'Ada', role: 'user', created_at: '2026-11-21T12:00:00.000Z' },
  },
};
