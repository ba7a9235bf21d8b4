import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { CreditUsage, ReviewGenerated, WorkflowStarted } from './answer-shapes.ts';
import { creditInfoExample, insufficientExample, usageExample } from './examples.ts';

const surface = 'credits';

const failed = (status: number, error: string, detail: string) => [status, error, { error, detail, status }] as const;

const errors = [
  [429, 'Insufficient credits', insufficientExample],
  failed(502, 'Service failed', 'the service answered 500; no credit was used'),
  failed(504, 'Service timed out', 'the service did not answer within 60 s; no credit was used'),
] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  usage: {
    summary: "The user's remaining and used credits",
    auth: 'user',
    status: 200,
    surface,
    answer: CreditUsage,
    example: usageExample,
  },
  startWorkflow: {
    summary: 'Starts a code generation for one credit',
    auth: 'user',
    status: 200,
    once: true,
    surface,
    answer: WorkflowStarted,
    errors,
    description:
      'The credit is held, then settled if the workflow service accepted the request, or released if it failed.',
    example: { success: true, workflowStarted: true, message: 'Workflow started', creditInfo: creditInfoExample },
  },
  review: {
    summary: 'Generates a code review for one credit',
    auth: 'user',
    status: 200,
    once: true,
    surface,
    answer: ReviewGenerated,
    errors,
    description: 'The credit is held, then settled if the review service delivered, or released if it failed.',
    example: {
      review: 'Two findings: …',
      creditInfo: { ...creditInfoExample, creditsRemaining: 3, totalTokensUsed: 4_000 },
    },
  },
} satisfies Record<string, Documentation>;
