// Tier billing: a chat whose users pay by the million tokens. POST /chat {user_id, tokens}, GET /summary?user_id=…
import { getUserTokenSummary, tollgate, TokenUsageTracker } from '@tollgate/client';
import { serve } from './serve.ts';

const tracker = new TokenUsageTracker();

serve(
  async ({ path, query, body }) => {
    if (path === '/summary') return { status: 200, body: await getUserTokenSummary(query.get('user_id') ?? '') };
    const result = await tracker.trackTokenUsage(String(body['user_id']), Number(body['tokens']), 'chat', {
      conversation: 'conv-123',
    });
    // null: the platform did not answer in time; the usage is on disk and is sent again until it is booked.
    return { status: 200, body: { answer: 'Hello!', tokens_this_month: result?.totalTokens ?? null } };
  },
  () => tollgate().close(),
);
