// Credits: a middleware in front of what a credit pays for, as in Express. POST /review {user_id, code}
import { tollgate, validateCredits } from '@tollgate/client';
import { serve } from './serve.ts';
import type { Answered, Asked } from './serve.ts';

type Middleware = (
  request: Asked,
  response: { status(code: number): { json(body: unknown): unknown } },
  next: (error?: unknown) => unknown,
) => Promise<void>;

const needsCredit: Middleware = validateCredits<Asked>({
  userId: ({ body }) => (typeof body['user_id'] === 'string' ? body['user_id'] : undefined),
});

const review = async ({ body }: Asked): Promise<Answered> => ({
  status: 200,
  body: { review: `${String(body['code']).split('\n').length} lines, no findings` },
});

/** Runs a middleware before a handler, as a framework does. */
const behind =
  (middleware: Middleware, handler: (asked: Asked) => Promise<Answered>) =>
  (asked: Asked): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const response = { status: (status: number) => ({ json: (body: unknown) => resolve({ status, body }) }) };
      const next = (error?: unknown): void =>
        error === undefined ? void handler(asked).then(resolve, reject) : reject(error);
      middleware(asked, response, next).catch(reject);
    });

serve(behind(needsCredit, review), () => tollgate().close());
