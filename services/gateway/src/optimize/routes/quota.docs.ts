import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Quota, RefreshedQuota, UsageReset } from './answer-shapes.ts';
import { quotaExample, refreshExample, resetExample } from './examples.ts';

const surface = 'optimize';

/** What OpenAPI says of these routes. */
export const docs = {
  read: {
    summary: 'Quota and usage of the token',
    auth: 'activation key',
    status: 200,
    surface,
    answer: Quota,
    example: quotaExample,
    errors: ['QUOTA_SERVICE_UNAVAILABLE'],
  },
  refresh: {
    summary: 'Quota and usage, refreshed from the provider',
    auth: 'activation key',
    status: 200,
    surface,
    answer: RefreshedQuota,
    example: refreshExample,
    errors: ['QUOTA_SERVICE_UNAVAILABLE'],
  },
  reset: {
    summary: 'Resets the usage of a token; for the operator of the tokens',
    auth: 'optimize admin',
    status: 200,
    surface,
    once: true,
    answer: UsageReset,
    example: resetExample,
    errors: ['TOKEN_NOT_FOUND', 'VALIDATION_FAILED', 'QUOTA_SERVICE_UNAVAILABLE'],
  },
} satisfies Record<string, Documentation>;
