import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Submitted } from './answer-shapes.ts';
import { quotaExceeded, submitExample } from './examples.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  submit: {
    summary: 'Submits an image for optimisation; charges its size, rounded up to 1 KiB',
    auth: 'activation key',
    status: 202,
    once: true,
    surface: 'optimize',
    answer: Submitted,
    example: submitExample,
    errors: [
      'QUOTA_UNAVAILABLE',
      quotaExceeded,
      'FILE_TOO_LARGE',
      'FILE_INVALID',
      'VALIDATION_FAILED',
      'QUOTA_SERVICE_UNAVAILABLE',
      'OPTIMIZER_UNAVAILABLE',
      'RATE_LIMITED',
    ],
  },
} satisfies Record<string, Documentation>;
