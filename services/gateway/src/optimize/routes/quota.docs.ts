import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Quota, RefreshedQuota, UsageReset } from './answer-shapes.ts';
import { quotaExample, refreshExample, resetExample } from './examples.ts';

const surface = 'optimize';

/** What OpenAPI says of these routes. */
export const docs = {
  read: {
    summary: 'What the token may use and has used',
    auth: 'activation key',
    status: 200,
    surface,
    answer: Quota,
    example: quotaExample,
    errors: ['QUOTA_SERVICE_UNAVAILABLE'],
  },
  refresh: {
    summary: 'The same, asked of the provider now',
    auth: 'activation key',
    status: 200,
    surface,
    answer: RefreshedQuota,
    example: refreshExample,
    errors: ['QUOTA_SERVICE_UNAVAILABLE'],
  },
  reset: {
    summary: 'Sets what a token has used back to nothing; for the operator of the tokens',
    auth: 'optimize admin',
    status: 200,
    surface,
    once: true,
    answer: UsageReset,
    example: resetExample,
    errors: ['TOKEN_NOT_FOUND', 'VALIDATION_FAILED', 'QUOTA_SERVICE_UNAVAILABLE'],
  },
} satisfies Record<string, Documentation>;
